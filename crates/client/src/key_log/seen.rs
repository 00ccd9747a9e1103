//! What the account remembers of the tree of keys: how far it was read, newer keys that others must show, and alarms.

use std::collections::BTreeMap;

use crypto::{account::KeyChain, defence::Defence, ids::AccountId};
use serde::Serialize;
use tlog::{
    leaf::{KeyTreeLeaf, Label},
    vrf::LabelPublicKey,
};

use crate::{ids::ToApi, refusal::Refusal};

/// Most alarms kept: one is enough to act on, and a server could write many.
pub(crate) const ALARMS_MAX: usize = 200;

/// Most addresses watched: more than anybody has in a life.
const ADDRESSES_MAX: usize = 100;

/// An entry of the tree of keys that should not be there. It stays until it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// The entry's place in the tree.
    pub leaf: u64,
    /// What it says.
    #[serde(flatten)]
    pub kind: AlarmKind,
    /// Whether the person has read it and said so.
    pub acknowledged: bool,
}

/// What an entry says that it shouldn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlarmKind {
    /// Keys for one's own account that none of one's devices made.
    OwnKey {
        /// Their epoch.
        epoch: u32,
    },
    /// One's own e-mail address is bound once more, to another account or again to one's own.
    OwnAddress {
        /// Whether it is another's.
        other: bool,
    },
    /// Other keys for somebody than the ones given out, or newer ones that aren't given out.
    OthersKey {
        /// Whose.
        account: api_types::AccountId,
        /// Their epoch.
        epoch: u32,
    },
}

/// A record that the tree has of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Newer {
    pub epoch: u32,
    /// What stands for it ([`KeyTreeLeaf::record_hash`]).
    pub record: [u8; 32],
    /// Its place in the tree.
    pub leaf: u64,
}

impl Newer {
    /// Whether these records have it.
    pub fn is_of(&self, chain: &KeyChain) -> bool {
        chain.record(self.epoch).is_some_and(|record| KeyTreeLeaf::record_hash(&record.hash().0) == self.record)
    }
}

/// What is remembered, sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeysSeen {
    /// The pinned key of labels.
    pub labels: Option<[u8; 32]>,
    /// Entries read.
    pub scanned: u64,
    /// Records that the tree has of pinned accounts, newer than the pin.
    pub newer: BTreeMap<AccountId, Newer>,
    /// Labels of the addresses that the account has and had, with the entries that bind them.
    pub addresses: BTreeMap<Label, u64>,
    /// By the entry's place.
    pub alarms: BTreeMap<u64, Alarm>,
}

impl KeysSeen {
    /// The key of labels: the pinned one, or pins the one that the server names for the first time.
    pub fn pin_labels(&mut self, said: Option<[u8; 32]>) -> Result<Option<LabelPublicKey>, Refusal> {
        if self.labels.is_some() && said != self.labels && Defence::LabelKey.holds() {
            return Err(Refusal::LabelKeyChanged);
        }
        let key = said.map(LabelPublicKey::from_bytes).transpose().map_err(|_| Refusal::LabelKeyChanged)?;
        self.labels = said;
        Ok(key)
    }

    /// Refuses key records that end before those that the tree has.
    pub fn check_newest(&self, chain: &KeyChain) -> Result<(), Refusal> {
        let Some(newer) = self.newer.get(&chain.account()) else { return Ok(()) };
        match newer.is_of(chain) || !Defence::NewestKey.holds() {
            true => Ok(()),
            false => Err(Refusal::KeyRecordOlder { account: chain.account().to_string() }),
        }
    }

    /// Raises an alarm, once for each entry.
    pub fn raise(&mut self, leaf: u64, kind: AlarmKind) {
        if self.alarms.len() < ALARMS_MAX {
            self.alarms.entry(leaf).or_insert(Alarm { leaf, kind, acknowledged: false });
        }
    }

    /// Notes a record that the tree has of a pinned account.
    pub fn note_newer(&mut self, account: AccountId, newer: Newer) {
        let noted = self.newer.entry(account).or_insert(newer);
        if newer.epoch > noted.epoch {
            *noted = newer;
        }
    }

    /// Notes an address of one's own. The entry that was seen first stays: a label is bound once. Says whether it is new.
    pub fn note_address(&mut self, label: Label, leaf: u64) -> bool {
        if self.addresses.contains_key(&label) || self.addresses.len() >= ADDRESSES_MAX {
            return false;
        }
        self.addresses.insert(label, leaf);
        true
    }

    /// Takes what another device remembers.
    pub fn merge(&mut self, other: Self) -> Result<(), Refusal> {
        if self.labels.is_some() && other.labels.is_some() && self.labels != other.labels {
            return Err(Refusal::LabelKeyChanged);
        }
        self.labels = self.labels.or(other.labels);
        self.scanned = self.scanned.max(other.scanned);
        for (account, newer) in other.newer {
            self.note_newer(account, newer);
        }
        for (label, leaf) in other.addresses {
            self.note_address(label, leaf);
        }
        for (leaf, theirs) in other.alarms {
            let ours = self.alarms.entry(leaf).or_insert(theirs);
            ours.acknowledged |= theirs.acknowledged;
        }
        Ok(())
    }
}

impl AlarmKind {
    /// Of somebody else's keys.
    pub(crate) fn others(account: AccountId, epoch: u32) -> Self {
        Self::OthersKey { account: account.api(), epoch }
    }
}
