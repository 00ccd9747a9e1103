//! Signing in with a phone: a code is sent, and what was typed begins a session that stays locked.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Attempt, Vault, explain, program};
use crate::t;

impl Vault {
    /// Whether the server sends codes to phones. Where it can't be reached it doesn't.
    pub fn offers_phone(self, offered: RwSignal<bool>) {
        spawn_local(async move {
            if let Ok(instance) = self.client().instance().await {
                offered.try_set(instance.phone);
            }
        });
    }

    /// Has a code sent to a number, if that signs in to an account.
    pub fn start_phone(self, number: String, attempt: Attempt, sent: RwSignal<bool>) {
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match self.client().start_phone(&number).await {
                Ok(_) => {
                    attempt.done();
                    sent.try_set(true);
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }

    /// Signs in with the code that was sent. The vault stays locked, and says so.
    pub fn sign_in_with_phone(self, code: String, attempt: Attempt) {
        if !attempt.begin() {
            return;
        }
        let step = self.second_step;
        spawn_local(async move {
            let entered = program::enter(program::phone(self.client(), step, code)).await;
            let gave_up = step.end();
            match entered {
                Ok(session) => {
                    self.came_in(session, t!(phones.locked));
                    attempt.done();
                }
                Err(_) if gave_up => attempt.done(),
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }
}
