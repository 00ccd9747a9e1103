//! Entries of the tree of keys, judged by who reads them. No I/O.

use std::collections::BTreeMap;

use crypto::{
    account::KeyChain,
    defence::Defence,
    encoding::sha256,
    ids::{AccountId, TeamId},
};
use tlog::leaf::{KeyTreeLeaf, Label};

use super::{AlarmKind, seen::Newer};
use crate::state::{ClientState, Pin, TeamPin};

/// What a reader knows.
pub(super) struct Reader<'a> {
    /// One's own keys, made by one's own devices.
    pub own: &'a KeyChain,
    /// The labels of one's own address and of those before, each with the entry that binds it.
    pub addresses: BTreeMap<Label, u64>,
    /// Others whose keys are pinned, by the hash of their id.
    pub pinned: BTreeMap<[u8; 32], (AccountId, Pin)>,
    /// Teams whose rosters are pinned, by the hash of their id.
    pub teams: BTreeMap<[u8; 32], (TeamId, TeamPin)>,
}

/// What an entry means to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Somebody else's, or as it should be.
    Fine,
    /// It should not be there.
    Alarm(AlarmKind),
    /// Keys for one's own account that these records don't have: another device may have made them.
    Unknown(Newer),
    /// Newer keys of somebody than the pinned ones.
    Newer(AccountId, Newer),
    /// A newer roster of a team than the pinned one, or another.
    NewerRoster(TeamId, Newer),
}

impl<'a> Reader<'a> {
    pub fn new(own: &'a KeyChain, addresses: BTreeMap<Label, u64>, state: &ClientState) -> Self {
        let others = state.pins.iter().filter(|(id, _)| **id != own.account());
        let pinned = others.map(|(id, pin)| (sha256(&id.0).0, (*id, *pin))).collect();
        let teams = state.teams.iter().map(|(id, pin)| (sha256(&id.0).0, (*id, *pin))).collect();
        Self { own, addresses, pinned, teams }
    }

    pub fn judge(&self, place: u64, leaf: &KeyTreeLeaf) -> Verdict {
        match leaf {
            KeyTreeLeaf::Key { account, epoch, record } => {
                self.judge_key(account, Newer { epoch: *epoch, record: *record, leaf: place })
            }
            KeyTreeLeaf::Binding { label, account } => self.judge_binding(place, label, account),
            // A kind that this version doesn't know says nothing to it.
            _ => Verdict::Fine,
        }
    }

    fn judge_key(&self, account: &[u8; 32], said: Newer) -> Verdict {
        if *account == sha256(&self.own.account().0).0 {
            return match said.is_of(self.own) {
                true => Verdict::Fine,
                false => Verdict::Unknown(said),
            };
        }
        match self.pinned.get(account) {
            Some((id, pin)) if said.epoch == pin.epoch && said.record != KeyTreeLeaf::record_hash(&pin.record.0) => {
                Verdict::Alarm(AlarmKind::others(*id, said.epoch))
            }
            Some((id, pin)) if said.epoch > pin.epoch => Verdict::Newer(*id, said),
            _ => self.judge_roster(account, said),
        }
    }

    fn judge_roster(&self, team: &[u8; 32], said: Newer) -> Verdict {
        match self.teams.get(team) {
            Some((id, pin)) if pin.is_behind(&said) => Verdict::NewerRoster(*id, said),
            _ => Verdict::Fine,
        }
    }

    fn judge_binding(&self, place: u64, label: &Label, account: &[u8; 32]) -> Verdict {
        let other = *account != sha256(&self.own.account().0).0;
        let wrong = self.addresses.get(label).is_some_and(|at| other || place != *at);
        match wrong && Defence::OwnNameWatched.holds() {
            true => Verdict::Alarm(AlarmKind::OwnAddress { other }),
            false => Verdict::Fine,
        }
    }
}
