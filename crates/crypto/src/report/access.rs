//! What a report's access is at one head of its chain and one time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{AccountRecipient, ChainError, Genesis, Grant, Patient, Recipient, Right, TeamHolders};
use crate::{
    account::KeyChain,
    defence::Defence,
    encoding::UnixMillis,
    ids::{AccountId, GrantId, Hash32, ReportId, TeamId},
};

/// What an own grant is worth in the hands of someone who is no longer the owner.
pub const REMOVED_OWNER_RIGHT: Right = Right::Reshare;

/// Whether a grant counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantStatus {
    /// It counts.
    Live,
    /// Revoked by entry `seq`.
    Revoked {
        /// The revoking entry.
        seq: u64,
    },
    /// Its time has passed.
    Expired,
    /// The grant it was issued under no longer counts.
    ParentEnded,
    /// Whoever holds it closed their account, or the team that does was dissolved: nothing is sealed to it any more.
    HolderClosed,
}

/// The end of a report, by its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erasure {
    /// The entry that says so, the last one.
    pub seq: u64,
    /// When, by that entry.
    pub time: UnixMillis,
}

/// A grant and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantState {
    /// As signed.
    pub grant: Grant,
    /// The entry that made it.
    pub seq: u64,
    /// Who issued it.
    pub issued_by: AccountId,
    /// When.
    pub issued_at: UnixMillis,
    /// The entry that revoked it.
    pub revoked: Option<u64>,
    /// The account that claimed it, for a bearer grant.
    pub claimed: Option<AccountRecipient>,
    /// The members of the team that holds it, for a team's grant.
    pub team: Option<Arc<TeamHolders>>,
    /// The entries that brought it under a later key of its team.
    pub team_keys: Vec<u64>,
}

impl GrantState {
    /// The account that holds it; none for an unclaimed bearer grant and for a team's.
    pub fn holder(&self) -> Option<AccountId> {
        match &self.grant.recipient {
            Recipient::Account(account) => Some(account.account),
            Recipient::Code { account, .. } => Some(*account),
            Recipient::Bearer { .. } => self.claimed.map(|c| c.account),
            Recipient::Team(_) => None,
        }
    }

    /// Whether somebody holds it at a time, alone or as a member of its team.
    pub fn is_held_by(&self, account: AccountId, at: UnixMillis) -> bool {
        let by_team = self.team.as_ref().is_some_and(|team| team.holds(&account, at));
        self.holder() == Some(account) || by_team
    }

    /// The team that holds it.
    fn held_by_team(&self) -> Option<TeamId> {
        self.team.as_ref().map(|team| team.recipient.team)
    }

    /// Whether its team has a later key than the one that the chain says it is under.
    pub fn is_behind_its_team(&self) -> bool {
        self.team.as_ref().is_some_and(|team| team.is_behind())
    }
}

/// A report's access at one head of its chain and one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessState {
    pub(super) report: ReportId,
    pub(super) genesis: Genesis,
    pub(super) owner: AccountId,
    pub(super) custody_passed: bool,
    pub(super) heads: Vec<Hash32>,
    pub(super) last_time: UnixMillis,
    pub(super) founding_open: bool,
    pub(super) grants: BTreeMap<GrantId, GrantState>,
    pub(super) erased: Option<Erasure>,
    pub(super) closed: BTreeSet<AccountId>,
    pub(super) dissolved: BTreeSet<TeamId>,
    pub(super) now: UnixMillis,
}

impl AccessState {
    /// The report.
    pub fn report(&self) -> ReportId {
        self.report
    }

    /// Its genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Who owns it.
    pub fn owner(&self) -> AccountId {
        self.owner
    }

    /// Whether the owner has an own grant, so that wraps reach them: a report is complete only then.
    pub fn is_founded(&self) -> bool {
        self.owner_has_own_grant()
    }

    /// Whether nothing but the founding entries has happened, and those have.
    pub(super) fn is_at_founding(&self) -> bool {
        self.founding_open && self.is_founded() && self.erased.is_none()
    }

    /// Whether the patient has no account yet and the creator keeps the report for them.
    pub fn in_custody(&self) -> bool {
        matches!(self.genesis.patient, Patient::Placeholder(_)) && !self.custody_passed
    }

    /// Hash of the last entry; the report id when there is none.
    pub fn head(&self) -> Hash32 {
        self.heads.last().copied().unwrap_or(Hash32(self.report.0))
    }

    /// Number of the last entry; 0 when there is none.
    pub fn seq(&self) -> u64 {
        self.heads.len() as u64 - 1
    }

    /// Number the next entry must have.
    pub fn next_seq(&self) -> u64 {
        self.heads.len() as u64
    }

    /// Time of the last entry: the next may not be earlier.
    pub fn last_time(&self) -> UnixMillis {
        self.last_time
    }

    /// The entry number of a head, if this chain went through it.
    pub fn seq_of_head(&self, head: &Hash32) -> Option<u64> {
        self.heads.iter().position(|h| h == head).map(|i| i as u64)
    }

    /// Checks that this chain goes on from a head seen before: no roll-back, no fork.
    ///
    /// # Errors
    /// [`ChainError::OlderThanSeen`].
    pub fn continues(&self, seq: u64, head: &Hash32) -> Result<(), ChainError> {
        match usize::try_from(seq).ok().and_then(|i| self.heads.get(i)) {
            Some(found) if found == head => Ok(()),
            _ => Err(ChainError::OlderThanSeen),
        }
    }

    /// The same state at another time.
    #[must_use]
    pub fn at(mut self, now: UnixMillis) -> Self {
        self.now = now;
        self
    }

    /// Whether its owner erased the report, and when.
    pub fn erased(&self) -> Option<Erasure> {
        self.erased
    }

    /// Says that an account was closed, as its own statement or the organisation's shows
    /// ([`crate::account::AccountClosing`]): what it holds counts no more. What it passed on stays, until the owner ends it.
    pub fn note_closed(&mut self, account: AccountId) {
        self.closed.insert(account);
    }

    /// Says that a team was dissolved, as its newest roster shows ([`crate::team::TeamChain::is_dissolved`]): what it holds
    /// counts no more. For the state of now: what its members signed before is judged by when they were left out.
    pub fn note_dissolved(&mut self, team: TeamId) {
        self.dissolved.insert(team);
    }

    /// One grant.
    pub fn grant(&self, id: &GrantId) -> Option<&GrantState> {
        self.grants.get(id)
    }

    /// All grants there ever were.
    pub fn grants(&self) -> impl Iterator<Item = &GrantState> {
        self.grants.values()
    }

    /// Whether a grant counts now.
    pub fn status(&self, grant: &GrantState) -> GrantStatus {
        if !Defence::GrantLiveness.holds() {
            return GrantStatus::Live;
        }
        match self.status_at(grant, self.now) {
            GrantStatus::Live if grant.holder().is_some_and(|holder| self.closed.contains(&holder)) => {
                GrantStatus::HolderClosed
            }
            GrantStatus::Live if self.is_of_dissolved_team(grant) => GrantStatus::HolderClosed,
            status => status,
        }
    }

    /// The grants that count now: each gets exactly one wrap for each version and revision it covers.
    pub fn live_grants(&self) -> impl Iterator<Item = &GrantState> {
        self.grants.values().filter(|g| self.status(g) == GrantStatus::Live)
    }

    /// What a grant is worth now: an own grant of someone who no longer owns counts as reshare.
    pub fn effective_right(&self, grant: &GrantState) -> Right {
        let right = grant.grant.right;
        if right == Right::Own && grant.holder() != Some(self.owner) { REMOVED_OWNER_RIGHT } else { right }
    }

    /// The live grants of an account, those of its teams among them.
    pub fn grants_of(&self, account: AccountId) -> impl Iterator<Item = &GrantState> {
        self.live_grants().filter(move |g| g.is_held_by(account, self.now))
    }

    /// The highest right an account has now.
    pub fn right_of(&self, account: AccountId) -> Option<Right> {
        if self.erased.is_some() {
            return None;
        }
        if account == self.owner {
            return Some(Right::Own);
        }
        self.grants_of(account).map(|g| self.effective_right(g)).max()
    }

    /// Whether an account may read a version now.
    pub fn may_read(&self, account: AccountId, version: u32) -> bool {
        let owns = account == self.owner && self.erased.is_none();
        owns || self.grants_of(account).any(|g| g.grant.versions.contains(version))
    }

    /// Whether an account may add a version now.
    pub fn may_contribute(&self, account: AccountId) -> bool {
        self.right_of(account).is_some_and(|right| right >= Right::Contribute)
    }

    /// The grants that end when `id` is revoked: itself and its live children. For each the versions it covers need
    /// re-keying.
    pub fn falls_with(&self, id: &GrantId) -> Vec<&GrantState> {
        self.live_grants().filter(|g| g.grant.id == *id || g.grant.parent == Some(*id)).collect()
    }

    /// The entry that ended a grant: its revocation, or that of the grant it was issued under if that came first. Expiry
    /// is no entry.
    pub fn ended_by(&self, grant: &GrantState) -> Option<u64> {
        let parent = grant.grant.parent.and_then(|id| self.grants.get(&id)).and_then(|parent| parent.revoked);
        [grant.revoked, parent].into_iter().flatten().min()
    }

    /// Whether a version whose current manifest names entry `sealed_at` as its access head needs new keys: a grant that
    /// covered it has ended since, or went on under a later key of its team. Whether a code was ever redeemed is not in the
    /// chain, so each counts as if it was.
    pub fn needs_rekey(&self, version: u32, sealed_at: u64) -> bool {
        let ended = |g: &GrantState| self.ended_by(g).is_some_and(|seq| seq > sealed_at);
        let left = |g: &GrantState| g.team_keys.iter().any(|seq| *seq > sealed_at);
        self.grants.values().any(|g| g.grant.versions.contains(version) && (ended(g) || left(g)))
    }

    fn is_of_dissolved_team(&self, grant: &GrantState) -> bool {
        grant.held_by_team().is_some_and(|team| self.dissolved.contains(&team))
    }

    /// The grants that would count if their teams weren't dissolved: whoever was in one may still have its keys. Their owner
    /// revokes them, and makes new keys.
    pub fn of_dissolved_teams(&self) -> impl Iterator<Item = &GrantState> {
        let would_count = |g: &&GrantState| self.status_at(g, self.now) == GrantStatus::Live;
        self.grants.values().filter(|g| self.is_of_dissolved_team(g)).filter(would_count)
    }

    /// The live grants whose team has a later key: somebody who is gone from the team may still have theirs.
    pub fn behind_their_teams(&self) -> impl Iterator<Item = &GrantState> {
        self.live_grants().filter(|g| g.is_behind_its_team())
    }

    pub(super) fn owner_has_own_grant(&self) -> bool {
        self.grants
            .values()
            .any(|g| g.grant.right == Right::Own && g.holder() == Some(self.owner) && g.revoked.is_none())
    }

    pub(super) fn status_at(&self, grant: &GrantState, at: UnixMillis) -> GrantStatus {
        if let Some(seq) = grant.revoked.or(self.erased.map(|erasure| erasure.seq)) {
            return GrantStatus::Revoked { seq };
        }
        if grant.grant.expires_at != 0 && grant.grant.expires_at <= at {
            return GrantStatus::Expired;
        }
        // A parent's right is at least reshare and a child's at most contribute, so this goes one step deep.
        let parent = grant.grant.parent.and_then(|id| self.grants.get(&id));
        match parent {
            Some(parent) if self.status_at(parent, at) != GrantStatus::Live => GrantStatus::ParentEnded,
            _ => GrantStatus::Live,
        }
    }
}

impl AccountRecipient {
    /// The current key of an account.
    pub fn current(chain: &KeyChain) -> Self {
        let key = chain.recipient();
        Self { account: chain.account(), epoch: chain.epoch(), suite: key.suite(), key_hash: key.hash() }
    }
}
