//! What is watched while the vault is open: the server's log, the account, live events.

use api_types::live::LiveEvent;
use client::ClientError;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Keys, STOP};
use crate::{
    browser,
    vault::{Stop, Vault, VaultState, program},
};

impl Vault {
    /// Looks whether the server's public log goes on from what was seen; where it doesn't, stops.
    pub(super) fn check_log(self, keys: Keys) {
        spawn_local(async move {
            // It is here: the keys came out of it.
            let Ok(checking) = program::check_log(keys).await else { return };
            let stop = checking.await;
            self.keep_memory();
            if let Some(stop) = stop {
                self.halt(stop);
            }
        });
    }

    /// Ends the session once something has shown by which it is to end, on whatever page that was.
    pub(in crate::vault) async fn end_when_stopped(self, keys: Keys) {
        keys.when_stopped().await;
        if let Some(keys) = self.keys() {
            self.check_log(keys);
        }
    }

    /// Locks at once and shows why in the place of every page.
    fn halt(self, stop: Stop) {
        browser::store_session(STOP, &stop.to_text());
        self.stop.set(Some(stop));
        self.close(None);
    }

    /// The role needs a second factor now: learns it from the account, so that the page to add one shows.
    pub(super) fn second_factor_due(self) {
        self.due.set(false);
        let known = self.who().is_some_and(|who| who.second_factor_due);
        let Some(keys) = self.keys().filter(|_| !known) else { return };
        spawn_local(async move {
            // It is here: the keys came out of it.
            let _ = program::account(self, keys).await;
        });
    }

    /// The account was changed (approved, for instance): fetches it anew.
    pub fn refresh(self, keys: Keys) {
        spawn_local(async move {
            match keys.refresh().await {
                Ok(_) if matches!(self.state.get_untracked(), VaultState::Unlocked(_)) => {
                    self.state.set(VaultState::Unlocked(keys.who()));
                }
                // Another tab of this session made a new account key: it opens with the password, as that does. Where the server
                // lies, unlocking says so.
                Err(ClientError::AccountKeyChanged | ClientError::Refused(client::Refusal::KeyringForged)) => {
                    self.lock()
                }
                _ => {}
            }
        });
    }

    /// Hears live events until the calling component goes away.
    pub fn on_live(self, hear: impl Fn(LiveEvent) + Send + Sync + 'static) {
        let id = self.hearing.add(Callback::new(hear));
        on_cleanup(move || self.hearing.remove(id));
    }
}
