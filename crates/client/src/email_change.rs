//! Another e-mail address for the account. It is no input of the sealing, so nothing is sealed anew: the server changes it once the
//! old address and the new one have both confirmed by a mailed link.

use api_types::email_change::{
    AddressSide, AnswerEmailChange, EmailChangeAnswered, PendingEmailChange, StartEmailChange,
};

use crate::{content::check_email, error::Result, platform::Platform, session::Client, vault::Vault};

impl<P: Platform> Client<P> {
    /// Confirms a change by the token of the link that was mailed to one of the two addresses, or stops it.
    ///
    /// # Errors
    /// `email_change_invalid`; `email_taken` where both have confirmed and the address is somebody else's; no connection.
    pub async fn answer_email_change(&self, token: &str, side: AddressSide, stop: bool) -> Result<EmailChangeAnswered> {
        self.api().answer_email_change(&AnswerEmailChange { token: token.to_owned(), side, stop }).await
    }
}

impl<P: Platform> Vault<P> {
    /// The change that waits for the two addresses.
    ///
    /// # Errors
    /// No connection.
    pub async fn email_change(&self) -> Result<Option<PendingEmailChange>> {
        Ok(self.api().get_email_change().await?.pending)
    }

    /// Asks for another address: a link goes to it and one to the old address, and each has to be confirmed within a day. The answer
    /// doesn't tell whether the address is somebody else's. The old one stays watched in the log of keys for ever.
    ///
    /// # Errors
    /// `confirmation_required`: [`Vault::confirm`] first. `invalid_field`, `throttled`; `conflict` where the server sends no mail; as
    /// [`Vault::scan_keys`].
    pub async fn change_email(&self, email: &str) -> Result<()> {
        let email = email.trim();
        check_email(email)?;
        self.watch_own_address().await?;
        self.api().start_email_change(&StartEmailChange { email: email.to_owned() }).await
    }

    /// Ends the change that waits.
    ///
    /// # Errors
    /// `not_found` where none waits; no connection.
    pub async fn cancel_email_change(&self) -> Result<()> {
        self.api().cancel_email_change().await
    }
}
