//! The account itself: fetched anew, sessions, sign-out.

use api_types::{SessionId, sessions::Session};

use super::{Vault, open_keyring};
use crate::{
    error::Result,
    people::{Person, parse_chain},
    platform::Platform,
    refusal::Refusal,
    transport::Transport,
};

impl<P: Platform> Vault<P> {
    /// Oneself, with approval verified.
    ///
    /// # Errors
    /// [`Refusal::ApprovalForged`].
    pub fn me(&self) -> Result<Person> {
        let public = self.own_account().public.clone();
        self.learn(&public, self.asking())
    }

    /// Fetches the account anew, after an approval or a change elsewhere.
    ///
    /// # Errors
    /// No connection; [`crate::ClientError::AccountKeyChanged`] where another window or device made a new account key; a refusal
    /// if the account's keys changed under it.
    pub async fn refresh(&self) -> Result<Person> {
        let asked = self.asking();
        let account = self.api().get_account().await?;
        if account.public.id != self.account_id() {
            return Err(Refusal::OtherThing.into());
        }
        let chain = parse_chain(&account.public)?;
        self.state().check_pin(&chain)?;
        self.settle(&account)?;
        let opened = open_keyring(&self.account_key(), &chain, &account.keyring.0);
        if opened.is_err() {
            self.still_present(&account)?;
        }
        opened?;
        let me = self.learn(&account.public, asked)?;
        *self.own_account() = account;
        Ok(me)
    }

    /// All sessions of the account, newest first.
    ///
    /// # Errors
    /// No connection.
    pub async fn sessions(&self) -> Result<Vec<Session>> {
        Ok(self.api().list_sessions().await?.items)
    }

    /// Ends one session.
    ///
    /// # Errors
    /// `confirmation_required` for another than this one: [`Vault::confirm`] first; no connection.
    pub async fn end_session(&self, id: &SessionId) -> Result<()> {
        self.api().end_session(id).await
    }

    /// Ends every session but this one.
    ///
    /// # Errors
    /// `confirmation_required`: [`Vault::confirm`] first; no connection.
    pub async fn end_other_sessions(&self) -> Result<()> {
        self.api().end_other_sessions().await
    }

    /// Saves what is remembered and ends the session. Drop every other clone too.
    ///
    /// # Errors
    /// No connection.
    pub async fn sign_out(self) -> Result<()> {
        // Also what had time until now.
        if let Err(e) = self.save_state().await {
            tracing::warn!(code = e.code(), "what this account remembers was not saved");
        }
        // A token ends by being removed.
        if !self.is_by_api_token() {
            self.api().sign_out().await?;
        }
        self.platform().transport().set_token(None);
        Ok(())
    }
}
