//! What the tests share: a deterministic generator and people with accounts.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;

use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use crypto::{
    account::{AccountKey, KeyChain, KeyDirectory, Keyring, WayInSetup},
    ids::{AccountId, GrantId, Hash32, ReportId, TeamId},
    kem::{PrivateKey, Suite},
    report::{
        AccessEntry, AccessState, AccountRecipient, Change, ContentKey, Genesis, Grant, Patient, Purpose, Recipient,
        Right, TeamRecipient, Versions,
    },
    secret::Secret,
    sign::Signed,
    team::{TeamChain, TeamError, TeamMember, TeamRole, TeamRoster},
};

/// A day in 2026, Unix milliseconds.
pub const T0: i64 = 1_790_000_000_000;

/// A generator of known bytes.
pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Someone with an account.
pub struct Person {
    pub keyring: Keyring,
    pub chain: KeyChain,
    pub ak: AccountKey,
}

impl Person {
    pub fn new(seed: u64) -> Self {
        let mut rng = rng(seed);
        let (keyring, record) = Keyring::create(T0, &mut rng);
        Self { keyring, chain: KeyChain::verify(vec![record]).unwrap(), ak: AccountKey::generate(&mut rng) }
    }

    pub fn id(&self) -> AccountId {
        self.chain.account()
    }

    /// What a way in to the first account key is made for.
    pub fn way_in_setup(&self) -> WayInSetup<'_> {
        WayInSetup { account: self.id(), keys: self.keyring.current(), account_key: &self.ak, generation: 0, time: T0 }
    }

    /// Begins a new epoch.
    pub fn rotate(&mut self, time: i64, seed: u64) {
        let record = self.keyring.rotate(&self.chain, time, &mut rng(seed)).unwrap();
        let mut records = self.chain.records().to_vec();
        records.push(record);
        self.chain = KeyChain::verify(records).unwrap();
    }
}

/// The key chains of several people.
pub fn directory<'a>(people: impl IntoIterator<Item = &'a Person>) -> BTreeMap<AccountId, KeyChain> {
    people.into_iter().map(|p| (p.id(), p.chain.clone())).collect()
}

/// A grant to an account, for all versions and for ever.
pub fn grant_to(id: u8, to: &Person, right: Right) -> Grant {
    Grant {
        id: GrantId([id; 16]),
        recipient: Recipient::Account(AccountRecipient::current(&to.chain)),
        right,
        purpose: Purpose::new("treatment").unwrap(),
        versions: Versions::ALL,
        expires_at: 0,
        parent: None,
    }
}

/// A report and the entries signed so far.
pub struct Chain {
    pub genesis: Signed<Genesis>,
    pub entries: Vec<Signed<AccessEntry>>,
}

impl Chain {
    pub fn new(creator: &Person, patient: Patient, seed: u8) -> Self {
        let keys = creator.keyring.current();
        let genesis = Genesis { creator: creator.id(), epoch: keys.epoch, patient, time: T0 + 10, random: [seed; 32] };
        Self { genesis: Signed::sign(genesis, &keys.signing), entries: Vec::new() }
    }

    /// A doctor's report about a patient with an account, founded.
    pub fn founded(doctor: &Person, patient: &Person) -> Self {
        let mut chain = Self::new(doctor, Patient::Account(patient.id()), 7);
        chain.push(doctor, Change::Grant(grant_to(1, patient, Right::Own)));
        chain.push(doctor, Change::Grant(grant_to(2, doctor, Right::Reshare)));
        chain
    }

    pub fn report(&self) -> ReportId {
        ReportId::of(&self.genesis)
    }

    pub fn head(&self) -> Hash32 {
        self.entries.last().map_or(self.genesis.hash(), |e| e.hash())
    }

    /// The next entry, as an honest client would make it.
    pub fn entry(&self, author: &Person, change: Change) -> AccessEntry {
        AccessEntry {
            report: self.report(),
            seq: self.entries.len() as u64 + 1,
            previous: self.head(),
            time: T0 + 100 + self.entries.len() as i64,
            author: author.id(),
            epoch: author.keyring.current().epoch,
            change,
        }
    }

    pub fn push(&mut self, author: &Person, change: Change) -> &mut Self {
        let entry = self.entry(author, change);
        self.push_entry(author, entry)
    }

    pub fn push_entry(&mut self, author: &Person, entry: AccessEntry) -> &mut Self {
        self.entries.push(Signed::sign(entry, &author.keyring.current().signing));
        self
    }

    pub fn replay(&self, keys: &impl KeyDirectory) -> Result<AccessState, crypto::report::ChainError> {
        AccessState::replay(&self.genesis, &self.entries, keys, T0 + 1000)
    }
}

/// A team's rosters signed so far, with its private keys.
#[derive(Clone)]
pub struct Team {
    pub rosters: Vec<Signed<TeamRoster>>,
    pub keys: Vec<PrivateKey>,
}

/// The private key of a team's epoch.
pub fn team_key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(Suite::XWing, Secret::new([seed; 32]))
}

/// Members in the order of a roster; the first is the manager.
pub fn members(people: &[&Person]) -> Vec<TeamMember> {
    let role = |at| if at == 0 { TeamRole::Manager } else { TeamRole::Member };
    let mut members: Vec<_> =
        people.iter().enumerate().map(|(at, p)| TeamMember { account: p.id(), role: role(at) }).collect();
    members.sort_by_key(|member| member.account);
    members
}

impl Team {
    pub fn new(manager: &Person, others: &[&Person]) -> Self {
        let people: Vec<&Person> = [manager].into_iter().chain(others.iter().copied()).collect();
        let first = TeamRoster {
            team: None,
            seq: 0,
            previous: None,
            name: "Cardiology".into(),
            key_epoch: 0,
            key: team_key(90).public(),
            members: members(&people),
            author: manager.id(),
            epoch: manager.keyring.current().epoch,
            time: T0 + 20,
        };
        let rosters = vec![Signed::sign(first, &manager.keyring.current().signing)];
        Self { rosters, keys: vec![team_key(90)] }
    }

    pub fn id(&self) -> TeamId {
        TeamId::of(&self.rosters[0])
    }

    /// The next roster, as an honest manager would make it.
    pub fn next(&self, author: &Person, members: Vec<TeamMember>, new_key: bool) -> TeamRoster {
        let last = self.rosters.last().unwrap();
        let before = last.claimed();
        let key_epoch = before.key_epoch + u32::from(new_key);
        TeamRoster {
            team: Some(self.id()),
            seq: before.seq + 1,
            previous: Some(last.hash()),
            key_epoch,
            key: team_key(90 + key_epoch as u8).public(),
            members,
            author: author.id(),
            epoch: author.keyring.current().epoch,
            time: before.time + 10,
            ..before.clone()
        }
    }

    pub fn push(&mut self, author: &Person, roster: TeamRoster) -> &mut Self {
        if roster.key_epoch as usize == self.keys.len() {
            self.keys.push(team_key(90 + roster.key_epoch as u8));
        }
        self.rosters.push(Signed::sign(roster, &author.keyring.current().signing));
        self
    }

    pub fn verify(&self, keys: &impl KeyDirectory) -> Result<TeamChain, TeamError> {
        TeamChain::verify(&self.id(), self.rosters.clone(), keys)
    }
}

/// A grant to a team, for all versions and for ever.
pub fn grant_to_team(id: u8, to: &TeamChain, right: Right) -> Grant {
    Grant {
        id: GrantId([id; 16]),
        recipient: Recipient::Team(TeamRecipient::current(to)),
        right,
        purpose: Purpose::new("treatment").unwrap(),
        versions: Versions::ALL,
        expires_at: 0,
        parent: None,
    }
}

/// A content key of known bytes.
pub fn content_key(byte: u8) -> ContentKey {
    Secret::new([byte; 32])
}
