//! Live events: one in-process channel per account that listens.
//!
//! Events carry ids only; the client fetches what it may see. A listener that falls behind is told to fetch anew.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use api_types::{
    AccountId, GrantId, ReportId,
    live::{LiveEvent, LiveKind},
};
use tokio::sync::broadcast;

/// Events that a slow listener may lag behind before it is told to fetch anew.
const BACKLOG: usize = 64;

/// The channels of all accounts that listen now.
#[derive(Debug, Default)]
pub struct Live {
    channels: Mutex<HashMap<AccountId, broadcast::Sender<LiveEvent>>>,
}

impl Live {
    /// Tells every listener of an account; does nothing when nobody listens.
    pub fn publish(&self, account: AccountId, event: LiveEvent) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = channels.get(&account)
            && sender.send(event).is_err()
        {
            channels.remove(&account);
        }
    }

    /// Listens to an account's events from now on.
    pub fn subscribe(&self, account: AccountId) -> broadcast::Receiver<LiveEvent> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, sender| sender.receiver_count() > 0);
        channels.entry(account).or_insert_with(|| broadcast::channel(BACKLOG).0).subscribe()
    }

    /// Ends every stream: the server stops.
    pub fn close(&self) {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// An event about no report.
pub fn event(kind: LiveKind) -> LiveEvent {
    LiveEvent { kind, report_id: None, grant_id: None, session_id: None }
}

/// An event about a report.
pub fn report_event(kind: LiveKind, report: ReportId, grant: Option<GrantId>) -> LiveEvent {
    LiveEvent { report_id: Some(report), grant_id: grant, ..event(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_named_account_hears() {
        let live = Live::default();
        let (a, b) = (AccountId([1; 32]), AccountId([2; 32]));
        let mut to_a = live.subscribe(a);
        let mut to_b = live.subscribe(b);
        live.publish(a, event(LiveKind::AccountChanged));
        assert_eq!(to_a.recv().await.map(|e| e.kind), Ok(LiveKind::AccountChanged));
        assert!(to_b.try_recv().is_err());
    }

    #[tokio::test]
    async fn channels_of_listeners_that_left_are_forgotten() {
        let live = Live::default();
        drop(live.subscribe(AccountId([1; 32])));
        live.publish(AccountId([1; 32]), event(LiveKind::Resync));
        assert!(live.channels.lock().unwrap().is_empty());
    }
}
