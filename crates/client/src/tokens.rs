//! Personal API tokens. A token stands in a session's place and gives ciphertext and metadata within its scopes; what opens them is
//! the account key, which its holder brings ([`crate::SignedIn::unlock_with`]).

use std::collections::BTreeMap;

use api_types::{
    ApiTokenId, SessionId,
    audit::AuditEvent,
    tokens::{ApiToken, ApiTokenCreated, NewApiToken, TOKEN_PREFIX},
};

use crate::{error::Result, platform::Platform, refusal::Refusal, reports::said, vault::Vault};

/// What stood in a session's place when something was done, as the event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// One of the actor's API tokens.
    ApiToken,
    /// A device that sends, which is the actor.
    Device,
}

impl Via {
    /// Of an event; none where it was a session, or the event is from before this was noted.
    pub fn of(event: &AuditEvent) -> Option<Self> {
        match said(event, "via")? {
            "token" => Some(Self::ApiToken),
            "device" => Some(Self::Device),
            _ => None,
        }
    }
}

/// Whether this is an API token's text, by how it begins.
pub(crate) fn is_api_token(token: Option<&str>) -> bool {
    token.is_some_and(|token| token.starts_with(TOKEN_PREFIX))
}

impl<P: Platform> Vault<P> {
    /// Whether an API token stands in the session's place. Then nothing is saved on the server that this account remembers: no
    /// token may replace it. What is learnt is checked all the same, and remembered as far as the device's memory goes.
    pub fn is_by_api_token(&self) -> bool {
        is_api_token(self.token())
    }

    /// The account's API tokens, newest first.
    ///
    /// # Errors
    /// No connection.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>> {
        Ok(self.api().list_api_tokens().await?.items)
    }

    /// What this account calls its API tokens, by the id that stands in a session's place in events. None where a token stands there now:
    /// no token reaches that list.
    ///
    /// # Errors
    /// No connection.
    pub async fn token_names(&self) -> Result<BTreeMap<SessionId, String>> {
        if self.is_by_api_token() {
            return Ok(BTreeMap::new());
        }
        Ok(self.api_tokens().await?.into_iter().map(|token| (SessionId(token.id.0), token.name)).collect())
    }

    /// Makes an API token; its text is shown this once.
    ///
    /// # Errors
    /// `confirmation_required`: [`Vault::confirm`] first. `conflict` where there are as many as there may be.
    /// [`Refusal::OtherThing`] where the server made a token for more than was asked.
    pub async fn create_api_token(&self, new: &NewApiToken) -> Result<ApiTokenCreated> {
        let made = self.api().create_api_token(new).await?;
        let wider = made.token.scopes.iter().any(|scope| !new.scopes.contains(scope));
        if wider || !is_api_token(Some(&made.secret)) {
            return Err(Refusal::OtherThing.into());
        }
        Ok(made)
    }

    /// Removes the API token that stands in this session's place, for who keeps it no longer. Other sessions are left alone.
    ///
    /// # Errors
    /// No connection.
    pub async fn end_api_token(&self) -> Result<()> {
        match self.is_by_api_token() {
            true => self.api().sign_out().await,
            false => Ok(()),
        }
    }

    /// Removes an API token: it ends at once.
    ///
    /// # Errors
    /// No connection; `not_found`.
    pub async fn remove_api_token(&self, id: &ApiTokenId) -> Result<()> {
        self.api().remove_api_token(id).await
    }
}
