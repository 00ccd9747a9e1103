//! What links and the front door ask, with nobody signed in.

use api_types::email_change::{AddressSide, EmailChangeAnswered};
use client::ClientError;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    pages::Door,
    vault::{Attempt, Vault, explain},
};

impl Vault {
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
}
