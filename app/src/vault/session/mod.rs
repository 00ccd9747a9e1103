//! The vault in the browser: who is signed in, the keys while it is open, locking.

mod door;
mod enter;
mod leave;
mod lock;
mod watch;

use std::future::Future;

use api_types::sessions::{Carrier, WhoAmI};
use client::{Client, Device, Memory, SignedIn, Unsaved};
use crypto::account::RecoveryKit;
use futures::future::AbortHandle;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Attempt, Stop, Vault, VaultState, address::Address, explain, idle, platform::WebPlatform};
use crate::browser;

/// An open vault's keys and everything they can do; see the `client` crate.
pub type Keys = client::Vault<WebPlatform>;

/// Where this device remembers what the server must not roll back. Nothing in it is secret.
const MEMORY: &str = "memory";
/// Why the page was locked, shown once after the reload.
const NOTICE: &str = "notice";
/// Why the session was stopped, shown after the reload.
const STOP: &str = "stop";

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
    /// It was opened, and its first page isn't drawn yet.
    opening: bool,
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

    /// Asks who is signed in, and again while the server can't be reached. Starts the watch on idleness and on the end.
    pub(super) fn begin(self) {
        self.notice.set(browser::take_session(NOTICE));
        self.stop.set(browser::take_session(STOP).and_then(|stop| Stop::parse(&stop)));
        idle::watch(self);
        self.keep_when_left();
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

    /// Whether a page is the first since the vault was opened; asked once. It leaves the frame that is drawn around it a moment of
    /// its own, so that neither keeps the browser from answering.
    pub fn is_first_page(self) -> bool {
        self.inner.try_update_value(|inner| std::mem::take(&mut inner.opening)).unwrap_or_default()
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
            Err(error) => attempt.failed(explain(&error)),
        }
    }

    /// Keeps what this device must remember; after anything that may have saved the client state.
    pub fn keep_memory(self) {
        if let Some(keys) = self.keys() {
            remember(&keys.remembered());
        }
    }

    /// Whose vault it is, without tracking.
    pub fn who(self) -> Option<WhoAmI> {
        self.state.with_untracked(|state| state.who().cloned())
    }
}
