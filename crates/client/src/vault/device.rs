//! What a device verifies with: the same that an account's client does, but for an account of its own. Its pins come from the
//! device's file, the keys beside them are fresh ones that sign and open nothing.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64},
};

use api_types::{
    AccountId, B64, SessionId,
    accounts::{AccountStatus, OwnAccount, PublicAccount, Role},
    sessions::{Carrier, Session},
};
use crypto::{
    account::{AccountKey, KeyChain, Keyring},
    ids::AccountId as CryptoAccountId,
};
use zeroize::Zeroizing;

use super::{AccountKeys, Epochs, Inner, Vault};
use crate::{
    error::{ClientError, Result},
    ids::ToApi,
    key_log::KeyLog,
    log::{EVENTS, Guard},
    memory::Pinned,
    people::Directory,
    platform::{Platform, rng},
    refusal::Refusal,
    session::Shared,
    state::ClientState,
};

impl<P: Platform> Vault<P> {
    /// Of a device. Never leaves this crate.
    pub(crate) fn of_device(
        shared: Arc<Shared<P>>,
        pinned: Pinned,
        id: CryptoAccountId,
        mut state: ClientState,
        token: &str,
    ) -> Result<Self> {
        if state.instance.is_some_and(|instance| instance != pinned.instance) {
            return Err(Refusal::InstanceChanged.into());
        }
        if state.organisation.is_some() && state.organisation != pinned.organisation {
            return Err(Refusal::OrganisationKeyChanged.into());
        }
        state.organisation = pinned.organisation;
        let now = shared.now();
        let (keyring, record) = Keyring::create(now, &mut rng());
        let chain = KeyChain::verify(vec![record]).map_err(|_| ClientError::Internal("fresh keys do not verify"))?;
        let said = shared.log_keys();
        let labels = state.keys.pin_labels(said.labels)?;
        let epochs = Epochs { keyring: Arc::new(keyring), chain: Arc::new(chain) };
        let current = AccountKey::generate(&mut rng());
        Ok(Self(Arc::new(Inner {
            shared,
            pinned,
            account: Mutex::new(nobody(id.api(), now)),
            session: no_session(now),
            token: Some(Zeroizing::new(token.to_owned())),
            keys: Mutex::new(AccountKeys { current, generation: 0, next: None }),
            epochs: Mutex::new(epochs),
            id,
            state: Mutex::new(state),
            counter: Arc::default(),
            dirty: AtomicBool::new(false),
            later: AtomicBool::new(false),
            changes: AtomicU64::new(0),
            saving: Arc::default(),
            people: Mutex::new(Directory::default()),
            called: Mutex::default(),
            looked_up: Mutex::default(),
            closed: Mutex::default(),
            seen_events: Mutex::default(),
            verified_requests: Mutex::default(),
            team_keys: Mutex::default(),
            unanswered: futures::lock::Mutex::default(),
            log: Guard::new(EVENTS, said.events),
            key_log: KeyLog::new(said.keys, labels),
        })))
    }
}

/// There is nothing of it on the server that a person's account has.
fn nobody(id: AccountId, now: i64) -> OwnAccount {
    let public = PublicAccount {
        id,
        name: String::new(),
        role: Role::Patient,
        status: AccountStatus::Active,
        key_records: Vec::new(),
        key_leaves: Vec::new(),
        approval: None,
        closing: None,
    };
    OwnAccount {
        public,
        email: String::new(),
        email_verified_at: None,
        binding: None,
        second_factor_due: false,
        removal_at: None,
        ways_in: Vec::new(),
        keyring: B64::default(),
        client_state: B64::default(),
        client_state_counter: 0,
        organisation_key_wrap: None,
        created_at: now,
    }
}

fn no_session(now: i64) -> Session {
    Session {
        id: SessionId([0; 16]),
        carrier: Carrier::Bearer,
        device: String::new(),
        created_at: now,
        last_seen_at: now,
        expires_at: now,
        place: None,
        same_network: false,
        current: true,
    }
}
