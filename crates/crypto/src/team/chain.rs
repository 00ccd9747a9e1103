//! A team's rosters from the first to the newest, each signed by a manager of the one before.

use std::collections::BTreeMap;

use thiserror::Error;

use super::TeamRoster;
use crate::{
    account::{KeyDirectory, KeyError},
    defence::Defence,
    encoding::{DecodeError, UnixMillis},
    ids::{AccountId, Hash32, TeamId},
    kem::RecipientKey,
    sign::{Signed, VerifyError},
};

/// Why rosters don't count. `seq` names the one at fault.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TeamError {
    /// One is no roster.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// None at all.
    #[error("there are no rosters")]
    Empty,
    /// They are another team's.
    #[error("the rosters are of another team")]
    WrongTeam,
    /// One doesn't follow the one before.
    #[error("roster {seq} does not follow the one before")]
    BrokenChain {
        /// Its number.
        seq: u32,
    },
    /// One is dated before the one before.
    #[error("roster {seq} is older than the one before")]
    TimeReversed {
        /// Its number.
        seq: u32,
    },
    /// The signer's key isn't known, or its epoch had ended.
    #[error("roster {seq}: {source}")]
    Keys {
        /// Its number.
        seq: u32,
        /// What is wrong with the key.
        source: KeyError,
    },
    /// Not signed by its author.
    #[error("roster {seq}: {source}")]
    Verify {
        /// Its number.
        seq: u32,
        /// What is wrong with the signature.
        source: VerifyError,
    },
    /// Its author was no manager of the team then.
    #[error("roster {seq} is not by a manager of the team")]
    NotManager {
        /// Its number.
        seq: u32,
    },
    /// The one before dissolved the team.
    #[error("roster {seq} comes after the one that dissolved the team")]
    Dissolved {
        /// Its number.
        seq: u32,
    },
    /// Somebody is missing, or a new epoch began, and the key is one that they had.
    #[error("roster {seq} keeps a key that whoever is gone has")]
    TeamKeyKept {
        /// Its number.
        seq: u32,
    },
    /// Another key without a new epoch.
    #[error("roster {seq} has another key in the same epoch")]
    TeamKeySwapped {
        /// Its number.
        seq: u32,
    },
    /// The epoch of the key is neither that of the roster before nor the next.
    #[error("roster {seq} skips an epoch of the key")]
    WrongKeyEpoch {
        /// Its number.
        seq: u32,
    },
    /// The rosters don't contain the one seen before: a roll-back or a fork.
    #[error("the rosters do not contain the one seen before")]
    OlderThanSeen,
}

/// Somebody's time in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamStay {
    /// Who.
    pub account: AccountId,
    /// When the roster was signed that named them first.
    pub from: UnixMillis,
    /// When the one was that left them out.
    pub until: Option<UnixMillis>,
}

/// A team's verified rosters, the first to the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamChain {
    team: TeamId,
    rosters: Vec<Signed<TeamRoster>>,
}

impl TeamChain {
    /// Verifies rosters from the first on, and that they are `team`'s. `keys` holds the records of whoever signed them.
    ///
    /// # Errors
    /// [`TeamError`], at the first roster that doesn't count.
    pub fn verify(
        team: &TeamId,
        rosters: Vec<Signed<TeamRoster>>,
        keys: &impl KeyDirectory,
    ) -> Result<Self, TeamError> {
        let first = rosters.first().ok_or(TeamError::Empty)?;
        if TeamId::of(first) != *team {
            return Err(TeamError::WrongTeam);
        }
        let mut before: Option<&Signed<TeamRoster>> = None;
        for (roster, seq) in rosters.iter().zip(0u32..) {
            check_link(team, before, roster, seq)?;
            if Defence::RosterSigned.holds() {
                check_signer(before, roster, keys)?;
            }
            before = Some(roster);
        }
        check_keys(&rosters)?;
        Ok(Self { team: *team, rosters })
    }

    /// Parses and verifies stored rosters.
    ///
    /// # Errors
    /// [`TeamError`].
    pub fn parse(team: &TeamId, blobs: &[impl AsRef<[u8]>], keys: &impl KeyDirectory) -> Result<Self, TeamError> {
        let rosters = blobs.iter().map(|blob| Signed::parse(blob.as_ref())).collect::<Result<Vec<_>, _>>()?;
        Self::verify(team, rosters, keys)
    }

    /// Checks that these rosters go on from one seen before.
    ///
    /// # Errors
    /// [`TeamError::OlderThanSeen`].
    pub fn continues(&self, seq: u32, hash: &Hash32) -> Result<(), TeamError> {
        match self.roster(seq) {
            Some(roster) if roster.hash() == *hash => Ok(()),
            _ => Err(TeamError::OlderThanSeen),
        }
    }

    /// The team.
    pub fn team(&self) -> TeamId {
        self.team
    }

    /// All rosters, the first one first.
    pub fn rosters(&self) -> &[Signed<TeamRoster>] {
        &self.rosters
    }

    /// The roster of a number.
    pub fn roster(&self, seq: u32) -> Option<&Signed<TeamRoster>> {
        self.rosters.get(usize::try_from(seq).ok()?)
    }

    /// The newest roster.
    pub fn newest(&self) -> &Signed<TeamRoster> {
        self.rosters.last().expect("verify refuses an empty chain")
    }

    /// Whether the team is no more: its newest roster names nobody.
    pub fn is_dissolved(&self) -> bool {
        self.current().dissolves()
    }

    /// Who belongs to the team now, and what it is called.
    pub fn current(&self) -> &TeamRoster {
        self.newest().claimed()
    }

    /// The roster with a hash.
    pub fn by_hash(&self, hash: &Hash32) -> Option<&TeamRoster> {
        self.rosters.iter().find(|roster| roster.hash() == *hash).map(Signed::claimed)
    }

    /// The team's key of an epoch.
    pub fn key(&self, key_epoch: u32) -> Option<&RecipientKey> {
        self.last_of(key_epoch).map(|roster| &roster.key)
    }

    /// Where wraps go now: the newest key and its epoch.
    pub fn recipient(&self) -> (&RecipientKey, u32) {
        let current = self.current();
        (&current.key, current.key_epoch)
    }

    fn last_of(&self, key_epoch: u32) -> Option<&TeamRoster> {
        self.rosters.iter().rev().map(Signed::claimed).find(|roster| roster.key_epoch == key_epoch)
    }

    /// Whoever has the key of an epoch, each with the time at which a later roster left them out. Within an epoch nobody
    /// is left out, so the last of its rosters names them all.
    pub fn holders(&self, key_epoch: u32) -> BTreeMap<AccountId, Option<UnixMillis>> {
        let Some(last) = self.last_of(key_epoch) else { return BTreeMap::new() };
        let later = || self.rosters.iter().map(Signed::claimed).filter(move |roster| roster.seq > last.seq);
        let left_out =
            |account: &AccountId| later().find(|roster| roster.role_of(account).is_none()).map(|roster| roster.time);
        last.members.iter().map(|member| (member.account, left_out(&member.account))).collect()
    }

    /// Whoever belongs to the team or did: from when to when, by its rosters' times. Who came back is there twice.
    pub fn stays(&self) -> Vec<TeamStay> {
        let mut stays: Vec<TeamStay> = Vec::new();
        for roster in self.rosters.iter().map(Signed::claimed) {
            for stay in stays.iter_mut().filter(|stay| stay.until.is_none()) {
                if roster.role_of(&stay.account).is_none() {
                    stay.until = Some(roster.time);
                }
            }
            for member in &roster.members {
                if !stays.iter().any(|stay| stay.account == member.account && stay.until.is_none()) {
                    stays.push(TeamStay { account: member.account, from: roster.time, until: None });
                }
            }
        }
        stays
    }

    /// Whether somebody belongs to the team in every roster from this one on.
    pub fn names_since(&self, roster: &Hash32, account: &AccountId) -> bool {
        let from = self.rosters.iter().position(|known| known.hash() == *roster);
        let named = |from: usize| self.rosters[from..].iter().all(|known| known.claimed().role_of(account).is_some());
        from.is_some_and(named)
    }

    /// The epoch of the key with which somebody, who belongs to the team now, joined it last.
    pub fn since_epoch(&self, account: &AccountId) -> Option<u32> {
        let joined = self.rosters.iter().rev().map(Signed::claimed);
        joined.take_while(|roster| roster.role_of(account).is_some()).last().map(|roster| roster.key_epoch)
    }
}

fn check_link(
    team: &TeamId,
    before: Option<&Signed<TeamRoster>>,
    roster: &Signed<TeamRoster>,
    seq: u32,
) -> Result<(), TeamError> {
    let new = roster.claimed();
    if new.seq != seq || new.previous != before.map(Signed::hash) {
        return Err(TeamError::BrokenChain { seq });
    }
    let Some(old) = before.map(Signed::claimed) else { return Ok(()) };
    if new.team != Some(*team) {
        return Err(TeamError::WrongTeam);
    }
    if old.dissolves() {
        return Err(TeamError::Dissolved { seq });
    }
    if new.time < old.time {
        return Err(TeamError::TimeReversed { seq });
    }
    if old.key_epoch.checked_add(1) != Some(new.key_epoch) && old.key_epoch != new.key_epoch {
        return Err(TeamError::WrongKeyEpoch { seq });
    }
    let left_out = old.members.iter().any(|member| new.role_of(&member.account).is_none());
    if left_out && new.key_epoch == old.key_epoch {
        return Err(TeamError::TeamKeyKept { seq });
    }
    if new.key_epoch == old.key_epoch && new.key != old.key {
        return Err(TeamError::TeamKeySwapped { seq });
    }
    Ok(())
}

/// By a manager of the roster before; the first, by one of its own.
fn check_signer(
    before: Option<&Signed<TeamRoster>>,
    roster: &Signed<TeamRoster>,
    keys: &impl KeyDirectory,
) -> Result<(), TeamError> {
    let new = roster.claimed();
    let seq = new.seq;
    if !before.unwrap_or(roster).claimed().is_manager(&new.author) {
        return Err(TeamError::NotManager { seq });
    }
    let key = keys.signer(&new.author, new.epoch, new.time).map_err(|source| TeamError::Keys { seq, source })?;
    roster.verify(key).map_err(|source| TeamError::Verify { seq, source })?;
    Ok(())
}

/// Each epoch has a key of its own: one from before is in the hands of whoever left.
fn check_keys(rosters: &[Signed<TeamRoster>]) -> Result<(), TeamError> {
    let mut seen: BTreeMap<Hash32, u32> = BTreeMap::new();
    for roster in rosters.iter().map(Signed::claimed) {
        if *seen.entry(roster.key.hash()).or_insert(roster.key_epoch) != roster.key_epoch {
            return Err(TeamError::TeamKeyKept { seq: roster.seq });
        }
    }
    Ok(())
}
