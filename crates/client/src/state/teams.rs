//! What is remembered of teams: the newest roster seen of each, and newer ones that the log of keys has.

use std::collections::BTreeMap;

use crypto::{
    defence::Defence,
    encoding::DecodeError,
    ids::{Hash32, TeamId},
    team::TeamChain,
};
use tlog::leaf::KeyTreeLeaf;

use super::{ClientState, codec::Packed, newer};
use crate::{key_log::Newer, refusal::Refusal};

/// The newest roster seen of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TeamPin {
    pub seq: u32,
    pub roster: Hash32,
    /// A roster that the log of keys has, which must be shown from now on; its number stands for the epoch.
    pub newer: Option<Newer>,
}

impl TeamPin {
    /// Whether an entry of the log of keys is about a roster that these don't end with.
    pub fn is_behind(&self, said: &Newer) -> bool {
        said.epoch > self.seq || (said.epoch == self.seq && said.record != KeyTreeLeaf::record_hash(&self.roster.0))
    }

    fn holds_in(&self, chain: &TeamChain) -> bool {
        let has = |said: &Newer| {
            let roster = chain.roster(said.epoch);
            roster.is_some_and(|roster| KeyTreeLeaf::record_hash(&roster.hash().0) == said.record)
        };
        chain.continues(self.seq, &self.roster).is_ok() && self.newer.as_ref().is_none_or(has)
    }
}

impl ClientState {
    /// Refuses rosters that don't contain those seen, or that the log of keys has.
    pub fn check_team(&self, chain: &TeamChain) -> Result<(), Refusal> {
        let seen = self.teams.get(&chain.team()).filter(|_| Defence::RosterSeen.holds());
        match seen.is_none_or(|pin| pin.holds_in(chain)) {
            true => Ok(()),
            false => Err(Refusal::TeamRosterOlder { team: chain.team().to_string() }),
        }
    }

    /// Pins the newest roster of a checked chain. True if that changed anything.
    pub fn pin_team(&mut self, chain: &TeamChain) -> bool {
        let newest = chain.newest();
        let before = self.teams.get(&chain.team()).copied();
        let pin = TeamPin { seq: newest.claimed().seq, roster: newest.hash(), newer: None };
        if before.is_some_and(|before| before.seq >= pin.seq && before.newer.is_none()) {
            return false;
        }
        self.teams.insert(chain.team(), pin) != Some(pin)
    }

    /// Notes a roster that the log of keys has. True if that changed anything.
    pub fn note_roster(&mut self, team: TeamId, said: Newer) -> bool {
        let Some(pin) = self.teams.get_mut(&team).filter(|pin| pin.is_behind(&said)) else { return false };
        let before = pin.newer;
        pin.newer = newer(before, Some(said), |said| said.epoch);
        pin.newer != before
    }

    pub(super) fn merge_teams(&mut self, other: BTreeMap<TeamId, TeamPin>) -> Result<(), Refusal> {
        for (team, theirs) in other {
            let ours = self.teams.entry(team).or_insert(theirs);
            if ours.seq == theirs.seq && ours.roster != theirs.roster {
                return Err(Refusal::TeamRosterOlder { team: team.to_string() });
            }
            let said = newer(ours.newer, theirs.newer, |said| said.epoch);
            let newest = if theirs.seq > ours.seq { theirs } else { *ours };
            *ours = TeamPin { newer: said.filter(|said| newest.is_behind(said)), ..newest };
        }
        Ok(())
    }
}

/// Team, number, hash; whether a newer one is noted, its number, what stands for it, and its entry.
pub(super) fn write(team: &TeamId, pin: &TeamPin, out: &mut Vec<u8>) {
    let said = pin.newer.unwrap_or(Newer { epoch: 0, record: [0; 32], leaf: 0 });
    out.extend_from_slice(team.as_ref());
    out.extend_from_slice(&pin.seq.to_be_bytes());
    out.extend_from_slice(&pin.roster.0);
    out.push(pin.newer.is_some().into());
    out.extend_from_slice(&said.epoch.to_be_bytes());
    out.extend_from_slice(&said.record);
    out.extend_from_slice(&said.leaf.to_be_bytes());
}

pub(super) fn read(p: &mut Packed<'_>) -> Result<(TeamId, TeamPin), DecodeError> {
    let team = TeamId(p.take()?);
    let (seq, roster, [noted]) = (p.u32()?, Hash32(p.take()?), p.take::<1>()?);
    let said = Newer { epoch: p.u32()?, record: p.take()?, leaf: u64::from_be_bytes(p.take()?) };
    Ok((team, TeamPin { seq, roster, newer: (noted == 1).then_some(said) }))
}
