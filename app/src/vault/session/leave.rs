//! The end of a session: its reader signs out, or it was ended elsewhere.

use std::future::Future;

use api_types::sessions::WhoAmI;
use client::SignedIn;
use futures::future::join3;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{NOTICE, lock::LAST_SAVE};
use crate::{
    browser, t,
    vault::{Vault, VaultState, drafts, explain, platform::WebPlatform, saving, unsaved},
};

impl Vault {
    /// Ends the session and loads the front door anew. The keys go first, as when it locks; what was typed last has [`LAST_SAVE`]
    /// to arrive; the content goes when the session has ended, or soon if the server doesn't answer. Where text would be lost, it
    /// locks and says so; asked once more, it goes.
    pub fn sign_out(self) {
        let again = self.inner.try_update_value(|inner| std::mem::replace(&mut inner.leaving, true));
        if again != Some(false) {
            return;
        }
        let who = self.who();
        if let Some(keys) = self.keys() {
            unsaved::save(&keys);
            self.inner.update_value(|inner| inner.unsaved = keys.unsaved());
        }
        let had_keys = self.drop_keys();
        let locked = self.inner.try_update_value(|inner| inner.locked.take()).flatten();
        spawn_local(async move {
            browser::sleep(LAST_SAVE).await;
            if self.keys().is_none() && matches!(self.state.try_get_untracked(), Some(VaultState::Unlocked(_))) {
                self.state.set(VaultState::Unknown);
            }
        });
        spawn_local(async move {
            join3(self.save_last(), saving::leave(), drafts::saved_within(LAST_SAVE)).await;
            if let Some(who) = who.filter(|who| unsaved::is_any(&who.account_id)) {
                if !self.was_told() {
                    return self.stay(who, locked, had_keys).await;
                }
                unsaved::remove(&who.account_id);
            }
            let ended = match locked {
                Some(session) => session.sign_out().await,
                None => Ok(()),
            };
            match ended {
                Err(error) if error.is_transient() => self.left(Some(explain(&error))),
                _ => self.left(None),
            }
        });
    }

    /// Whether it shows that signing out loses text.
    fn was_told(self) -> bool {
        self.notice.with_untracked(|notice| notice.as_deref() == Some(t!(sign_in.loses_text)))
    }

    /// Doesn't sign out, but locks, and says which text would be lost.
    async fn stay(self, who: WhoAmI, session: Option<SignedIn<WebPlatform>>, had_keys: bool) {
        let text = t!(sign_in.loses_text);
        self.inner.update_value(|inner| inner.locked = session);
        self.notice.set(Some(text.to_owned()));
        self.stop.set(None);
        self.state.set(VaultState::Locked(who));
        if had_keys {
            browser::store_session(NOTICE, text);
            spawn_local(self.begin_anew());
        }
        // The second click of two in a hurry is no answer.
        browser::sleep(LAST_SAVE).await;
        self.inner.update_value(|inner| inner.leaving = false);
    }

    /// The server doesn't know the session any more: it was ended elsewhere, or its time was over.
    pub(super) fn session_ended(self) {
        self.drop_keys();
        let words = self.inner.with_value(|inner| inner.last_words.clone());
        let words = words.unwrap_or_else(|| t!(errors.signed_out).to_owned());
        if !saving::has_files() {
            return self.left(Some(words));
        }
        spawn_local(async move {
            saving::leave().await;
            self.left(Some(words));
        });
    }

    /// Does what ends all sessions of the account, and says this when it has: who hears of it first, the answer or the live
    /// event, says the same.
    pub async fn last_deed<T, E>(self, words: &str, deed: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let say = |words| self.inner.update_value(|inner| inner.last_words = words);
        say(Some(words.to_owned()));
        let done = deed.await;
        if done.is_err() {
            say(None);
        }
        done
    }

    /// The reader ended every session of the account, this one among them.
    pub fn session_over(self) {
        self.session_ended();
    }

    fn left(self, notice: Option<String>) {
        self.inner.update_value(|inner| inner.leaving = false);
        self.state.set(VaultState::SignedOut);
        if let Some(notice) = notice {
            browser::store_session(NOTICE, &notice);
            self.notice.set(Some(notice));
        }
        if self.online.get_untracked() {
            browser::go("/sign-in");
        }
    }
}
