//! What the account remembers of the tree of keys: how far it was read, newer keys that others must show, and alarms.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{account::KeyChain, defence::Defence, ids::AccountId};
use serde::Serialize;
use tlog::{
    leaf::{KeyTreeLeaf, Label},
    vrf::LabelPublicKey,
};

use crate::{ids::ToApi, refusal::Refusal, state::newer};

/// Most alarms kept: one is enough to act on, and a server could write many. Those that were read make room for new ones; what finds
/// none is counted.
pub(crate) const ALARMS_MAX: usize = 200;

/// Most places kept of alarms that made room.
const LET_GO_MAX: usize = 1_000;

/// Most addresses watched: more than anybody has in a life.
const ADDRESSES_MAX: usize = 100;

/// An entry of the tree of keys that should not be there. It stays until it is acknowledged, and after that as long as there is room.
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
    /// Further entries that should not be there, each of which would be an alarm: there are more of them than are kept. The place is
    /// that of the last.
    More {
        /// How many.
        count: u32,
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

/// How far the tree of keys had been read when something was asked for. An answer has what stood there by then; what came later may
/// have come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AskedAt(u64);

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
    /// Those that found no room ([`AlarmKind::More`]).
    pub more: Option<Alarm>,
    /// Places of alarms that were read and made room: they aren't raised again.
    pub let_go: BTreeSet<u64>,
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

    /// What to know of an answer before it is asked for.
    pub fn asking(&self) -> AskedAt {
        AskedAt(self.scanned)
    }

    /// The record that an answer with these keys withholds: it had been read in the tree before that was asked for.
    pub fn withheld(&self, chain: &KeyChain, asked: AskedAt) -> Option<Newer> {
        let newer = self.newer.get(&chain.account()).filter(|newer| newer.leaf < asked.0)?;
        self.check_newest(chain).is_err().then_some(*newer)
    }

    /// Raises an alarm, once for each entry. None is dropped without a word: the oldest that was read makes room; where none was, one
    /// more is counted.
    pub fn raise(&mut self, leaf: u64, kind: AlarmKind) {
        if !self.has_alarmed(leaf) {
            self.alarms.insert(leaf, Alarm { leaf, kind, acknowledged: false });
            self.keep_within_limits();
        }
    }

    /// Whether an entry's alarm is kept, or was read and let go of.
    pub fn has_alarmed(&self, leaf: u64) -> bool {
        self.alarms.contains_key(&leaf) || self.let_go.contains(&leaf)
    }

    /// All that there are, by place, and behind them those that are only counted.
    pub fn all_alarms(&self) -> Vec<Alarm> {
        self.alarms.values().chain(&self.more).copied().collect()
    }

    /// Notes that an alarm was read.
    pub fn acknowledge(&mut self, leaf: u64) {
        let known = self.alarms.get_mut(&leaf).into_iter().chain(&mut self.more);
        known.filter(|alarm| alarm.leaf == leaf).for_each(|alarm| alarm.acknowledged = true);
    }

    fn keep_within_limits(&mut self) {
        while self.alarms.len() > ALARMS_MAX {
            let read = self.alarms.values().find(|alarm| alarm.acknowledged).map(|alarm| alarm.leaf);
            match read {
                Some(leaf) => {
                    self.alarms.remove(&leaf);
                    self.let_go.insert(leaf);
                }
                None => self.count_one(),
            }
        }
        while self.let_go.len() > LET_GO_MAX {
            self.let_go.pop_first();
        }
    }

    /// Counts the first alarm that is too many, in place of keeping it. An entry that is read again isn't counted again; one that stands
    /// before the last that was counted may be new, so the person is told once more.
    fn count_one(&mut self) {
        let Some(leaf) = self.alarms.keys().nth(ALARMS_MAX).copied() else { return };
        self.alarms.remove(&leaf);
        self.more = match self.more {
            Some(more) if more.leaf >= leaf => {
                Some(Alarm { acknowledged: more.acknowledged && more.leaf == leaf, ..more })
            }
            more => {
                let kind = AlarmKind::More { count: counted(more).saturating_add(1) };
                Some(Alarm { leaf, kind, acknowledged: false })
            }
        };
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
        self.let_go.extend(other.let_go);
        for (leaf, theirs) in other.alarms {
            let ours = self.alarms.entry(leaf).or_insert(theirs);
            ours.acknowledged |= theirs.acknowledged;
        }
        // Read there and let go of, or here.
        self.alarms.retain(|leaf, _| !self.let_go.contains(leaf));
        if let (Some(ours), Some(theirs)) = (&mut self.more, other.more)
            && ours.leaf == theirs.leaf
        {
            ours.acknowledged |= theirs.acknowledged;
        }
        self.more = newer(self.more, other.more, |more| more.leaf);
        self.keep_within_limits();
        Ok(())
    }
}

/// How many were counted so far.
fn counted(more: Option<Alarm>) -> u32 {
    match more {
        Some(Alarm { kind: AlarmKind::More { count }, .. }) => count,
        _ => 0,
    }
}

impl AlarmKind {
    /// Of somebody else's keys.
    pub(crate) fn others(account: AccountId, epoch: u32) -> Self {
        Self::OthersKey { account: account.api(), epoch }
    }
}

#[cfg(test)]
mod tests {
    use crypto::account::Keyring;

    use super::*;
    use crate::platform::rng;

    const KIND: AlarmKind = AlarmKind::OwnKey { epoch: 1 };

    /// Keys of two epochs, at the first and at both, and the second's entry.
    fn rotated(leaf: u64) -> (KeyChain, KeyChain, Newer) {
        let (mut keyring, record) = Keyring::create(1, &mut rng());
        let first = KeyChain::verify(vec![record.clone()]).expect("its first");
        let next = keyring.rotate(&first, 2, &mut rng()).expect("a next");
        let newer = Newer { epoch: 1, record: KeyTreeLeaf::record_hash(&next.hash().0), leaf };
        (first, KeyChain::verify(vec![record, next]).expect("a chain"), newer)
    }

    #[test]
    fn only_what_was_asked_for_after_the_newer_keys_were_read_withholds_them() {
        let (first, both, newer) = rotated(7);
        let mut keys = KeysSeen { scanned: 7, ..KeysSeen::default() };
        let before = keys.asking();
        keys.note_newer(first.account(), newer);
        keys.scanned = 8;
        assert!(keys.check_newest(&first).is_err(), "refused in any case");
        assert_eq!(keys.withheld(&first, before), None, "the answer may be older than the entry");
        assert_eq!(keys.withheld(&first, keys.asking()), Some(newer));
        assert!(keys.check_newest(&both).is_ok());
        assert_eq!(keys.withheld(&both, keys.asking()), None);
    }

    /// As many as are kept, none of them read.
    fn full() -> KeysSeen {
        let mut keys = KeysSeen::default();
        (0..200).for_each(|leaf| keys.raise(leaf, KIND));
        assert_eq!((keys.alarms.len(), keys.more), (ALARMS_MAX, None));
        keys
    }

    #[test]
    fn what_was_read_makes_room_and_is_not_raised_again() {
        let mut keys = full();
        [9, 7].into_iter().for_each(|leaf| keys.acknowledge(leaf));
        keys.raise(500, KIND);
        assert_eq!((keys.alarms.len(), keys.more), (ALARMS_MAX, None));
        assert!(keys.alarms.contains_key(&500) && keys.alarms[&9].acknowledged);
        assert!(!keys.alarms.contains_key(&7), "the oldest that was read went");
        // A scan that begins anew, and what asks for newer keys, come to it once more.
        let before = keys.clone();
        [7, 500].into_iter().for_each(|leaf| keys.raise(leaf, KIND));
        assert_eq!(keys, before);
        // Another device, on which nobody has read it.
        let mut there = full();
        there.merge(before.clone()).expect("no contradiction");
        assert_eq!(there, before);
        there.merge(full()).expect("no contradiction");
        assert_eq!(there, before);
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut keys = full();
        (300..303).for_each(|leaf| keys.raise(leaf, KIND));
        let more = |leaf, count, acknowledged| Some(Alarm { leaf, kind: AlarmKind::More { count }, acknowledged });
        assert_eq!((keys.alarms.len(), keys.more), (ALARMS_MAX, more(302, 3, false)));
        assert_eq!((keys.all_alarms().len(), keys.all_alarms().pop()), (ALARMS_MAX + 1, keys.more));
        keys.acknowledge(302);
        keys.raise(302, KIND);
        assert_eq!(keys.more, more(302, 3, true), "read again");
        // On a device where nobody has read it, and on one that knows less.
        let mut there = full();
        (300..303).for_each(|leaf| there.raise(leaf, KIND));
        there.merge(keys.clone()).expect("no contradiction");
        assert_eq!(there, keys);
        let mut behind = full();
        behind.merge(keys.clone()).expect("no contradiction");
        assert_eq!(behind, keys);
        keys.raise(250, KIND);
        assert_eq!(keys.more, more(302, 3, false), "it may be one that nobody was told of");
        keys.raise(304, KIND);
        assert_eq!(keys.more, more(304, 4, false));
        keys.acknowledge(3);
        keys.raise(305, KIND);
        assert!(keys.alarms.contains_key(&305), "room was made");
        assert_eq!((keys.alarms.len(), keys.more), (ALARMS_MAX, more(304, 4, false)));
    }

    #[test]
    fn two_devices_keep_no_more_than_one() {
        let mut here = full();
        let mut there = KeysSeen::default();
        (200..400).for_each(|leaf| there.raise(leaf, KIND));
        here.merge(there).expect("no contradiction");
        assert_eq!((here.alarms.len(), counted(here.more)), (ALARMS_MAX, 200));
    }

    #[test]
    fn places_that_were_let_go_of_have_a_limit() {
        let mut keys = KeysSeen::default();
        for leaf in 0..2_000 {
            keys.raise(leaf, KIND);
            keys.acknowledge(leaf);
        }
        assert_eq!((keys.alarms.len(), keys.let_go.len(), keys.more), (ALARMS_MAX, LET_GO_MAX, None));
        assert!(keys.let_go.contains(&1_799) && !keys.let_go.contains(&0));
    }
}
