//! [`Client`] and [`SignedIn`]: before the keys are there.

mod address;
mod next_key;
pub(crate) mod opaque;
mod recover;
mod second_factor;
mod sign_up;
mod vouched;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api_types::{
    accounts::{OwnAccount, VerifyEmail, WayInKind},
    instance::Instance,
    invitations::{InvitationInfo, InvitationToken},
    sessions::{Carrier, Session, WhoAmI},
    sign_in::{FinishSignIn, SignedIn as SignedInBody, StartSignIn},
};
use crypto::{
    account::{
        AccountKey, KeyChain, RecoveryKit, WayIn, WayInError, WayInKind as SignedKind, WayInSecret, verify_way_in,
    },
    ids::WayInId,
    opaque::ExportKey,
    sign::Signed,
};
use zeroize::Zeroizing;

pub use address::{AskedCode, ProvedAddress};
pub(crate) use next_key::{NextKey, make_way};
pub use recover::{Recover, RecoverWithShares};
pub(crate) use second_factor::Asking;
pub use second_factor::{AskSecondFactor, NoSecondFactor, SecondFactorAsked, WhyAsked};
pub use sign_up::SignUp;
pub(crate) use sign_up::new_way_in;
pub(crate) use vouched::Vouched;

use crate::{
    api::Api,
    error::{ClientError, Result},
    log::{Witnesses, WitnessesError},
    memory::{Memory, Pinned},
    platform::{Environment, MaybeSend, Platform, rng},
    refusal::Refusal,
    state::shown_passkeys,
    tokens::is_api_token,
    transport::Transport,
    vault::Vault,
};

/// What every session shares: the platform and this device's memory.
pub(crate) struct Shared<P> {
    pub platform: P,
    pub memory: Mutex<Memory>,
    /// The keys that the server says its logs have. Compared with the pinned ones when a vault is open.
    pub log_keys: Mutex<LogKeys>,
}

impl<P: Platform> Shared<P> {
    pub fn api(&self) -> Api<'_, P::Transport> {
        Api::new(self.platform.transport())
    }

    pub fn now(&self) -> i64 {
        self.platform.environment().now()
    }

    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn log_keys(&self) -> LogKeys {
        self.log_keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the server who it is and compares with what is pinned.
    pub async fn pinned(&self) -> Result<(Instance, Pinned)> {
        let instance = self.api().get_instance().await?;
        let pinned = self.memory().check(&instance)?;
        *self.log_keys.lock().unwrap_or_else(PoisonError::into_inner) = LogKeys::of(&instance);
        Ok((instance, pinned))
    }
}

/// What a server says of the keys of its logs; `None` where it names none, which every server does.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogKeys {
    /// Signs the log of events.
    pub events: Option<String>,
    /// Signs the log of keys.
    pub keys: Option<String>,
    /// Proves the labels of addresses in that.
    pub labels: Option<[u8; 32]>,
}

impl LogKeys {
    pub fn of(instance: &Instance) -> Self {
        let named = |key: &String| Some(key.clone()).filter(|key| !key.is_empty());
        let labels = instance.log_vrf_key.0[..].try_into().ok();
        Self { events: named(&instance.log_key), keys: named(&instance.log_keys_key), labels }
    }
}

/// A client that nobody signed in to.
pub struct Client<P: Platform> {
    shared: Arc<Shared<P>>,
}

impl<P: Platform> Clone for Client<P> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

/// How a session is to be carried and called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Cookie for the page, bearer for programs.
    pub carrier: Carrier,
    /// What the list of sessions shows: "Firefox on Linux", "hs on ward-3".
    pub name: String,
}

impl<P: Platform> Client<P> {
    /// A client that remembers nothing yet.
    pub fn new(platform: P) -> Self {
        Self::with_memory(platform, Memory::default())
    }

    /// A client with what [`Client::memory`] returned on this device before.
    pub fn with_memory(platform: P, memory: Memory) -> Self {
        Self { shared: Arc::new(Shared { platform, memory: Mutex::new(memory), log_keys: Mutex::default() }) }
    }

    /// What to keep on this device until next time.
    pub fn memory(&self) -> Memory {
        self.shared.memory().clone()
    }

    /// Asks for independent witnesses of the server's log from now on; the device's memory keeps them.
    ///
    /// # Errors
    /// [`WitnessesError`]: keys that can't be read, or fewer than required.
    pub fn ask_for_witnesses(&self, witnesses: Witnesses) -> Result<(), WitnessesError> {
        witnesses.quorum()?;
        self.shared.memory().witnesses = witnesses;
        Ok(())
    }

    /// The platform.
    pub fn platform(&self) -> &P {
        &self.shared.platform
    }

    /// Typed calls, for what needs no verification.
    pub fn api(&self) -> Api<'_, P::Transport> {
        self.shared.api()
    }

    /// Who the server is, checked against the pins.
    ///
    /// # Errors
    /// [`Refusal::InstanceChanged`], [`Refusal::OrganisationKeyChanged`], or no connection.
    pub async fn instance(&self) -> Result<Instance> {
        Ok(self.shared.pinned().await?.0)
    }

    /// What an invitation's or set-up link's token is good for.
    ///
    /// # Errors
    /// `invitation_invalid`, or no connection.
    pub async fn look_up_invitation(&self, token: &str) -> Result<InvitationInfo> {
        self.api().look_up_invitation(&InvitationToken { token: token.to_owned() }).await
    }

    /// Verifies the address that a mailed link was sent to, by the link's token.
    ///
    /// # Errors
    /// `email_verification_invalid`, or no connection.
    pub async fn verify_email(&self, token: &str) -> Result<()> {
        self.api().verify_email(&VerifyEmail { token: token.to_owned() }).await
    }

    /// A fresh recovery kit, to be shown before sign-up finishes.
    pub fn new_kit(&self) -> RecoveryKit {
        RecoveryKit::generate(&mut rng())
    }

    /// Signs in with the password and unlocks.
    ///
    /// # Errors
    /// [`ClientError::WrongPassword`] for a wrong password and an unknown account alike; refusals of forged answers; the
    /// server's `second_factor_required` when nobody answers.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        device: Device,
        ask: &impl AskSecondFactor,
    ) -> Result<Vault<P>> {
        crate::content::check_email(email)?;
        let (_, pinned) = self.shared.pinned().await?;
        let (body, export) = self.log_in(email, password, device, (&pinned, ask)).await?;
        let way = way_in(&body.account, WayInKind::Password)?;
        let vault = self.finish(body, &pinned, |chain| open_way(&way, chain, WayInSecret::Password(&export))).await?;
        vault.catch_up_account_key().await;
        Ok(vault)
    }

    async fn log_in(
        &self,
        email: &str,
        password: &str,
        device: Device,
        (pinned, ask): (&Pinned, &impl AskSecondFactor),
    ) -> Result<(SignedInBody, ExportKey)> {
        let step = opaque::start_login(password)?;
        let start = StartSignIn { email: email.trim().to_owned(), credential_request: step.message().into() };
        let started = self.api().start_sign_in(&start).await.map_err(wrong_password)?;
        let done = step.finish(&self.shared.platform, pinned, started.credential_response.0).await?;
        let mut finish = FinishSignIn {
            sign_in_id: started.sign_in_id,
            credential_finalization: done.finalization.into(),
            second_factor: None,
            carrier: device.carrier,
            device: device.name,
        };
        let mut asking = Asking::new(ask);
        loop {
            match self.api().finish_sign_in(&finish).await {
                Ok(body) => return Ok((body, done.export_key)),
                Err(error) => finish.second_factor = Some(asking.after(error).await.map_err(wrong_password)?),
            }
        }
    }

    /// A session that lives already: the page's cookie, or a bearer token kept by the caller.
    ///
    /// # Errors
    /// No connection. `None` when signed out.
    pub async fn resume(&self, token: Option<&str>) -> Result<Option<SignedIn<P>>> {
        // Another server must not see the token.
        self.shared.pinned().await?;
        self.shared.platform.transport().set_token(token);
        let current = self.api().get_session().await?;
        let token = token.map(|t| Zeroizing::new(t.to_owned()));
        Ok(current.signed_in.map(|who| SignedIn { client: self.clone(), who, token }))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<P>> {
        &self.shared
    }

    pub(crate) async fn pinned(&self) -> Result<Pinned> {
        Ok(self.shared.pinned().await?.1)
    }

    /// Makes a vault of a fresh session's answer: signatures, the way in, keyring and client state, one after the other, so that a
    /// page answers in between.
    pub(crate) async fn finish(
        &self,
        body: SignedInBody,
        pinned: &Pinned,
        unlock: impl FnOnce(&KeyChain) -> Result<AccountKey> + MaybeSend,
    ) -> Result<Vault<P>> {
        let environment = self.shared.platform.environment();
        self.shared.platform.transport().set_token(body.token.as_deref());
        let token = body.token.map(Zeroizing::new);
        environment.turn().await;
        let chain = own_chain(&body.account)?;
        environment.turn().await;
        let key = unlock(&chain)?;
        environment.turn().await;
        Vault::open(Arc::clone(&self.shared), *pinned, body.account, chain, key, body.session, token)
    }
}

/// The server's refusal of a login is a wrong password, whatever else it may be called.
pub(crate) fn wrong_password(e: ClientError) -> ClientError {
    match e.problem() {
        Some(api_types::ErrorCode::SignInFailed) => ClientError::WrongPassword,
        _ => e,
    }
}

/// Whose a session is.
pub(crate) fn who_is(account: &OwnAccount, session: Session) -> WhoAmI {
    WhoAmI {
        account_id: account.public.id,
        name: account.public.name.clone(),
        email: account.email.clone(),
        role: account.public.role,
        status: account.public.status,
        second_factor_due: account.second_factor_due,
        removal_at: account.removal_at,
        session,
    }
}

/// The account's own key records.
pub(crate) fn own_chain(account: &OwnAccount) -> Result<KeyChain> {
    crate::people::parse_chain(&account.public)
}

/// The way in of a kind.
pub(crate) fn way_in(account: &OwnAccount, kind: WayInKind) -> Result<Signed<WayIn>> {
    Ok(ways_in(account, kind)?.into_iter().next().ok_or(Refusal::WayInForged)?)
}

/// Every way in of a kind, which its record must be of: one is not taken for another.
pub(crate) fn ways_in(account: &OwnAccount, kind: WayInKind) -> Result<Vec<Signed<WayIn>>> {
    let found = account.ways_in.iter().filter(|way| way.kind == kind);
    let parsed = found.map(|way| Signed::<WayIn>::parse(&way.record.0)).collect::<Result<Vec<_>, _>>();
    let parsed = parsed.map_err(|_| Refusal::WayInForged)?;
    match parsed.iter().all(|way| way.claimed().kind == signed_kind(kind)) {
        true => Ok(parsed),
        false => Err(Refusal::WayInForged.into()),
    }
}

/// The kind as records have it.
fn signed_kind(kind: WayInKind) -> SignedKind {
    match kind {
        WayInKind::Password => SignedKind::Password,
        WayInKind::RecoveryKit => SignedKind::RecoveryKit,
        WayInKind::Passkey => SignedKind::Passkey,
        WayInKind::EmergencyContact => SignedKind::EmergencyContact,
        WayInKind::RecoveryShares => SignedKind::RecoveryShares,
        WayInKind::Escrow => SignedKind::Escrow,
    }
}

/// The ways in by passkey that the account signed for its key of this generation.
pub(crate) fn signed_passkeys(account: &OwnAccount, chain: &KeyChain, generation: u32) -> Result<Vec<WayInId>> {
    let ways = ways_in(account, WayInKind::Passkey)?;
    let counts = |way: &&Signed<WayIn>| way.claimed().generation == generation && verify_way_in(way, chain).is_ok();
    Ok(shown_passkeys(ways.iter().filter(counts)))
}

/// Every way in that isn't the password's or the kit's: they get a new account key with nobody's secret at hand.
pub(crate) fn other_ways_in(account: &OwnAccount) -> Result<Vec<Signed<WayIn>>> {
    let mut others = ways_in(account, WayInKind::Passkey)?;
    others.extend(ways_in(account, WayInKind::EmergencyContact)?);
    others.extend(ways_in(account, WayInKind::RecoveryShares)?);
    others.extend(ways_in(account, WayInKind::Escrow)?);
    Ok(others)
}

/// Opens the account key.
fn open_way(way: &Signed<WayIn>, chain: &KeyChain, secret: WayInSecret<'_>) -> Result<AccountKey> {
    crypto::account::unlock(way, chain, secret).map_err(|e| match e {
        // The password was right for OPAQUE, so a way in that it doesn't open was exchanged.
        WayInError::WrongSecret
            if matches!(
                secret,
                WayInSecret::RecoveryKit(_) | WayInSecret::EmergencyContact(_) | WayInSecret::Escrow(_)
            ) =>
        {
            ClientError::WrongKit
        }
        _ => Refusal::WayInForged.into(),
    })
}

/// A session whose keys are locked.
pub struct SignedIn<P: Platform> {
    client: Client<P>,
    who: WhoAmI,
    token: Option<Zeroizing<String>>,
}

impl<P: Platform> Clone for SignedIn<P> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), who: self.who.clone(), token: self.token.clone() }
    }
}

impl<P: Platform> SignedIn<P> {
    /// Of a vault that locks.
    pub(crate) fn locked(shared: Arc<Shared<P>>, who: WhoAmI, token: Option<Zeroizing<String>>) -> Self {
        Self { client: Client { shared }, who, token }
    }

    /// Whose session it is.
    pub fn who(&self) -> &WhoAmI {
        &self.who
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.who.session
    }

    /// The anonymous client.
    pub fn client(&self) -> &Client<P> {
        &self.client
    }

    /// Unlocks with the password. The server gives the session a new token; the old one ends. A second factor that the
    /// session proved isn't asked for again.
    ///
    /// # Errors
    /// As [`Client::sign_in`].
    pub async fn unlock(&self, password: &str, ask: &impl AskSecondFactor) -> Result<Vault<P>> {
        let device = Device { carrier: self.who.session.carrier, name: self.who.session.device.clone() };
        // The address may have changed since this session was found: with the old one the right password would be wrong.
        let now = self.client.api().get_session().await?.signed_in.filter(|who| who.account_id == self.who.account_id);
        let email = now.map_or_else(|| self.who.email.clone(), |who| who.email);
        let vault = self.client.sign_in(&email, password, device, ask).await?;
        if vault.account_id() == self.who.account_id { Ok(vault) } else { Err(Refusal::OtherThing.into()) }
    }

    /// Unlocks with an account key that the caller kept ([`Vault::account_key`]).
    ///
    /// # Errors
    /// [`Refusal::KeyringForged`] when it isn't this account's key, else as [`Client::sign_in`].
    pub async fn unlock_with(&self, account_key: AccountKey) -> Result<Vault<P>> {
        let pinned = self.client.pinned().await?;
        let account = self.own_account().await?;
        let chain = own_chain(&account)?;
        let vault = self.open(pinned, account, chain, account_key)?;
        vault.keep_what_went().await;
        Ok(vault)
    }

    pub(crate) async fn own_account(&self) -> Result<OwnAccount> {
        let account = self.client.api().get_account().await?;
        if account.public.id == self.who.account_id { Ok(account) } else { Err(Refusal::OtherThing.into()) }
    }

    pub(crate) fn open(
        &self,
        pinned: Pinned,
        account: OwnAccount,
        chain: KeyChain,
        key: AccountKey,
    ) -> Result<Vault<P>> {
        let (session, token) = (self.who.session.clone(), self.token.clone());
        Vault::open(Arc::clone(&self.client.shared), pinned, account, chain, key, session, token)
    }

    /// Ends the session.
    ///
    /// # Errors
    /// No connection.
    pub async fn sign_out(self) -> Result<()> {
        if !is_api_token(self.token.as_ref().map(|token| token.as_str())) {
            self.client.api().sign_out().await?;
        }
        self.client.shared.platform.transport().set_token(None);
        Ok(())
    }
}
