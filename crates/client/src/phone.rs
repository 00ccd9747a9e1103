//! Phones: a code by text message signs in, to a session that is locked, or is a second factor. The server sends it, and
//! nothing of the sealing depends on it.

use api_types::{
    phones::{
        AddPhone, Phone, PhoneCodeSent, PhoneSignIn, PhoneSignInStarted, StartPhoneSignIn, UsePhone, VerifyPhone,
    },
    second_factors::RecoveryCodes,
};

use crate::{
    error::Result,
    platform::Platform,
    session::{AskSecondFactor, Client, Device, SignedIn, Vouched},
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
        let code = code.to_owned();
        let body = PhoneSignIn { code, second_factor: None, carrier: device.carrier, device: device.name };
        self.sign_in_vouched(Vouched::Phone(body), ask).await
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
