//! Grants to teams: who holds them, and under which of the team's keys they go on.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    AccessEntry, AccessState, ChainError, Grant, GrantStatus, Recipient, Right, TeamKey, TeamRecipient, WrapError,
};
use crate::{
    account::KeyDirectory, defence::Defence, encoding::UnixMillis, ids::AccountId, kem::RecipientKey, team::TeamChain,
};

/// The most that a team may be granted. Passing on by a team would leave grants behind of whoever is gone from it.
pub const TEAM_RIGHT_MAX: Right = Right::Contribute;

/// Who holds a team's grant: whoever has the team's key of the epoch that the chain says the grant is under, and wasn't
/// left out since. Whoever joins with a later key holds it once an entry says that it goes on under that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamHolders {
    /// The key that the grant is under.
    pub recipient: TeamRecipient,
    /// Epoch of the team's newest key.
    pub newest_epoch: u32,
    members: BTreeMap<AccountId, Option<UnixMillis>>,
}

impl TeamHolders {
    fn of(recipient: TeamRecipient, team: &TeamChain) -> Arc<Self> {
        let (_, newest_epoch) = team.recipient();
        // The attack suite lets everybody stay who ever belonged to it.
        let since = if Defence::TeamMembership.holds() { recipient.key_epoch } else { 0 };
        Arc::new(Self { recipient, newest_epoch, members: team.holders(since) })
    }

    /// Whether somebody is among them at a time.
    pub fn holds(&self, account: &AccountId, at: UnixMillis) -> bool {
        match self.members.get(account) {
            Some(None) => true,
            Some(Some(left_at)) => at < *left_at || !Defence::TeamMembership.holds(),
            None => false,
        }
    }

    /// Whether the team has a later key.
    pub fn is_behind(&self) -> bool {
        self.recipient.key_epoch < self.newest_epoch
    }
}

impl TeamRecipient {
    /// The newest key of a team.
    pub fn current(team: &TeamChain) -> Self {
        let (key, key_epoch) = team.recipient();
        Self { team: team.team(), roster: team.newest().hash(), key_epoch, key_hash: key.hash() }
    }

    /// Whether the roster named is the team's, and has the key named. The one that dissolved it has none that anybody holds.
    fn is_of(&self, team: &TeamChain) -> bool {
        let roster = team.by_hash(&self.roster).filter(|roster| !roster.dissolves());
        roster.is_some_and(|roster| roster.key_epoch == self.key_epoch && roster.key.hash() == self.key_hash)
    }
}

/// Where the wraps of a team's grant go.
pub(super) fn current_key(named: &TeamRecipient, keys: &impl KeyDirectory) -> Result<(RecipientKey, u32), WrapError> {
    let team = keys.team(&named.team).ok_or(WrapError::TeamUnknown)?;
    if !named.is_of(team) {
        return Err(WrapError::WrongKey);
    }
    let (key, key_epoch) = team.recipient();
    Ok((key.clone(), key_epoch))
}

/// The members of the team that a new grant is for; none for a grant to anybody else.
pub(super) fn holders_of(
    seq: u64,
    grant: &Grant,
    keys: &impl KeyDirectory,
) -> Result<Option<Arc<TeamHolders>>, ChainError> {
    let Recipient::Team(named) = &grant.recipient else { return Ok(None) };
    if grant.right > TEAM_RIGHT_MAX {
        return Err(ChainError::TeamRight { seq });
    }
    let team = keys.team(&named.team).ok_or(ChainError::TeamUnknown { seq })?;
    if named.is_of(team) { Ok(Some(TeamHolders::of(*named, team))) } else { Err(ChainError::WrongTeamKey { seq }) }
}

impl AccessState {
    /// A team's grant goes on under a later key: said by the report's owner, or by a manager of the roster that has the key.
    pub(super) fn follow_team(
        &mut self,
        entry: &AccessEntry,
        key: &TeamKey,
        keys: &impl KeyDirectory,
    ) -> Result<(), ChainError> {
        let seq = entry.seq;
        let target = self.grants.get(&key.grant).ok_or(ChainError::UnknownGrant { seq })?;
        if self.status_at(target, entry.time) != GrantStatus::Live {
            return Err(ChainError::GrantNotLive { seq });
        }
        let now = target.team.as_ref().ok_or(ChainError::WrongTeamKey { seq })?.recipient;
        let named = key.recipient;
        let team = keys.team(&now.team).ok_or(ChainError::TeamUnknown { seq })?;
        if named.team != now.team || named.key_epoch <= now.key_epoch || !named.is_of(team) {
            return Err(ChainError::WrongTeamKey { seq });
        }
        let manages = team.by_hash(&named.roster).is_some_and(|roster| roster.is_manager(&entry.author));
        if entry.author != self.owner && !manages {
            return Err(ChainError::NotEntitled { seq });
        }
        let holders = TeamHolders::of(named, team);
        if let Some(target) = self.grants.get_mut(&key.grant) {
            target.team = Some(holders);
            target.team_keys.push(seq);
        }
        Ok(())
    }
}
