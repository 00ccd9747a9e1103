//! Identity providers (OpenID Connect): in a browser, which the server sends there and back. A provider only says who
//! somebody is; what comes of it is a locked session, and the account's own secrets unlock it.

use api_types::{
    IdentityId,
    identities::{Identity, IdentityPurpose, IdentitySignIn, IdentityToLink, StartIdentity, WaitingIdentity},
};

use crate::{
    api::Api,
    error::Result,
    platform::Platform,
    refusal::Refusal,
    session::{AskSecondFactor, Client, Device, SignedIn, Vouched},
    transport::Transport,
    vault::Vault,
};

/// Where the browser is to go. A server that is not honest could name a script instead of a place.
async fn place<T: Transport>(api: Api<'_, T>, provider: &str, purpose: IdentityPurpose) -> Result<String> {
    // It stands in a path.
    if !provider.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(Refusal::OtherThing.into());
    }
    let place = api.start_identity(provider, &StartIdentity { purpose }).await?.authorization_url;
    let safe = ["https://", "http://localhost:", "http://127.0.0.1:"];
    if safe.iter().any(|begin| place.starts_with(begin)) { Ok(place) } else { Err(Refusal::OtherThing.into()) }
}

impl<P: Platform> Client<P> {
    /// Begins signing in with an identity provider; gives the address that the browser is to go to.
    ///
    /// # Errors
    /// `identity_provider_unavailable`, or no connection.
    pub async fn start_identity(&self, provider: &str) -> Result<String> {
        place(self.api(), provider, IdentityPurpose::SignIn).await
    }

    /// Whom the provider verified in this browser, to make an account of.
    ///
    /// # Errors
    /// `identity_expired`, or no connection.
    pub async fn waiting_identity(&self) -> Result<WaitingIdentity> {
        self.api().get_waiting_identity().await
    }

    /// Signs in as whom the provider verified in this browser. The session is locked: [`SignedIn::unlock`].
    ///
    /// # Errors
    /// `identity_expired`, `identity_not_linked`; the server's `second_factor_required` when nobody answers.
    pub async fn sign_in_with_identity(&self, device: Device, ask: &impl AskSecondFactor) -> Result<SignedIn<P>> {
        let body = IdentitySignIn { second_factor: None, carrier: device.carrier, device: device.name };
        self.sign_in_vouched(Vouched::Identity(body), ask).await
    }
}

impl<P: Platform> Vault<P> {
    /// The identities that sign in to the account, oldest first.
    ///
    /// # Errors
    /// No connection.
    pub async fn identities(&self) -> Result<Vec<Identity>> {
        Ok(self.api().list_identities().await?.items)
    }

    /// Begins linking an identity to the account; gives the address that the browser is to go to. When it is back,
    /// [`Vault::identity_to_link`] says whom the provider named.
    ///
    /// # Errors
    /// `confirmation_required`: [`Vault::confirm`] first. As [`Client::start_identity`].
    pub async fn link_identity(&self, provider: &str) -> Result<String> {
        place(self.api(), provider, IdentityPurpose::Link).await
    }

    /// Whom the provider named in this browser, to be linked: perhaps not its reader, but who used it before.
    ///
    /// # Errors
    /// `identity_expired`, or no connection.
    pub async fn identity_to_link(&self) -> Result<IdentityToLink> {
        self.api().get_identity_to_link().await
    }

    /// Links it: it signs in from then on.
    ///
    /// # Errors
    /// `confirmation_required`: [`Vault::confirm`] first; `identity_expired`, `identity_taken`.
    pub async fn link_waiting_identity(&self) -> Result<()> {
        self.api().link_identity().await
    }

    /// Removes an identity: it signs in no more.
    ///
    /// # Errors
    /// `confirmation_required`: [`Vault::confirm`] first.
    pub async fn remove_identity(&self, id: &IdentityId) -> Result<()> {
        self.api().remove_identity(id).await
    }
}
