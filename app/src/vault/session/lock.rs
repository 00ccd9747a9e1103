//! Locking: the keys go, then the content, then the page's memory, and what was typed last is saved beside that.

use futures::future::join3;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{NOTICE, remember};
use crate::{
    browser, t,
    vault::{Vault, VaultState, Warnings, drafts, idle, saving, unsaved},
};

/// How long a page that locks waits for what it saves last, in milliseconds. Keys and content are gone by then; what
/// was written into memory stays until the page is loaded anew.
pub(super) const LAST_SAVE: i32 = 800;

/// How often a page that locked without a connection looks for the server, in milliseconds; also when the device has a
/// network again.
const REACH_AGAIN: i32 = 15_000;
/// Where the password to unlock is typed: its id in the form.
const UNLOCK_FIELD: &str = "password";
/// How long, in milliseconds, whoever touched the page is taken for somebody who is about to unlock, if something stands there. A
/// password manager fills it in where nobody is.
const UNLOCKING: i64 = 60_000;

impl Vault {
    /// Locks on request.
    pub fn lock(self) {
        self.close(None);
    }

    /// Locks because nothing happened for a while.
    pub(in crate::vault) fn lock_idle(self, minutes: u32) {
        self.close(Some(t!(frame.locked_idle, minutes = minutes)));
    }

    /// Keeps what isn't saved, sealed, when the page goes: its tab is closed, or it is loaded anew.
    pub(super) fn keep_when_left(self) {
        // Lives as long as the page.
        let _ = window_event_listener_untyped("pagehide", move |_| {
            if let Some(keys) = self.keys() {
                unsaved::keep(&keys);
            }
        });
    }

    /// Wipes the keys and all that was decrypted. The session stays. The page is loaded anew ([`Vault::begin_anew`]).
    ///
    /// The order: what isn't saved is sealed, the keys go, the content goes, and then what was sealed is sent, with
    /// [`LAST_SAVE`] to arrive before the page is loaded anew. What was typed stays sealed in this browser until it is saved.
    pub(super) fn close(self, notice: Option<String>) {
        let Some(who) = self.state.get_untracked().who().cloned() else { return };
        let unsaved = self.keys().and_then(|keys| keys.unsaved());
        let had_keys = self.drop_keys();
        self.state.set(VaultState::Locked(who));
        if !had_keys {
            return;
        }
        if let Some(notice) = notice {
            browser::store_session(NOTICE, &notice);
            self.notice.set(Some(notice));
        }
        self.inner.update_value(|inner| inner.unsaved = unsaved);
        spawn_local(self.begin_anew());
    }

    /// Loads a locked page anew, because dropped memory isn't overwritten memory: at once, or as soon as the server can be
    /// reached and nobody is about to unlock. Until then what the program wrote into its memory stays there, without keys. What
    /// the browser keeps of files that were being saved goes at once; what was typed last has [`LAST_SAVE`] to arrive as well.
    pub(super) async fn begin_anew(self) {
        let last = drafts::saved_within(LAST_SAVE);
        let (reached, (), ()) = join3(self.reach_and_save(), saving::leave(), last).await;
        // Whoever was as quick as that is not locked out again.
        if reached && self.keys().is_none() {
            browser::reload();
        }
    }

    /// Saves what couldn't be saved before, once the server is there. False where somebody unlocked meanwhile.
    async fn reach_and_save(self) -> bool {
        let mut reached = self.online.get_untracked() && browser::has_network();
        while !reached {
            browser::sleep_or_online(REACH_AGAIN).await;
            if !matches!(self.state.try_get_untracked(), Some(VaultState::Locked(_))) {
                return false;
            }
            let typing = browser::is_filled(UNLOCK_FIELD) && idle::touched_within(UNLOCKING);
            let unlocking = typing || self.second_step.waits();
            reached = !unlocking && self.client().instance().await.is_ok();
        }
        self.save_last().await;
        true
    }

    /// Sends what a vault left behind when it locked, and waits a moment for it. Where the network was away it waits here
    /// for the next try.
    pub(super) async fn save_last(self) {
        let Some(unsaved) = self.inner.try_update_value(|inner| inner.unsaved.take()).flatten() else { return };
        unsaved.send_within(browser::sleep(LAST_SAVE)).await;
        remember(&self.client().memory());
    }

    pub(super) fn drop_keys(self) -> bool {
        let keys = self.inner.try_update_value(|inner| {
            if let Some(live) = inner.live.take() {
                live.abort();
            }
            inner.keys.take()
        });
        let Some(keys) = keys.flatten() else { return false };
        unsaved::keep(&keys);
        use client::Platform;
        keys.platform().bulk().end();
        self.waiting.set(0);
        self.warnings.set(Warnings::default());
        self.asked_for.set(Vec::new());
        self.opened_shares.set(Vec::new());
        self.asked_escrow.set(None);
        self.escrowed.set(false);
        let session = keys.lock();
        self.inner.update_value(|inner| inner.locked = Some(session));
        true
    }
}
