//! Proving an address before it has an account: a code is mailed, and what was typed lets the account be made.

use client::{AskedCode, ProvedAddress};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Attempt, Vault, explain, program};

/// How far that has come.
#[derive(Default)]
pub(super) struct Address {
    asked: Option<AskedCode>,
    pub(super) proved: Option<ProvedAddress>,
}

impl Vault {
    /// Has a code mailed to an address, if it has no account; otherwise the mail says so.
    pub fn ask_sign_up_code(self, email: String, token: Option<String>, attempt: Attempt, asked: Callback<()>) {
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match program::enter(program::ask_code(self.client(), email, token)).await {
                Ok(code) => {
                    self.inner.update_value(|inner| inner.address = Address { asked: Some(code), proved: None });
                    attempt.done();
                    asked.try_run(());
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }

    /// Proves the address by the code that was typed.
    pub fn prove_address(self, code: String, attempt: Attempt, proved: Callback<()>) {
        let Some(asked) = self.inner.with_value(|inner| inner.address.asked.clone()) else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match program::enter(program::prove_address(self.client(), asked, code)).await {
                Ok(address) => {
                    self.inner.update_value(|inner| inner.address.proved = Some(address));
                    attempt.done();
                    proved.try_run(());
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }

    /// Whether that address was proved here.
    pub fn has_proved(self, email: &str) -> bool {
        self.inner.with_value(|inner| inner.address.proved.as_ref().is_some_and(|proved| proved.email() == email))
    }

    /// Lets go of the address that was proved: it is asked for anew.
    pub fn forget_address(self) {
        self.inner.update_value(|inner| inner.address = Address::default());
    }
}
