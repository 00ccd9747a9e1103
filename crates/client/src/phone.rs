//! Phones: a code by text message signs in, to a session that is locked, or is a second factor. The server sends it, and
//! nothing of the sealing depends on it.

use std::sync::Arc;

use api_types::{
    phones::{
        AddPhone, Phone, PhoneCodeSent, PhoneSignIn, PhoneSignInStarted, StartPhoneSignIn, UsePhone, VerifyPhone,
    },
    second_factors::RecoveryCodes,
};
use zeroize::Zeroizing;

use crate::{
    error::{ClientError, Result},
    platform::Platform,
    session::{AskSecondFactor, Asking, Client, Device, SignedIn, who_is},
    transport::Transport,
    vault::Vault,
};

impl<P: Platform> Client<P> {
    /// Has a code sent to a number, if that signs in to an account: the answer doesn't tell.
    ///
    /// # Errors
    /// `invalid_field`, `throttled`, or no connection.
    pub async fn start_phone(&self, number: &str) -> Result<PhoneSignInStarted> {
        self.api().start_phone_sign_in(&StartPhoneSignIn { number: number.to_owned() }).await
    }

    /// Signs in with the code that this browser had sent. The session is locked: [`SignedIn::unlock`].
    ///
    /// # Errors
    /// `phone_code_wrong`, `phone_code_expired`, `phone_only_factor`; the server's `second_factor_required` when nobody
    /// answers.
    pub async fn sign_in_with_phone(
        &self,
        code: &str,
        device: Device,
        ask: &impl AskSecondFactor,
    ) -> Result<SignedIn<P>> {
        // Another server must not begin a session here.
        self.pinned().await?;
        let code = code.to_owned();
        let mut body = PhoneSignIn { code, second_factor: None, carrier: device.carrier, device: device.name };
        let mut asking = Asking::new(ask);
        let done = loop {
            match self.api().sign_in_with_phone(&body).await {
                Ok(done) => break done,
                Err(ClientError::Problem(problem)) => {
                    body.second_factor = Some(asking.after(ClientError::Problem(problem)).await?);
                }
                Err(error) => return Err(error),
            }
        };
        self.platform().transport().set_token(done.token.as_deref());
        let who = who_is(&done.account, done.session);
        Ok(SignedIn::locked(Arc::clone(self.shared()), who, done.token.map(Zeroizing::new)))
    }
}

impl<P: Platform> Vault<P> {
    /// The account's number.
    ///
    /// # Errors
    /// No connection.
    pub async fn phone(&self) -> Result<Option<Phone>> {
        Ok(self.api().get_phone().await?.phone)
    }

    /// Has a code sent to a number that is to become the account's: [`Vault::verify_phone`].
    ///
    /// # Errors
    /// `confirmation_required`: [`Vault::confirm`] first. `invalid_field`, `throttled`.
    pub async fn add_phone(&self, number: &str) -> Result<PhoneCodeSent> {
        self.api().add_phone(&AddPhone { number: number.to_owned() }).await
    }

    /// The code that came there: the number is the account's from now on, in the place of another.
    ///
    /// # Errors
    /// `phone_code_wrong`, `phone_code_expired`, `confirmation_required`.
    pub async fn verify_phone(&self, code: &str) -> Result<()> {
        self.api().verify_phone(&VerifyPhone { code: code.to_owned() }).await
    }

    /// What the number is used for. The first second factor brings recovery codes, shown once.
    ///
    /// # Errors
    /// `confirmation_required`, `phone_taken`; `phone_code_required` where it becomes a second factor and was verified more
    /// than ten minutes ago: [`Vault::add_phone`] again; `forbidden` where an administrator wants to sign in with it; `conflict` where
    /// the role needs a second factor and this is the last.
    pub async fn use_phone(&self, second_factor: bool, sign_in: bool) -> Result<RecoveryCodes> {
        self.api().use_phone(&UsePhone { second_factor, sign_in }).await
    }

    /// Removes the number.
    ///
    /// # Errors
    /// `confirmation_required`; `conflict` where the role needs a second factor and this is the last.
    pub async fn remove_phone(&self) -> Result<()> {
        self.api().remove_phone().await
    }
}
