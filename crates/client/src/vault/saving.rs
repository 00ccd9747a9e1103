//! Saving what the account remembers; several devices may do so at once.

use std::sync::{PoisonError, atomic::Ordering};

use api_types::{
    B64, ErrorCode,
    accounts::{OwnAccount, PutClientState},
};
use crypto::account::seal_state;

use super::{Vault, open_client_state};
use crate::{
    error::{ClientError, Result},
    platform::{Platform, rng},
    refusal::Refusal,
};

/// How often a save is repeated when another device was quicker.
pub(super) const TRIES: usize = 4;

impl<P: Platform> Vault<P> {
    pub(super) fn counter(&self) -> u64 {
        *self.0.counter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_counter(&self, counter: u64) {
        *self.0.counter.lock().unwrap_or_else(PoisonError::into_inner) = counter;
        self.0.shared.memory().note(&self.account_id(), counter);
    }

    /// Saves what the account remembers, if it changed. Flows call it; call it too before closing. With an API token it does
    /// nothing ([`Vault::is_by_api_token`]).
    ///
    /// # Errors
    /// No connection; [`Refusal::StateBehind`] if the server lost a newer copy.
    pub async fn save_state(&self) -> Result<()> {
        if self.0.later.swap(false, Ordering::AcqRel) {
            self.0.dirty.store(true, Ordering::Release);
        }
        self.save().await
    }

    /// The same, but for what has time until the session ends.
    async fn save(&self) -> Result<()> {
        if self.is_by_api_token() {
            return Ok(());
        }
        let _one_at_a_time = self.0.saving.lock().await;
        self.save_alone().await
    }

    /// The same, by whoever holds the lock already.
    pub(super) async fn save_alone(&self) -> Result<()> {
        for _ in 0..TRIES {
            if !self.0.dirty.swap(false, Ordering::AcqRel) {
                return Ok(());
            }
            // All of it goes.
            self.0.later.store(false, Ordering::Release);
            match self.put_state().await {
                Ok(()) => return Ok(()),
                Err(e) => {
                    self.touch();
                    match e.problem() {
                        Some(ErrorCode::CounterStale) => self.merge_state().await?,
                        _ => return Err(e),
                    }
                }
            }
        }
        Err(ClientError::Internal("what this account remembers could not be saved"))
    }

    /// The state as the server is to keep it, so many saves after the last.
    pub(super) fn sealed_state(&self, saves: u64) -> PutClientState {
        let counter = self.counter().saturating_add(saves);
        let plain = self.state().to_bytes();
        let (key, generation) = {
            let keys = self.keys_now();
            (keys.current.clone(), keys.generation)
        };
        let sealed = seal_state(&key, &self.0.id, counter, plain.expose(), &mut rng());
        PutClientState { sealed: B64(sealed), counter, generation }
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.0.dirty.load(Ordering::Acquire) || self.0.later.load(Ordering::Acquire)
    }

    async fn put_state(&self) -> Result<()> {
        let body = self.sealed_state(1);
        self.api().put_client_state(&body).await?;
        self.set_counter(body.counter);
        Ok(())
    }

    /// Takes in what other devices saved since. With an API token it does nothing, as [`Vault::save_state`].
    pub(crate) async fn catch_up(&self) -> Result<()> {
        if self.is_by_api_token() {
            return Ok(());
        }
        let _one_at_a_time = self.0.saving.lock().await;
        self.merge_state().await
    }

    async fn merge_state(&self) -> Result<()> {
        let account = self.api().get_account().await?;
        if account.public.id != self.account_id() {
            return Err(Refusal::OtherThing.into());
        }
        self.merge_stored(&account)
    }

    /// Takes in what other devices saved.
    pub(super) fn merge_stored(&self, account: &OwnAccount) -> Result<()> {
        self.settle(account)?;
        let opened = open_client_state(&self.account_key(), account, self.counter(), self.pinned());
        if opened.is_err() {
            self.still_present(account)?;
        }
        let (counter, theirs) = opened?;
        let logs = theirs.logs.clone();
        let merged = self.state().merge(theirs);
        if merged == Err(Refusal::LogSignerUnknown) {
            self.stop_at_other_signer(&logs)?;
        }
        merged?;
        self.count_change();
        self.set_counter(counter);
        Ok(())
    }

    /// Saves, but lets a flow that did its work succeed without it: what was seen stays in memory and is saved next time.
    pub(crate) async fn save_state_soon(&self) {
        if let Err(e) = self.save().await {
            tracing::warn!(code = e.code(), "what this account remembers is not saved yet");
        }
    }
}
