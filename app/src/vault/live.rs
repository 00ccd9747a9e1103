//! Live events while the vault is open: passed to whoever listens, reconnected when the line breaks.

use api_types::live::{LiveEvent, LiveKind};
use client::{LiveCursor, LivePauses};
use futures::StreamExt;
use leptos::prelude::*;

use super::{Keys, Vault, emergency, teams};
use crate::browser;

/// Components that listen.
#[derive(Clone, Copy)]
pub struct Hearing {
    listeners: StoredValue<Vec<(u64, Callback<LiveEvent>)>>,
    last: StoredValue<u64>,
}

impl Hearing {
    pub(super) fn new() -> Self {
        Self { listeners: StoredValue::new(Vec::new()), last: StoredValue::new(0) }
    }

    pub(super) fn add(self, listener: Callback<LiveEvent>) -> u64 {
        self.last.update_value(|last| *last += 1);
        let id = self.last.get_value();
        self.listeners.update_value(|listeners| listeners.push((id, listener)));
        id
    }

    pub(super) fn remove(self, id: u64) {
        self.listeners.try_update_value(|listeners| listeners.retain(|(other, _)| *other != id));
    }

    fn tell(self, event: &LiveEvent) {
        for (_, listener) in self.listeners.get_value() {
            listener.run(event.clone());
        }
    }
}

/// Listens until aborted, over as many streams as it takes: each goes on behind what was heard, at whichever server answers, so
/// that nothing is said twice or left out. What was fetched when a line broke may have failed: `Resync` has it fetched again.
pub(super) async fn listen(vault: Vault, keys: Keys) {
    emergency::look(vault, keys.clone());
    teams::tend(keys.clone());
    let mut cursor = LiveCursor::default();
    let mut broken = false;
    let mut pauses = LivePauses::default();
    loop {
        let mut open = 0;
        let opened = keys.live(cursor.last()).await;
        if let Ok(events) = opened {
            let mut events = Box::pin(events);
            let since = browser::now();
            if broken {
                hear(
                    vault,
                    &keys,
                    &LiveEvent { kind: LiveKind::Resync, report_id: None, grant_id: None, session_id: None },
                );
            }
            while let Some(Ok(message)) = events.next().await {
                if let Some(event) = cursor.hear(message) {
                    hear(vault, &keys, &event);
                }
            }
            open = browser::now() - since;
        }
        broken = true;
        let pause = pauses.after(open, browser::chance());
        browser::sleep_or_online(i32::try_from(pause).unwrap_or(i32::MAX)).await;
    }
}

fn hear(vault: Vault, keys: &Keys, event: &LiveEvent) {
    match event.kind {
        LiveKind::AccountChanged | LiveKind::Resync => vault.refresh(keys.clone()),
        _ => {}
    }
    if matches!(
        event.kind,
        LiveKind::EmergencyChanged | LiveKind::RecoverySharesChanged | LiveKind::EscrowChanged | LiveKind::Resync
    ) {
        emergency::look(vault, keys.clone());
    }
    if matches!(event.kind, LiveKind::TeamChanged | LiveKind::Resync) {
        teams::tend(keys.clone());
    }
    vault.hearing.tell(event);
}
