//! Replay of an access chain: who may do what, from signed entries alone. Pure: same input, same answer.

use std::collections::BTreeMap;

use super::{
    AccessEntry, AccountRecipient, ChainError, Change, Claim, Custody, Genesis, Grant, Patient, Purpose, Recipient,
    Right, Versions,
};
use crate::{
    account::{KeyChain, KeyDirectory},
    encoding::UnixMillis,
    ids::{AccountId, GrantId, Hash32, ReportId},
    sign::Signed,
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
}

impl GrantState {
    /// The account that holds it; none for an unclaimed bearer grant.
    pub fn holder(&self) -> Option<AccountId> {
        match &self.grant.recipient {
            Recipient::Account(account) => Some(account.account),
            Recipient::Code { account, .. } => Some(*account),
            Recipient::Bearer { .. } => self.claimed.map(|c| c.account),
        }
    }
}

/// A report's access at one head of its chain and one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessState {
    report: ReportId,
    genesis: Genesis,
    owner: AccountId,
    custody_passed: bool,
    heads: Vec<Hash32>,
    last_time: UnixMillis,
    founding_open: bool,
    grants: BTreeMap<GrantId, GrantState>,
    now: UnixMillis,
}

impl AccessState {
    /// Verifies a genesis and replays entries 1, 2, … over it. `now` decides what has expired.
    ///
    /// # Errors
    /// [`ChainError`], at the first entry that doesn't count.
    pub fn replay(
        genesis: &Signed<Genesis>,
        entries: &[Signed<AccessEntry>],
        keys: &impl KeyDirectory,
        now: UnixMillis,
    ) -> Result<Self, ChainError> {
        let report = ReportId::of(genesis);
        let genesis = genesis.verify_genesis(&report, keys)?.clone();
        let mut state = Self {
            report,
            owner: genesis.first_owner(),
            custody_passed: false,
            heads: vec![Hash32(report.0)],
            last_time: genesis.time,
            founding_open: genesis.first_owner() != genesis.creator,
            grants: BTreeMap::new(),
            genesis,
            now,
        };
        entries.iter().try_for_each(|entry| state.apply(entry, keys))?;
        Ok(state)
    }

    /// Replays up to the entry whose hash is `head` (the report id for no entries): what a manifest or wrap was made
    /// under.
    ///
    /// # Errors
    /// [`ChainError::OlderThanSeen`] if the chain has no such head, besides those of [`AccessState::replay`].
    pub fn replay_to(
        genesis: &Signed<Genesis>,
        entries: &[Signed<AccessEntry>],
        keys: &impl KeyDirectory,
        head: &Hash32,
        now: UnixMillis,
    ) -> Result<Self, ChainError> {
        let len = if genesis.hash() == *head {
            0
        } else {
            1 + entries.iter().position(|e| e.hash() == *head).ok_or(ChainError::OlderThanSeen)?
        };
        Self::replay(genesis, &entries[..len], keys, now)
    }

    /// Appends one entry, if it counts; leaves the state as it was if not.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn apply(&mut self, entry: &Signed<AccessEntry>, keys: &impl KeyDirectory) -> Result<(), ChainError> {
        let claimed = entry.claimed();
        let seq = self.next_seq();
        if claimed.report != self.report {
            return Err(ChainError::WrongReport { seq });
        }
        if claimed.seq != seq {
            return Err(ChainError::WrongSeq { expected: seq, found: claimed.seq });
        }
        if claimed.previous != self.head() {
            return Err(ChainError::WrongPrevious { seq });
        }
        if claimed.time < self.last_time {
            return Err(ChainError::TimeReversed { seq });
        }
        let key = keys
            .signer(&claimed.author, claimed.epoch, claimed.time)
            .map_err(|source| ChainError::Keys { seq, source })?;
        let verified = entry.verify(key).map_err(|source| ChainError::Verify { seq, source })?;
        self.change(verified, keys)?;
        self.heads.push(entry.hash());
        self.last_time = verified.time;
        Ok(())
    }

    fn change(&mut self, entry: &AccessEntry, keys: &impl KeyDirectory) -> Result<(), ChainError> {
        match &entry.change {
            Change::Grant(grant) => self.add_grant(entry, grant, keys),
            Change::Revoke(grant) => self.revoke(entry, grant),
            Change::Claim(claim) => self.claim(entry, claim, keys),
            Change::Custody(custody) => self.pass_custody(entry, custody, keys),
        }
    }

    fn add_grant(&mut self, entry: &AccessEntry, grant: &Grant, keys: &impl KeyDirectory) -> Result<(), ChainError> {
        let seq = entry.seq;
        if self.grants.contains_key(&grant.id) {
            return Err(ChainError::DuplicateGrant { seq });
        }
        if grant.expires_at != 0 && grant.expires_at <= entry.time {
            return Err(ChainError::GrantNotLive { seq });
        }
        check_recipient(seq, &grant.recipient, keys)?;
        if self.is_founding(entry, grant) {
            self.insert(entry, grant.clone());
            return Ok(());
        }
        if entry.author == self.owner {
            self.check_owner_grant(seq, grant)?;
        } else {
            self.check_child(entry, grant)?;
        }
        self.founding_open = false;
        self.insert(entry, grant.clone());
        Ok(())
    }

    /// The creator's first entries where the patient owns the report: the patient's own grant, then the creator's
    /// reshare grant. Nothing else, and only before anything else.
    fn is_founding(&self, entry: &AccessEntry, grant: &Grant) -> bool {
        if !self.founding_open || entry.author != self.genesis.creator || grant.parent.is_some() {
            return false;
        }
        let to = match &grant.recipient {
            Recipient::Account(to) => to.account,
            _ => return false,
        };
        let whole = grant.versions == Versions::ALL && grant.expires_at == 0;
        match entry.seq {
            1 => grant.right == Right::Own && to == self.genesis.first_owner() && whole,
            2 => grant.right == Right::Reshare && to == self.genesis.creator && whole,
            _ => false,
        }
    }

    fn check_owner_grant(&self, seq: u64, grant: &Grant) -> Result<(), ChainError> {
        if grant.parent.is_some() {
            return Err(ChainError::NotEntitled { seq });
        }
        if grant.right < Right::Own {
            return Ok(());
        }
        let whole = grant.versions == Versions::ALL && grant.expires_at == 0;
        let fits = match &grant.recipient {
            Recipient::Account(to) => to.account == self.owner && !self.owner_has_own_grant(),
            Recipient::Bearer { placeholder, .. } => {
                self.genesis.patient == Patient::Placeholder(*placeholder) && !self.custody_passed
            }
            Recipient::Code { .. } => false,
        };
        if whole && fits { Ok(()) } else { Err(ChainError::OwnershipRule { seq }) }
    }

    fn check_child(&self, entry: &AccessEntry, grant: &Grant) -> Result<(), ChainError> {
        let seq = entry.seq;
        let parent = grant.parent.ok_or(ChainError::NotEntitled { seq })?;
        let parent = self.grants.get(&parent).ok_or(ChainError::UnknownGrant { seq })?;
        if parent.holder() != Some(entry.author) || self.effective_right(parent) < Right::Reshare {
            return Err(ChainError::NotEntitled { seq });
        }
        if self.status_at(parent, entry.time) != GrantStatus::Live {
            return Err(ChainError::GrantNotLive { seq });
        }
        let limit = parent.grant.expires_at;
        let within_time = limit == 0 || (grant.expires_at != 0 && grant.expires_at <= limit);
        if grant.right > Right::Contribute || !parent.grant.versions.covers(&grant.versions) || !within_time {
            return Err(ChainError::OutranksParent { seq });
        }
        Ok(())
    }

    fn revoke(&mut self, entry: &AccessEntry, id: &GrantId) -> Result<(), ChainError> {
        let seq = entry.seq;
        let target = self.grants.get(id).ok_or(ChainError::UnknownGrant { seq })?;
        if target.revoked.is_some() {
            return Err(ChainError::GrantNotLive { seq });
        }
        if target.grant.right == Right::Own && target.holder() == Some(self.owner) {
            return Err(ChainError::OwnershipRule { seq });
        }
        let leaves = target.holder() == Some(entry.author);
        if entry.author != self.owner && !leaves && !self.issued_under(target, entry) {
            return Err(ChainError::NotEntitled { seq });
        }
        self.founding_open = false;
        if let Some(target) = self.grants.get_mut(id) {
            target.revoked = Some(seq);
        }
        Ok(())
    }

    /// Whether the entry's author holds the live grant that `target` was issued under.
    fn issued_under(&self, target: &GrantState, entry: &AccessEntry) -> bool {
        let parent = target.grant.parent.and_then(|id| self.grants.get(&id));
        parent.is_some_and(|p| {
            p.holder() == Some(entry.author) && self.status_at(p, entry.time) == GrantStatus::Live
        })
    }

    fn claim(&mut self, entry: &AccessEntry, claim: &Claim, keys: &impl KeyDirectory) -> Result<(), ChainError> {
        let seq = entry.seq;
        let target = self.grants.get(&claim.grant).ok_or(ChainError::UnknownGrant { seq })?;
        let Recipient::Bearer { placeholder, claim: key, .. } = &target.grant.recipient else {
            return Err(ChainError::BadClaim { seq });
        };
        if target.claimed.is_some() || self.status_at(target, entry.time) != GrantStatus::Live {
            return Err(ChainError::GrantNotLive { seq });
        }
        let chain = keys.chain(&entry.author).ok_or(ChainError::BadClaim { seq })?;
        let record = chain.record(claim.recipient.epoch).ok_or(ChainError::BadClaim { seq })?;
        if claim.recipient.account != entry.author || record.hash() != claim.record {
            return Err(ChainError::BadClaim { seq });
        }
        check_account(seq, &claim.recipient, keys)?;
        let input = Claim::input(&self.report, &claim.grant, &entry.author, &claim.record);
        key.verify(&input, &claim.signature).map_err(|_| ChainError::BadClaim { seq })?;
        let owns = target.grant.right == Right::Own;
        if owns && (self.custody_passed || self.genesis.patient != Patient::Placeholder(*placeholder)) {
            return Err(ChainError::OwnershipRule { seq });
        }
        if owns {
            self.owner = entry.author;
            self.custody_passed = true;
        }
        if let Some(target) = self.grants.get_mut(&claim.grant) {
            target.claimed = Some(claim.recipient);
        }
        Ok(())
    }

    fn pass_custody(
        &mut self,
        entry: &AccessEntry,
        custody: &Custody,
        keys: &impl KeyDirectory,
    ) -> Result<(), ChainError> {
        let seq = entry.seq;
        if entry.author != self.owner {
            return Err(ChainError::NotEntitled { seq });
        }
        let custodian = matches!(self.genesis.patient, Patient::Placeholder(_)) && !self.custody_passed;
        if !custodian || custody.recipient.account == self.owner {
            return Err(ChainError::OwnershipRule { seq });
        }
        if self.grants.contains_key(&custody.grant) {
            return Err(ChainError::DuplicateGrant { seq });
        }
        check_account(seq, &custody.recipient, keys)?;
        self.insert(entry, custody_grant(custody));
        self.owner = custody.recipient.account;
        self.custody_passed = true;
        Ok(())
    }

    fn insert(&mut self, entry: &AccessEntry, grant: Grant) {
        let state = GrantState {
            seq: entry.seq,
            issued_by: entry.author,
            issued_at: entry.time,
            revoked: None,
            claimed: None,
            grant,
        };
        self.grants.insert(state.grant.id, state);
    }

    fn owner_has_own_grant(&self) -> bool {
        self.grants.values().any(|g| {
            g.grant.right == Right::Own && g.holder() == Some(self.owner) && g.revoked.is_none()
        })
    }

    fn status_at(&self, grant: &GrantState, at: UnixMillis) -> GrantStatus {
        if let Some(seq) = grant.revoked {
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

    // What the state answers.

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
        self.status_at(grant, self.now)
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

    /// The live grants of an account.
    pub fn grants_of(&self, account: AccountId) -> impl Iterator<Item = &GrantState> {
        self.live_grants().filter(move |g| g.holder() == Some(account))
    }

    /// The highest right an account has now.
    pub fn right_of(&self, account: AccountId) -> Option<Right> {
        if account == self.owner {
            return Some(Right::Own);
        }
        self.grants_of(account).map(|g| self.effective_right(g)).max()
    }

    /// Whether an account may read a version now.
    pub fn may_read(&self, account: AccountId, version: u32) -> bool {
        account == self.owner || self.grants_of(account).any(|g| g.grant.versions.contains(version))
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
}

fn custody_grant(custody: &Custody) -> Grant {
    Grant {
        id: custody.grant,
        recipient: Recipient::Account(custody.recipient),
        right: Right::Own,
        purpose: Purpose::custody(),
        versions: Versions::ALL,
        expires_at: 0,
        parent: None,
    }
}

fn check_recipient(seq: u64, recipient: &Recipient, keys: &impl KeyDirectory) -> Result<(), ChainError> {
    match recipient {
        Recipient::Account(to) => check_account(seq, to, keys),
        Recipient::Code { account, epoch, .. } => match keys.chain(account) {
            Some(chain) if chain.record(*epoch).is_none() => Err(ChainError::WrongRecipientKey { seq }),
            _ => Ok(()),
        },
        Recipient::Bearer { .. } => Ok(()),
    }
}

/// Where the recipient's records are known, the key named must be theirs, and their best.
fn check_account(seq: u64, to: &AccountRecipient, keys: &impl KeyDirectory) -> Result<(), ChainError> {
    let Some(chain) = keys.chain(&to.account) else { return Ok(()) };
    let record = chain.record(to.epoch).ok_or(ChainError::WrongRecipientKey { seq })?.claimed();
    let best = record.recipient();
    if to.suite < best.suite() {
        return Err(ChainError::DowngradedSuite { seq });
    }
    if to.suite == best.suite() && to.key_hash == best.hash() {
        Ok(())
    } else {
        Err(ChainError::WrongRecipientKey { seq })
    }
}

impl AccountRecipient {
    /// The current key of an account.
    pub fn current(chain: &KeyChain) -> Self {
        let key = chain.recipient();
        Self { account: chain.account(), epoch: chain.epoch(), suite: key.suite(), key_hash: key.hash() }
    }
}
