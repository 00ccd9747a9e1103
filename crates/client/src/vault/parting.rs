//! What a vault still has to save when it locks: sealed first, so that the keys can go before the network answers.

use std::sync::{Arc, Mutex, PoisonError};

use api_types::accounts::PutClientState;

use super::Vault;
use crate::{
    error::Result,
    platform::{MaybeSend, Platform},
    session::Shared,
};

/// What an account remembers, sealed and not yet saved. It holds no key and nothing in clear; let go of it and the vault
/// is as if it had lost the network.
pub struct Unsaved<P: Platform> {
    shared: Arc<Shared<P>>,
    saving: Arc<futures::lock::Mutex<()>>,
    account: api_types::AccountId,
    /// That of the last save.
    counter: Arc<Mutex<u64>>,
    body: PutClientState,
}

impl<P: Platform> Unsaved<P> {
    /// Sends it, once, where it comes right after the last save. A copy that another device saved meanwhile is never
    /// overwritten, nor one under a new account key.
    ///
    /// # Errors
    /// No connection; `counter_stale` when another save was quicker.
    pub async fn send(self) -> Result<()> {
        let _after_the_one_under_way = self.saving.lock().await;
        let last = *self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        if last.saturating_add(1) != self.body.counter {
            return Ok(());
        }
        self.shared.api().put_client_state(&self.body).await?;
        self.shared.memory().note(&self.account, self.body.counter);
        Ok(())
    }

    /// Sends it, but waits no longer than `limit` takes, and not for success: whoever locks doesn't stay for it.
    pub async fn send_within(self, limit: impl Future<Output = ()> + MaybeSend) {
        let (sending, limit) = (std::pin::pin!(self.send()), std::pin::pin!(limit));
        if let futures::future::Either::Left((Err(e), _)) = futures::future::select(sending, limit).await {
            tracing::warn!(code = e.code(), "what this account remembers was not saved");
        }
    }
}

impl<P: Platform> Vault<P> {
    /// What is not saved yet, sealed at once and without the network; `None` if everything is. Take it, let the keys go
    /// ([`Vault::lock`]), then send it.
    pub fn unsaved(&self) -> Option<Unsaved<P>> {
        // A save that is under way has the next counter, and perhaps not the newest of what there is to save.
        let under_way = self.0.saving.try_lock().is_none();
        if !self.is_dirty() && !under_way {
            return None;
        }
        let body = self.sealed_state(if under_way { 2 } else { 1 });
        // While the account key is being changed nobody knows under which one.
        if self.keys_now().next.is_some() {
            return None;
        }
        let (shared, saving) = (Arc::clone(&self.0.shared), Arc::clone(&self.0.saving));
        Some(Unsaved { shared, saving, account: self.account_id(), counter: Arc::clone(&self.0.counter), body })
    }
}
