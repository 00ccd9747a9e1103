//! Signing in by what somebody else vouches for, a provider or a phone's network: a locked session, since that opens nothing.

use std::sync::Arc;

use api_types::{
    identities::IdentitySignIn, phones::PhoneSignIn, second_factors::SecondFactorProof,
    sign_in::SignedIn as SignedInBody,
};
use zeroize::Zeroizing;

use super::{AskSecondFactor, Asking, Client, SignedIn, who_is};
use crate::{api::Api, error::Result, platform::Platform, transport::Transport};

/// What is sent, and again with a second factor where one is asked for.
pub(crate) enum Vouched {
    /// By an identity that a provider verified.
    Identity(IdentitySignIn),
    /// By a code that came to a phone.
    Phone(PhoneSignIn),
}

impl Vouched {
    async fn send<T: Transport>(&self, api: Api<'_, T>) -> Result<SignedInBody> {
        match self {
            Self::Identity(body) => api.sign_in_with_identity(body).await,
            Self::Phone(body) => api.sign_in_with_phone(body).await,
        }
    }

    fn prove(&mut self, proof: SecondFactorProof) {
        match self {
            Self::Identity(body) => body.second_factor = Some(proof),
            Self::Phone(body) => body.second_factor = Some(proof),
        }
    }
}

impl<P: Platform> Client<P> {
    /// Signs in so, asking for the second factor as long as the server does.
    pub(crate) async fn sign_in_vouched(&self, mut by: Vouched, ask: &impl AskSecondFactor) -> Result<SignedIn<P>> {
        // Another server must not begin a session here.
        self.pinned().await?;
        let mut asking = Asking::new(ask);
        let done = loop {
            match by.send(self.api()).await {
                Ok(done) => break done,
                Err(error) => by.prove(asking.after(error).await?),
            }
        };
        self.platform().transport().set_token(done.token.as_deref());
        let who = who_is(&done.account, done.session);
        Ok(SignedIn::locked(Arc::clone(self.shared()), who, done.token.map(Zeroizing::new)))
    }
}
