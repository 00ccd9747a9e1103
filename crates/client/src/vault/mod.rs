//! [`Vault`]: an unlocked account. Holds the account key, the keyring and what the account remembers; wiped on drop.

mod account;
mod account_key;
mod confirm;
mod device;
mod emergency;
mod keys;
mod new_keys;
mod parting;
mod rotation;
mod saving;

pub use parting::Unsaved;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use api_types::{
    AccountId, ReportId,
    accounts::{OwnAccount, PublicAccount, WayInKind},
    sessions::{Session, WhoAmI},
};
use crypto::{
    account::{AccountKey, KeyChain, Keyring, KeyringError, StateError, open_state},
    audit::VerifiedRequests,
    defence::Defence,
    ids::{AccountId as CryptoAccountId, TeamId},
    kem::PrivateKey,
};
use zeroize::Zeroizing;

use crate::{
    api::Api,
    error::Result,
    ids::ToCrypto,
    key_log::KeyLog,
    log::{EVENTS, Guard, SeenEvent},
    memory::{Memory, Pinned},
    people::Directory,
    platform::Platform,
    refusal::Refusal,
    reports::Called,
    session::{Shared, SignedIn, signed_passkeys, way_in, who_is},
    state::{ClientState, PasskeysSeen},
    versions::Waiting,
};

/// An unlocked account. Clones share it; the last one dropped wipes the keys.
pub struct Vault<P: Platform>(Arc<Inner<P>>);

impl<P: Platform> Clone for Vault<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<P> {
    shared: Arc<Shared<P>>,
    pinned: Pinned,
    account: Mutex<OwnAccount>,
    session: Session,
    token: Option<Zeroizing<String>>,
    keys: Mutex<AccountKeys>,
    epochs: Mutex<Epochs>,
    id: CryptoAccountId,
    state: Mutex<ClientState>,
    counter: Arc<Mutex<u64>>,
    dirty: AtomicBool,
    /// What there is to save, and no save of its own is made for it before the session ends.
    later: AtomicBool,
    changes: AtomicU64,
    saving: Arc<futures::lock::Mutex<()>>,
    people: Mutex<Directory>,
    called: Mutex<BTreeMap<CryptoAccountId, Called>>,
    looked_up: Mutex<Vec<PublicAccount>>,
    closed: Mutex<BTreeSet<CryptoAccountId>>,
    seen_events: Mutex<BTreeMap<ReportId, SeenEvent>>,
    verified_requests: Mutex<VerifiedRequests>,
    team_keys: Mutex<BTreeMap<(TeamId, u32), PrivateKey>>,
    unanswered: futures::lock::Mutex<Waiting>,
    log: Guard,
    key_log: KeyLog,
}

/// The account key, and during a rotation the one that may have taken its place.
struct AccountKeys {
    current: AccountKey,
    /// Which one it is.
    generation: u32,
    next: Option<Pending>,
}

/// An account key that may count already, with the keys that came with it.
struct Pending {
    key: AccountKey,
    epochs: Epochs,
    /// The ways in by passkey that it is wrapped to.
    passkeys: PasskeysSeen,
}

/// The account's own keys of all epochs, and the records of their public halves.
#[derive(Clone)]
pub(crate) struct Epochs {
    /// Private.
    pub keyring: Arc<Keyring>,
    /// Public.
    pub chain: Arc<KeyChain>,
}

/// Opens a keyring, refusing one that is older than the account's key records.
pub(crate) fn open_keyring(key: &AccountKey, chain: &KeyChain, sealed: &[u8]) -> Result<Keyring> {
    Keyring::open(key, chain, sealed).map_err(|e| match e {
        KeyringError::Behind { .. } => Refusal::KeyringBehind.into(),
        _ => Refusal::KeyringForged.into(),
    })
}

/// Opens a client state, refusing one that is older than seen or that belongs to another server.
pub(crate) fn open_client_state(
    key: &AccountKey,
    account: &OwnAccount,
    seen: u64,
    pinned: &Pinned,
) -> Result<(u64, ClientState)> {
    let id = account.public.id.crypto();
    let opened = open_state(key, &id, seen, &account.client_state.0).map_err(|e| match e {
        StateError::RolledBack { .. } => Refusal::StateBehind,
        _ => Refusal::StateForged,
    });
    let (counter, plain) = opened?;
    if counter != account.client_state_counter {
        return Err(Refusal::StateBehind.into());
    }
    let state = ClientState::parse(plain.expose()).map_err(|_| Refusal::StateForged)?;
    if state.instance.is_some_and(|i| i != pinned.instance) {
        return Err(Refusal::InstanceChanged.into());
    }
    let exchanged = state.organisation.is_some() && state.organisation != pinned.organisation;
    if exchanged && Defence::PinnedOrganisation.holds() {
        return Err(Refusal::OrganisationKeyChanged.into());
    }
    Ok((counter, state))
}

impl<P: Platform> Vault<P> {
    /// Opens everything that came with a sign-in and checks it against what is remembered.
    pub(crate) fn open(
        shared: Arc<Shared<P>>,
        pinned: Pinned,
        account: OwnAccount,
        chain: KeyChain,
        key: AccountKey,
        session: Session,
        token: Option<Zeroizing<String>>,
    ) -> Result<Self> {
        let keyring = open_keyring(&key, &chain, &account.keyring.0)?;
        // Also where something else opened the account: what is signed later names this generation.
        let password = way_in(&account, WayInKind::Password)?;
        crypto::account::verify_way_in(&password, &chain).map_err(|_| Refusal::WayInForged)?;
        let generation = password.claimed().generation;
        shared.memory().check_way_in(&account.public.id, generation)?;
        let seen = shared.memory().counter(&account.public.id);
        let (counter, mut state) = open_client_state(&key, &account, seen, &pinned)?;
        state.check_pin(&chain)?;
        let organisation = state.organisation;
        state.organisation = pinned.organisation;
        let dirty = state.pin(&chain) || organisation != pinned.organisation;
        let dirty = state.look_at_passkeys(generation, &signed_passkeys(&account, &chain, generation)?)? || dirty;
        shared.memory().note(&account.public.id, counter);
        let (id, chain) = (chain.account(), Arc::new(chain));
        let said = shared.log_keys();
        let pinned_labels = state.keys.labels;
        let labels = state.keys.pin_labels(said.labels)?;
        let dirty = dirty || pinned_labels != state.keys.labels;
        let log = Guard::new(EVENTS, said.events);
        let key_log = KeyLog::new(said.keys, labels);
        let mut people = Directory::default();
        people.0.insert(id, Arc::clone(&chain));
        let epochs = Epochs { keyring: Arc::new(keyring), chain };
        Ok(Self(Arc::new(Inner {
            shared,
            pinned,
            account: Mutex::new(account),
            session,
            token,
            keys: Mutex::new(AccountKeys { current: key, generation, next: None }),
            epochs: Mutex::new(epochs),
            id,
            state: Mutex::new(state),
            counter: Arc::new(Mutex::new(counter)),
            dirty: AtomicBool::new(dirty),
            later: AtomicBool::new(false),
            changes: AtomicU64::new(0),
            saving: Arc::default(),
            people: Mutex::new(people),
            called: Mutex::default(),
            looked_up: Mutex::default(),
            closed: Mutex::default(),
            seen_events: Mutex::default(),
            verified_requests: Mutex::default(),
            team_keys: Mutex::default(),
            unanswered: futures::lock::Mutex::default(),
            log,
            key_log,
        })))
    }

    /// Forgets the keys of this handle and gives back the locked session. Drop every other clone too. What is not saved
    /// yet is lost, unless [`Vault::unsaved`] took it before.
    pub fn lock(self) -> SignedIn<P> {
        let who = self.who();
        SignedIn::locked(Arc::clone(&self.0.shared), who, self.0.token.clone())
    }

    /// Whose it is, as `GET /session` would say.
    pub fn who(&self) -> WhoAmI {
        who_is(&self.own_account(), self.0.session.clone())
    }

    /// The account's id.
    pub fn account_id(&self) -> AccountId {
        AccountId(self.0.id.0)
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    /// The bearer token of a fresh session, for a caller that keeps it in an operating system's keyring. Secret.
    pub fn token(&self) -> Option<&str> {
        self.0.token.as_ref().map(|t| t.as_str())
    }

    /// The account key, for a caller that keeps it in an operating system's keyring. The most secret thing there is.
    pub fn account_key(&self) -> AccountKey {
        self.keys_now().current.clone()
    }

    fn keys_now(&self) -> MutexGuard<'_, AccountKeys> {
        self.0.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to keep on this device until next time. Not secret.
    pub fn remembered(&self) -> Memory {
        self.0.shared.memory().clone()
    }

    /// The platform.
    pub fn platform(&self) -> &P {
        &self.0.shared.platform
    }

    /// Typed calls, for what needs no verification.
    pub fn api(&self) -> Api<'_, P::Transport> {
        self.0.shared.api()
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.shared.now()
    }

    /// Now, but never before the own key record: a signature from before its key's time counts for nobody, and a device's
    /// clock may be behind the one that made the account.
    pub(crate) fn signing_time(&self) -> i64 {
        self.now().max(self.chain().current().claimed().created_at)
    }

    pub(crate) fn id(&self) -> CryptoAccountId {
        self.0.id
    }

    /// The own keys as they are now: they change when new ones are made ([`Vault::rotate_keys`]).
    pub(crate) fn epochs(&self) -> Epochs {
        self.epochs_now().clone()
    }

    pub(crate) fn chain(&self) -> Arc<KeyChain> {
        Arc::clone(&self.epochs_now().chain)
    }

    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.epochs_now().keyring)
    }

    fn epochs_now(&self) -> MutexGuard<'_, Epochs> {
        self.0.epochs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this device remembers.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.shared.memory()
    }

    /// The log of events, as this session sees it.
    pub(crate) fn events_log(&self) -> &Guard {
        &self.0.log
    }

    /// The log of keys, as this session sees it.
    pub(crate) fn key_log(&self) -> &KeyLog {
        &self.0.key_log
    }

    pub(crate) fn pinned(&self) -> &Pinned {
        &self.0.pinned
    }

    pub(crate) fn own_account(&self) -> MutexGuard<'_, OwnAccount> {
        self.0.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, ClientState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn people(&self) -> MutexGuard<'_, Directory> {
        self.0.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names that came with the keys of those who were verified in this session.
    pub(crate) fn called(&self) -> MutexGuard<'_, BTreeMap<CryptoAccountId, Called>> {
        self.0.called.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accounts found by their e-mail. The server tells of a patient by id only to those who have a report in common.
    pub(crate) fn looked_up(&self) -> MutexGuard<'_, Vec<PublicAccount>> {
        self.0.looked_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accounts that this session knows to be closed, by a word that was verified.
    pub(crate) fn closed_accounts(&self) -> MutexGuard<'_, BTreeSet<CryptoAccountId>> {
        self.0.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest event of each report that this session has verified.
    pub(crate) fn seen_events(&self) -> MutexGuard<'_, BTreeMap<ReportId, SeenEvent>> {
        self.0.seen_events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signatures of readers that this session has verified: the events of a report are asked for anew whenever it changes.
    pub(crate) fn verified_requests(&self) -> MutexGuard<'_, VerifiedRequests> {
        self.0.verified_requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A team's private key of an epoch, if this session has opened it.
    pub(crate) fn team_key(&self, team: TeamId, key_epoch: u32) -> Option<PrivateKey> {
        self.team_keys().get(&(team, key_epoch)).cloned()
    }

    pub(crate) fn team_keys(&self) -> MutexGuard<'_, BTreeMap<(TeamId, u32), PrivateKey>> {
        self.0.team_keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Versions that the server may have taken, by report.
    pub(crate) fn unanswered(&self) -> &futures::lock::Mutex<Waiting> {
        &self.0.unanswered
    }

    /// The state changed: the next save sends it.
    pub(crate) fn touch(&self) {
        self.0.dirty.store(true, Ordering::Release);
        self.count_change();
    }

    /// The state changed by something that comes often: it goes with the next save, at the latest when the session ends.
    pub(crate) fn touch_later(&self) {
        self.0.later.store(true, Ordering::Release);
    }

    /// More was seen than before.
    fn count_change(&self) {
        self.0.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// How often that was.
    pub(crate) fn changes(&self) -> u64 {
        self.0.changes.load(Ordering::Acquire)
    }
}
