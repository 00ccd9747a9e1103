//! The vault in the browser: who is signed in, the keys while it is open, locking.

use std::future::Future;

use api_types::{
    email_change::{AddressSide, EmailChangeAnswered},
    live::LiveEvent,
    sessions::{Carrier, WhoAmI},
};
use client::{ByPasskey, Client, ClientError, Device, Memory, SignedIn, Unsaved};
use crypto::account::RecoveryKit;
use futures::future::{AbortHandle, join3};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{
    Attempt, NewAccount, Stop, Vault, VaultState,
    address::Address,
    claim::{self, Arrival},
    drafts, explain, idle,
    platform::WebPlatform,
    program, saving, unsaved,
};
use crate::{browser, pages::Door, t};

/// An open vault's keys and everything they can do; see the `client` crate.
pub type Keys = client::Vault<WebPlatform>;

/// Where this device remembers what the server must not roll back. Nothing in it is secret.
const MEMORY: &str = "memory";
/// Why the page was locked, shown once after the reload.
const NOTICE: &str = "notice";
/// Why the session was stopped, shown after the reload.
const STOP: &str = "stop";
/// How long a page that locks waits for what it saves last, in milliseconds. Keys and content are gone by then; what
/// was written into memory stays until the page is loaded anew.
const LAST_SAVE: i32 = 800;

/// How often a page that locked without a connection looks for the server, in milliseconds; also when the device has a
/// network again.
const REACH_AGAIN: i32 = 15_000;
/// Where the password to unlock is typed: its id in the form.
const UNLOCK_FIELD: &str = "password";
/// How long, in milliseconds, whoever touched the page is taken for somebody who is about to unlock, if something stands there. A
/// password manager fills it in where nobody is.
const UNLOCKING: i64 = 60_000;

/// What only the browser has.
#[derive(Default)]
pub(super) struct Inner {
    client: Option<Client<WebPlatform>>,
    locked: Option<SignedIn<WebPlatform>>,
    keys: Option<Keys>,
    kit: Option<RecoveryKit>,
    /// The address of an account to be.
    pub(super) address: Address,
    live: Option<AbortHandle>,
    /// What could not be saved when the vault locked; sealed.
    unsaved: Option<Unsaved<WebPlatform>>,
    /// What is said when the session ends, where its reader ends it.
    last_words: Option<String>,
    /// Its reader signs out just now.
    leaving: bool,
}

fn remembered() -> Memory {
    let stored = browser::stored(MEMORY).unwrap_or_default();
    serde_json::from_str(&stored).unwrap_or_default()
}

fn remember(memory: &Memory) {
    if let Ok(text) = serde_json::to_string(memory) {
        browser::store(MEMORY, &text);
    }
}

pub(super) fn device() -> Device {
    Device { carrier: Carrier::Cookie, name: browser::device_name() }
}

impl Vault {
    pub(super) fn client(self) -> Client<WebPlatform> {
        let platform = move || WebPlatform::new(self.online, self.ended, self.due);
        let new = || Client::with_memory(platform(), remembered());
        let made = self.inner.try_update_value(|inner| inner.client.get_or_insert_with(new).clone());
        made.unwrap_or_else(new)
    }

    /// Asks who is signed in, and again while the server can't be reached. Starts the watch on idleness.
    pub(super) fn begin(self) {
        self.notice.set(browser::take_session(NOTICE));
        self.stop.set(browser::take_session(STOP).and_then(|stop| Stop::parse(&stop)));
        idle::watch(self);
        Effect::new(move |_| {
            if self.ended.get() {
                self.session_ended();
            }
        });
        Effect::new(move |_| {
            if self.due.get() {
                self.second_factor_due();
            }
        });
        spawn_local(async move {
            loop {
                match self.client().resume(None).await {
                    Ok(Some(session)) => return self.found(session),
                    Ok(None) => return self.state.set(VaultState::SignedOut),
                    Err(error) if error.is_transient() => browser::sleep(2_000).await,
                    Err(error) => {
                        self.notice.set(Some(explain(&error)));
                        return self.state.set(VaultState::SignedOut);
                    }
                }
            }
        });
    }

    fn found(self, session: SignedIn<WebPlatform>) {
        let who = session.who().clone();
        self.inner.update_value(|inner| inner.locked = Some(session));
        // Somebody may have signed in while the question was under way.
        if !matches!(self.state.get_untracked(), VaultState::Unlocked(_)) {
            self.state.set(VaultState::Locked(who));
        }
    }

    /// Asks the server what a set-up or invitation token is good for; without one, whether sign-up is open.
    pub fn open_door(self, token: Option<String>, door: RwSignal<Door>) {
        spawn_local(async move {
            let client = self.client();
            let opened = match token {
                Some(token) => client.look_up_invitation(&token).await.map(Door::Invited),
                None => client.instance().await.map(|it| match it.open_sign_up {
                    true => Door::Open { asks_code: it.mail },
                    false => Door::Closed,
                }),
            };
            door.try_set(match opened {
                Ok(opened) => opened,
                Err(ClientError::Problem(_)) => Door::Dead,
                Err(error) => {
                    self.notice.set(Some(explain(&error)));
                    Door::Open { asks_code: false }
                }
            });
        });
    }

    /// Verifies an e-mail address by a mailed link's token.
    pub fn verify_email(self, token: String, attempt: Attempt, done: Callback<()>) {
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match self.client().verify_email(&token).await {
                Ok(()) => {
                    attempt.done();
                    done.try_run(());
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }

    /// Confirms a change of an e-mail address by a mailed link's token and side, or stops it.
    pub fn answer_email_change(
        self,
        (token, side, stop): (String, AddressSide, bool),
        attempt: Attempt,
        done: Callback<EmailChangeAnswered>,
    ) {
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match self.client().answer_email_change(&token, side, stop).await {
                Ok(answered) => {
                    attempt.done();
                    done.try_run(answered);
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }

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
    pub(super) fn came_in(self, session: SignedIn<WebPlatform>, notice: &str) {
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
            browser::sleep(0).await;
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

    /// The keys of an open vault. Don't keep them in anything that outlives the page: they are gone when it locks.
    pub fn keys(self) -> Option<Keys> {
        self.inner.try_with_value(|inner| inner.keys.clone()).flatten()
    }

    /// Does something with the keys and hands over the result; `attempt` shows that it runs and what went wrong.
    pub fn run<A, F>(self, attempt: Attempt, work: impl FnOnce(Keys) -> F + 'static, done: impl FnOnce(A) + 'static)
    where
        F: Future<Output = client::Result<A>> + 'static,
        A: 'static,
    {
        let Some(keys) = self.keys() else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            self.conclude(attempt, work(keys).await, done);
        });
    }

    /// Hands over what was done with the keys, or says what went wrong.
    pub fn conclude<A>(self, attempt: Attempt, result: client::Result<A>, done: impl FnOnce(A)) {
        self.keep_memory();
        match result {
            Ok(value) => {
                attempt.done();
                done(value);
            }
            Err(error) => {
                attempt.failed(explain(&error));
                self.heed(&error);
            }
        }
    }

    /// Looks whether the server's public log goes on from what was seen; where it doesn't, stops.
    fn check_log(self, keys: Keys) {
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

    /// After a refusal by which the session is to end: ends it.
    pub fn heed(self, error: &ClientError) {
        if matches!(error, ClientError::Refused(refusal) if refusal.stops_session())
            && let Some(keys) = self.keys()
        {
            self.check_log(keys);
        }
    }

    /// Locks at once and shows why in the place of every page.
    fn halt(self, stop: Stop) {
        browser::store_session(STOP, &stop.to_text());
        self.stop.set(Some(stop));
        self.close(None);
    }

    /// Keeps what this device must remember; after anything that may have saved the client state.
    pub fn keep_memory(self) {
        if let Some(keys) = self.keys() {
            remember(&keys.remembered());
        }
    }

    /// The role needs a second factor now: learns it from the account, so that the page to add one shows.
    fn second_factor_due(self) {
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

    /// Locks on request.
    pub fn lock(self) {
        self.close(None);
    }

    /// Locks because nothing happened for a while.
    pub(super) fn lock_idle(self, minutes: u32) {
        self.close(Some(t!(frame.locked_idle, minutes = minutes)));
    }

    /// Wipes the keys and all that was decrypted. The session stays. The page is loaded anew ([`Vault::begin_anew`]).
    ///
    /// The order: what isn't saved is sealed, the keys go, the content goes, and then what was sealed is sent, with
    /// [`LAST_SAVE`] to arrive before the page is loaded anew. What was typed stays sealed in this browser until it is saved.
    fn close(self, notice: Option<String>) {
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
    async fn begin_anew(self) {
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
    async fn save_last(self) {
        let Some(unsaved) = self.inner.try_update_value(|inner| inner.unsaved.take()).flatten() else { return };
        unsaved.send_within(browser::sleep(LAST_SAVE)).await;
        remember(&self.client().memory());
    }

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
    fn session_ended(self) {
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

    fn drop_keys(self) -> bool {
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
        self.warnings.set(super::Warnings::default());
        self.asked_for.set(Vec::new());
        self.opened_shares.set(Vec::new());
        self.asked_escrow.set(None);
        self.escrowed.set(false);
        let session = keys.lock();
        self.inner.update_value(|inner| inner.locked = Some(session));
        true
    }

    /// Whose vault it is, without tracking.
    pub fn who(self) -> Option<WhoAmI> {
        self.state.with_untracked(|state| state.who().cloned())
    }
}
