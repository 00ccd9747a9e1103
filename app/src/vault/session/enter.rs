//! The ways in: signing up and in, unlocking, recovering; and what begins once the vault is open.

use std::future::Future;

use client::{ByPasskey, Client, SignedIn};
use crypto::account::RecoveryKit;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Keys, NOTICE, remember};
use crate::{
    browser, t,
    vault::{
        Attempt, NewAccount, Vault, VaultState,
        address::Address,
        claim::{self, Arrival},
        explain, idle,
        platform::WebPlatform,
        program,
    },
};

/// What comes after the first page waits so long, in milliseconds: frame and page are drawn one after the other.
const FIRST_PAGE: i32 = 20;

impl Vault {
    /// Fresh words for a recovery kit; [`Vault::sign_up`] uses the kit that was made last.
    pub fn new_kit(self) -> Vec<String> {
        let kit = self.client().new_kit();
        let words = kit.words().into_iter().map(str::to_owned).collect();
        self.inner.update_value(|inner| inner.kit = Some(kit));
        words
    }

    /// A recovery kit in the place of the one before; it counts once the account has it.
    pub fn next_kit(self) -> RecoveryKit {
        self.client().new_kit()
    }

    /// Creates the account with the kit that was shown, and signs in.
    pub fn sign_up(self, account: NewAccount, attempt: Attempt) {
        let proved = self.inner.with_value(|inner| inner.address.proved.clone());
        self.enter(attempt, move |client, kit| program::enter(program::sign_up(client, kit, account, proved)));
    }

    /// Signs in, or unlocks when the session lives.
    pub fn sign_in(self, email: String, password: String, attempt: Attempt) {
        let locked = self.inner.with_value(|inner| inner.locked.clone()).filter(|session| session.who().email == email);
        let step = self.second_step;
        self.enter(attempt, move |client, _| program::enter(program::sign_in(client, locked, step, email, password)));
    }

    /// Signs in with a passkey. One that doesn't unlock leaves the vault locked, and says so.
    pub fn sign_in_with_passkey(self, attempt: Attempt) {
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            self.save_last().await;
            match program::enter(program::passkey(self.client())).await {
                Ok(ByPasskey::Open(keys)) => {
                    self.open(keys);
                    attempt.done();
                }
                Ok(ByPasskey::Locked(session)) => {
                    self.came_in(session, t!(sign_in.passkey_locked));
                    attempt.done();
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }

    /// A session has begun whose vault the password unlocks.
    pub(in crate::vault) fn came_in(self, session: SignedIn<WebPlatform>, notice: &str) {
        self.ended.set(false);
        self.notice.set(Some(notice.to_owned()));
        self.found(session);
    }

    /// Unlocks the session that lives with a passkey.
    pub fn unlock_with_passkey(self, attempt: Attempt) {
        let Some(session) = self.inner.with_value(|inner| inner.locked.clone()) else { return };
        self.enter(attempt, move |_, _| program::enter(program::passkey_unlock(session)));
    }

    /// Answers the second step with a passkey.
    pub fn prove_with_passkey(self, attempt: Attempt) {
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match program::enter(program::passkey_proof(self.client())).await {
                Ok(proof) => {
                    attempt.done();
                    self.second_step.answer(Some(proof));
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }

    /// Opens the account with the recovery kit and sets a new password.
    pub fn recover(self, email: String, words: String, password: String, attempt: Attempt) {
        let step = self.second_step;
        let by = program::RecoverBy::Words(words);
        self.enter(attempt, move |client, _| program::enter(program::recover(client, step, email, by, password)));
    }

    /// Opens the account with shares that contacts read out and sets a new password.
    pub fn recover_with_shares(self, email: String, shares: Vec<String>, password: String, attempt: Attempt) {
        let step = self.second_step;
        let by = program::RecoverBy::Shares(shares);
        self.enter(attempt, move |client, _| program::enter(program::recover(client, step, email, by, password)));
    }

    /// Keeps an invitation for somebody who has an account already; it is used as soon as their vault is open.
    pub fn keep_invitation(self, token: String, secret: Option<String>) {
        claim::keep(Arrival { token: Some(token), secret });
        if let Some(keys) = self.keys() {
            spawn_local(async move {
                // It is here: the vault is open.
                let _ = program::claim(self, keys).await;
            });
        }
    }

    /// Runs a way in and opens the vault with what it gives.
    fn enter<F>(self, attempt: Attempt, way: impl FnOnce(Client<WebPlatform>, Option<RecoveryKit>) -> F + 'static)
    where
        F: Future<Output = client::Result<Keys>> + 'static,
    {
        if !attempt.begin() {
            return;
        }
        let kit = self.inner.try_update_value(|inner| inner.kit.take()).flatten();
        let kept = kit.clone();
        spawn_local(async move {
            self.save_last().await;
            let entered = way(self.client(), kit).await;
            let gave_up = self.second_step.end();
            match entered {
                Ok(keys) => {
                    // What computed was a piece of work, what draws is another.
                    browser::sleep(0).await;
                    self.open(keys);
                    attempt.done();
                }
                // Nothing to complain about: they went back.
                Err(_) if gave_up => attempt.done(),
                Err(error) => {
                    // Another try must use the words that were shown.
                    self.inner.try_update_value(|inner| inner.kit = kept);
                    attempt.failed(explain(&error));
                }
            }
        });
    }

    fn open(self, keys: Keys) {
        remember(&keys.remembered());
        let who = keys.who();
        self.inner.update_value(|inner| {
            inner.locked = None;
            inner.address = Address::default();
            inner.keys = Some(keys.clone());
            inner.opening = true;
        });
        self.ended.set(false);
        self.notice.set(None);
        // What was to be said after a reload that didn't come.
        drop(browser::take_session(NOTICE));
        idle::touch();
        self.stop.set(None);
        self.state.set(VaultState::Unlocked(who));
        let session = keys.session().id;
        // Beside the first page, which doesn't wait for it, once it is drawn.
        spawn_local(async move {
            browser::sleep(FIRST_PAGE).await;
            if self.keys().is_none_or(|now| now.session().id != session) {
                return;
            }
            self.check_log(keys.clone());
            // It is here: the keys came out of it.
            let _ = program::claim(self, keys.clone()).await;
            let Ok(live) = program::listen(self, keys).await else { return };
            match self.keys() {
                Some(_) => self.inner.update_value(|inner| inner.live = Some(live)),
                None => live.abort(),
            }
        });
    }
}
