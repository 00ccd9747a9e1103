//! Passkeys: signing in, unlocking, confirming, adding and removing. What talks to the authenticator is the caller's
//! ([`Authenticator`]); the output of its pseudo-random function stays on this device.

use std::{future::Future, sync::Arc};

use api_types::{
    B64,
    accounts::{OwnAccount, WayInKind},
    passkeys::{NewPasskey, PasskeyAssertion, PasskeyConfirmation, PasskeyCreation, PasskeySignIn},
    second_factors::SecondFactorProof,
};
use crypto::{
    account::{AccountKey, KeyChain, PasskeySecret, WayIn, WayInError, WayInSecret},
    sign::Signed,
};
use zeroize::Zeroizing;

use crate::{
    api::Api,
    error::{ClientError, Result},
    memory::Pinned,
    platform::{MaybeSend, MaybeSync, Platform},
    refusal::Refusal,
    session::{Client, Device, SignedIn, own_chain, way_in, ways_in, who_is},
    state::Standing,
    transport::Transport,
    vault::Vault,
};

/// Why there was no answer from a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasskeyError {
    /// The person declined, took too long, or has none for this place: authenticators don't tell which.
    #[error("No passkey answered. You may have closed the question, or there is none for this place.")]
    Declined,
    /// This authenticator has one of the account already.
    #[error("This device has a passkey of your account already.")]
    Known,
    /// The browser or this address can't do it.
    #[error("Passkeys can't be used in this browser.")]
    Unsupported,
    /// It opens nothing here: without a pseudo-random function, or another account's.
    #[error("This passkey does not unlock your reports. Use your password.")]
    OpensNothing,
}

/// What a passkey is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyAsk {
    /// To be signed.
    pub challenge: Vec<u8>,
    /// Relying party id.
    pub rp_id: String,
    /// Only this credential.
    pub only: Option<Vec<u8>>,
    /// Input of the pseudo-random function.
    pub input: [u8; 32],
}

/// A passkey just made.
#[derive(Debug)]
pub struct PasskeyMade {
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `attestationObject`.
    pub attestation_object: Vec<u8>,
    /// Whether it has a pseudo-random function.
    pub has_prf: bool,
    /// What that gave, where it answers as soon as the passkey is made.
    pub secret: Option<PasskeySecret>,
}

/// A passkey's answer.
#[derive(Debug)]
pub struct PasskeyAnswer {
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// `signature`.
    pub signature: Vec<u8>,
    /// `userHandle`.
    pub user_handle: Vec<u8>,
    /// What its pseudo-random function gave.
    pub secret: Option<PasskeySecret>,
}

/// Whatever holds passkeys: a browser's `navigator.credentials`.
pub trait Authenticator: MaybeSync {
    /// Makes a passkey.
    fn create(
        &self,
        options: &PasskeyCreation,
        input: [u8; 32],
    ) -> impl Future<Output = Result<PasskeyMade>> + MaybeSend;

    /// Lets a passkey answer.
    fn get(&self, ask: PasskeyAsk) -> impl Future<Output = Result<PasskeyAnswer>> + MaybeSend;
}

/// What signing in with a passkey gave.
pub enum ByPasskey<P: Platform> {
    /// The passkey opened the account as well.
    Open(Vault<P>),
    /// It doesn't open it: the password does.
    Locked(SignedIn<P>),
}

/// A passkey that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedPasskey {
    /// Whether it opens the account.
    pub unlocks: bool,
    /// Recovery codes, where it is the first second factor; shown once.
    pub codes: Vec<String>,
}

/// The account key, by whichever way in the secret opens; of one generation with the way in by password. `None` where it
/// opens none.
fn open_any(account: &OwnAccount, chain: &KeyChain, secret: Option<&PasskeySecret>) -> Result<Option<AccountKey>> {
    let Some(secret) = secret else { return Ok(None) };
    for way in ways_in(account, WayInKind::Passkey)? {
        match crypto::account::unlock(&way, chain, WayInSecret::Passkey(secret)) {
            Ok(key) => {
                let generation = way.claimed().generation;
                same_generation([&way_in(account, WayInKind::Password)?], generation)?;
                return Ok(Some(key));
            }
            Err(WayInError::WrongSecret) => {}
            Err(_) => return Err(Refusal::WayInForged.into()),
        }
    }
    Ok(None)
}

/// What a passkey answers to a fresh challenge.
async fn asked<T: Transport>(
    api: Api<'_, T>,
    pinned: &Pinned,
    authenticator: &impl Authenticator,
) -> Result<(PasskeyAssertion, Option<PasskeySecret>)> {
    let challenge = api.challenge_passkey().await?;
    let ask = PasskeyAsk {
        challenge: challenge.challenge.0,
        rp_id: challenge.rp_id,
        only: None,
        input: PasskeySecret::input(&pinned.instance),
    };
    let answer = authenticator.get(ask).await?;
    let assertion = PasskeyAssertion {
        ceremony_id: challenge.ceremony_id,
        credential_id: B64(answer.credential_id),
        client_data: B64(answer.client_data),
        authenticator_data: B64(answer.authenticator_data),
        signature: B64(answer.signature),
        user_handle: B64(answer.user_handle),
    };
    Ok((assertion, answer.secret))
}

impl<P: Platform> Client<P> {
    /// Signs in with a passkey, and unlocks where it opens the account.
    ///
    /// # Errors
    /// [`PasskeyError`]; the server's `passkey_failed`; refusals of forged answers.
    pub async fn sign_in_with_passkey(
        &self,
        device: Device,
        authenticator: &impl Authenticator,
    ) -> Result<ByPasskey<P>> {
        let pinned = self.pinned().await?;
        let (assertion, secret) = asked(self.api(), &pinned, authenticator).await?;
        let user = assertion.user_handle.clone();
        let sign_in = PasskeySignIn { assertion, carrier: device.carrier, device: device.name };
        let body = self.api().sign_in_with_passkey(&sign_in).await?;
        // The passkey says whose it is.
        if user.0 != body.account.public.id.0[..16] {
            return Err(Refusal::OtherThing.into());
        }
        let chain = own_chain(&body.account)?;
        let Some(key) = open_any(&body.account, &chain, secret.as_ref())? else {
            self.platform().transport().set_token(body.token.as_deref());
            let who = who_is(&body.account, body.session);
            let token = body.token.map(Zeroizing::new);
            return Ok(ByPasskey::Locked(SignedIn::locked(Arc::clone(self.shared()), who, token)));
        };
        let vault = self.finish(body, &pinned, |_| Ok(key)).await?;
        vault.catch_up_account_key().await;
        Ok(ByPasskey::Open(vault))
    }

    /// What a passkey answers as a second factor beside the password.
    ///
    /// # Errors
    /// [`PasskeyError`], or no connection.
    pub async fn passkey_proof(&self, authenticator: &impl Authenticator) -> Result<SecondFactorProof> {
        let pinned = self.pinned().await?;
        let (assertion, _) = asked(self.api(), &pinned, authenticator).await?;
        Ok(SecondFactorProof::passkey(assertion))
    }
}

impl<P: Platform> SignedIn<P> {
    /// Unlocks with a passkey that opens the account. The session stays as it is.
    ///
    /// # Errors
    /// [`PasskeyError::OpensNothing`] for one that doesn't; else as [`Client::sign_in_with_passkey`].
    pub async fn unlock_with_passkey(&self, authenticator: &impl Authenticator) -> Result<Vault<P>> {
        let pinned = self.client().pinned().await?;
        let (_, secret) = asked(self.client().api(), &pinned, authenticator).await?;
        let account = self.own_account().await?;
        let chain = own_chain(&account)?;
        let opened = open_any(&account, &chain, secret.as_ref())?;
        let vault = self.open(pinned, account, chain, opened.ok_or(PasskeyError::OpensNothing)?)?;
        vault.keep_what_went().await;
        Ok(vault)
    }
}

impl<P: Platform> Vault<P> {
    /// Proves a passkey in the place of password and second factor: for ten minutes the session may change how one gets in.
    ///
    /// # Errors
    /// [`PasskeyError`]; the server's `passkey_failed`.
    pub async fn confirm_with_passkey(&self, authenticator: &impl Authenticator) -> Result<()> {
        let (assertion, _) = asked(self.api(), self.pinned(), authenticator).await?;
        self.api().confirm_with_passkey(&PasskeyConfirmation { assertion }).await
    }

    /// Adds a passkey. Where its authenticator has a pseudo-random function it becomes a way in. Sessions that proved no
    /// second factor end, but this one.
    ///
    /// # Errors
    /// `confirmation_required`: [`Vault::confirm`] first. [`PasskeyError`].
    pub async fn add_passkey(&self, label: &str, authenticator: &impl Authenticator) -> Result<AddedPasskey> {
        let options = self.api().start_passkey().await?;
        let input = PasskeySecret::input(&self.pinned().instance);
        let made = authenticator.create(&options, input).await?;
        let secret = match made.secret {
            None if made.has_prf => {
                // Many authenticators say it only when asked again.
                let again = PasskeyAsk {
                    challenge: options.challenge.0.clone(),
                    rp_id: options.rp_id.clone(),
                    only: Some(made.credential_id.clone()),
                    input,
                };
                match authenticator.get(again).await {
                    Ok(answer) => answer.secret,
                    // The passkey is made: it signs in all the same.
                    Err(ClientError::Passkey(_)) => None,
                    Err(error) => return Err(error),
                }
            }
            given => given,
        };
        // A rotation must not come between.
        let no_save_meanwhile = self.lock_saving().await;
        let (way_in, announced_in) = match &secret {
            Some(secret) => self.announced_passkey(secret).await.map(|(way, counter)| (Some(way), Some(counter)))?,
            None => (None, None),
        };
        let new = NewPasskey {
            ceremony_id: options.ceremony_id,
            label: label.to_owned(),
            credential_id: B64(made.credential_id),
            client_data: B64(made.client_data),
            attestation_object: B64(made.attestation_object),
            way_in,
            announced_in,
        };
        let added = self.api().add_passkey(&new).await?;
        if let Some(way) = &new.way_in {
            self.note_passkey(way, Standing::There);
        }
        drop(no_save_meanwhile);
        self.save_state_soon().await;
        self.make_due_account_key().await;
        Ok(AddedPasskey { unlocks: secret.is_some(), codes: added.codes })
    }
}

/// Of these ways in none lags behind the others: a key wrapped to a voided one would be its finder's.
pub(crate) fn same_generation<'a>(ways: impl IntoIterator<Item = &'a Signed<WayIn>>, generation: u32) -> Result<()> {
    let behind = ways.into_iter().any(|way| way.claimed().generation != generation);
    if behind && crypto::defence::Defence::WayInGeneration.holds() {
        return Err(Refusal::WayInBehind.into());
    }
    Ok(())
}
