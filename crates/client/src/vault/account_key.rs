//! A new account key by itself: due where a passkey that opened the account went without one, as an administrator takes passkeys
//! off. And what is remembered of passkeys, so that it shows.

use api_types::{accounts::RotateAccountKey, sign_up::NewWayIn};
use crypto::account::{PasskeySecret, WayInSecret};

use super::{Vault, rotation::Next};
use crate::{error::Result, ids::ToCrypto, platform::Platform, state::Standing};

impl<P: Platform> Vault<P> {
    /// Makes a new account key; every way in stays. Every other session ends. The session must be confirmed
    /// ([`Vault::confirm`]).
    ///
    /// # Errors
    /// As [`Vault::change_password`].
    pub async fn rotate_account_key(&self) -> Result<()> {
        let change = async |next: Next| -> Result<(Next, ())> { Ok((next, ())) };
        self.rotate(change, async |rotation, ()| self.api().rotate_account_key(&RotateAccountKey { rotation }).await)
            .await
    }

    /// Whether a passkey that opened the account went without a new account key: who has it has the key of now. Signing in makes
    /// the new one by itself where it can, and so does every change of a way in.
    pub fn is_account_key_due(&self) -> bool {
        self.state().is_account_key_due()
    }

    /// Makes the account key that is due. Where that fails it stays due.
    pub(crate) async fn make_due_account_key(&self) {
        if !self.is_account_key_due() {
            return;
        }
        if let Err(error) = self.rotate_account_key().await {
            tracing::warn!(code = error.code(), "a new account key is due");
            self.keep_what_went().await;
        }
    }

    /// The same right after signing in. Whoever must add a second factor first makes it then.
    pub(crate) async fn catch_up_account_key(&self) {
        let second_factor_due = self.own_account().second_factor_due;
        match second_factor_due {
            true => self.keep_what_went().await,
            false => self.make_due_account_key().await,
        }
    }

    /// Has the account remember that a passkey went: it must not come back before there is a new account key.
    pub(crate) async fn keep_what_went(&self) {
        if self.is_account_key_due() {
            self.save_state_soon().await;
        }
    }

    /// A way in for a passkey, which the account remembers before it is added, and the counter of the state that says so: a client takes none that no other announced. The
    /// caller holds the lock on saving.
    pub(crate) async fn announced_passkey(&self, secret: &PasskeySecret) -> Result<(NewWayIn, u64)> {
        let way = self.present_way_in(WayInSecret::Passkey(secret)).await?;
        self.note_passkey(&way, Standing::Announced);
        self.save_alone().await?;
        Ok((way, self.counter()))
    }

    /// Notes how a passkey's way in stands, of the account key of now.
    pub(crate) fn note_passkey(&self, way: &NewWayIn, standing: Standing) {
        let generation = self.keys_now().generation;
        if self.state().note_passkey(generation, way.id.crypto(), standing) {
            self.touch();
        }
    }
}
