//! The password again, before the ways in change; and the second factors.

use api_types::{
    SecondFactorId,
    limits::PASSWORD_MIN_CHARS,
    second_factors::{ConfirmTotp, RecoveryCodes, SecondFactor, SecondFactorList, StartTotp, TotpStarted},
    sessions::{FinishConfirmation, StartConfirmation},
};

use super::Vault;
use crate::{
    error::{ClientError, Result},
    platform::Platform,
    session::{AskSecondFactor, Asking, opaque, wrong_password},
};

impl<P: Platform> Vault<P> {
    /// Proves the password, and the second factor where there is one: for ten minutes the session may change how one gets
    /// in. A session just begun may as well.
    ///
    /// # Errors
    /// [`crate::ClientError::WrongPassword`]; the server's `second_factor_required` when nobody answers.
    pub async fn confirm(&self, password: &str, ask: &impl AskSecondFactor) -> Result<()> {
        let step = opaque::start_login(password)?;
        let start = StartConfirmation { credential_request: step.message().into() };
        let started = self.api().start_confirmation(&start).await?;
        let done = step.finish(self.platform(), self.pinned(), started.credential_response.0).await?;
        let mut finish = FinishConfirmation {
            sign_in_id: started.sign_in_id,
            credential_finalization: done.finalization.into(),
            second_factor: None,
        };
        let mut asking = Asking::new(ask);
        loop {
            match self.api().finish_confirmation(&finish).await {
                Ok(()) => return Ok(()),
                Err(error) => finish.second_factor = Some(asking.after(error).await.map_err(wrong_password)?),
            }
        }
    }

    /// One's own second factors.
    ///
    /// # Errors
    /// No connection.
    pub async fn second_factors(&self) -> Result<SecondFactorList> {
        self.api().list_second_factors().await
    }

    /// Begins adding an authenticator app: its secret is shown once, and counts after [`Vault::confirm_totp`].
    ///
    /// # Errors
    /// `confirmation_required`: [`Vault::confirm`] first.
    pub async fn start_totp(&self, label: &str) -> Result<TotpStarted> {
        self.api().start_totp(&StartTotp { label: label.to_owned() }).await
    }

    /// The app's first code. The first second factor brings recovery codes, shown once. Sessions that proved none end, but
    /// this one.
    ///
    /// # Errors
    /// `second_factor_wrong`, `confirmation_required`.
    pub async fn confirm_totp(&self, id: &SecondFactorId, code: &str) -> Result<RecoveryCodes> {
        let codes = self.api().confirm_second_factor(id, &ConfirmTotp { code: code.to_owned() }).await?;
        self.make_due_account_key().await;
        Ok(codes)
    }

    /// Removes a second factor; with the last one the recovery codes go.
    ///
    /// # Errors
    /// `confirmation_required`; `conflict` where the role needs one; [`ClientError::ShortPassword`].
    pub async fn remove_second_factor(&self, id: &SecondFactorId) -> Result<()> {
        self.stands_without(id, &self.second_factors().await?.items)?;
        self.api().remove_second_factor(id).await
    }

    /// Refuses to leave a password alone that is only long enough beside a second factor.
    pub(super) fn stands_without(&self, id: &SecondFactorId, listed: &[SecondFactor]) -> Result<()> {
        // A phone is too weak to stand beside a short password.
        let is_strong = listed.iter().any(|factor| factor.id == *id && !factor.weaker);
        let last = is_strong && listed.iter().all(|factor| factor.id == *id || factor.weaker);
        match last && self.has_short_password() {
            true => Err(ClientError::ShortPassword { min: PASSWORD_MIN_CHARS }),
            false => Ok(()),
        }
    }

    /// Whether the password is only long enough beside a second factor.
    pub fn has_short_password(&self) -> bool {
        self.state().password.is_some_and(|set| set.short)
    }

    /// New recovery codes; the old ones count no more.
    ///
    /// # Errors
    /// `confirmation_required`; `conflict` without a second factor.
    pub async fn renew_recovery_codes(&self) -> Result<RecoveryCodes> {
        self.api().renew_recovery_codes().await
    }
}
