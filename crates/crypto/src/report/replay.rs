//! Replay of an access chain: who may do what, from signed entries alone. Pure: same input, same answer.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AccessEntry, AccessState, AccountRecipient, ChainError, Change, Claim, Custody, Erasure, Genesis, Grant,
    GrantState, GrantStatus, Patient, Purpose, Recipient, Right, Versions, team_grant,
};
use crate::{
    account::{Device, KeyDirectory},
    defence::Defence,
    encoding::UnixMillis,
    ids::{GrantId, Hash32, ReportId},
    sign::Signed,
};

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
            erased: None,
            closed: BTreeSet::new(),
            dissolved: BTreeSet::new(),
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
        let ordered = Defence::AccessOrder.holds();
        if claimed.seq != seq && ordered {
            return Err(ChainError::WrongSeq { expected: seq, found: claimed.seq });
        }
        if claimed.previous != self.head() && ordered {
            return Err(ChainError::WrongPrevious { seq });
        }
        if claimed.time < self.last_time {
            return Err(ChainError::TimeReversed { seq });
        }
        if self.erased.is_some() {
            return Err(ChainError::Erased { seq });
        }
        let key = keys
            .signer(&claimed.author, claimed.epoch, claimed.time)
            .map_err(|source| ChainError::Keys { seq, source })?;
        let verified =
            entry.verify_under(Defence::EntrySignature, key).map_err(|source| ChainError::Verify { seq, source })?;
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
            Change::Erase => self.erase(entry),
            Change::TeamKey(key) => self.follow_team(entry, key, keys),
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
        let team = team_grant::holders_of(seq, grant, keys)?;
        if self.is_founding(entry, grant, keys) {
            self.insert(entry, grant.clone());
            return Ok(());
        }
        if entry.author == self.owner {
            self.check_owner_grant(seq, grant)?;
        } else {
            self.check_child(entry, grant)?;
        }
        self.founding_open = false;
        self.insert(entry, grant.clone()).team = team;
        Ok(())
    }

    /// The creator's first entries where the patient owns the report: the patient's own grant, then the creator's
    /// reshare grant, which is its owner's where the creator is a device. Nothing else, and only before anything else.
    fn is_founding(&self, entry: &AccessEntry, grant: &Grant, keys: &impl KeyDirectory) -> bool {
        if !self.founding_open || entry.author != self.genesis.creator || grant.parent.is_some() {
            return false;
        }
        let to = match &grant.recipient {
            Recipient::Account(to) => to.account,
            _ => return false,
        };
        let author = keys.device(&self.genesis.creator).map_or(self.genesis.creator, Device::owner);
        let whole = grant.versions == Versions::ALL && grant.expires_at == 0;
        match entry.seq {
            1 => grant.right == Right::Own && to == self.genesis.first_owner() && whole,
            2 => grant.right == Right::Reshare && to == author && whole,
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
            Recipient::Code { .. } | Recipient::Team(_) => false,
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
        parent.is_some_and(|p| p.holder() == Some(entry.author) && self.status_at(p, entry.time) == GrantStatus::Live)
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

    fn erase(&mut self, entry: &AccessEntry) -> Result<(), ChainError> {
        if entry.author != self.owner {
            return Err(ChainError::NotEntitled { seq: entry.seq });
        }
        self.erased = Some(Erasure { seq: entry.seq, time: entry.time });
        Ok(())
    }

    /// Of a grant whose id wasn't used before.
    fn insert(&mut self, entry: &AccessEntry, grant: Grant) -> &mut GrantState {
        self.grants.entry(grant.id).or_insert(GrantState {
            seq: entry.seq,
            issued_by: entry.author,
            issued_at: entry.time,
            revoked: None,
            claimed: None,
            team: None,
            team_keys: Vec::new(),
            grant,
        })
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
        Recipient::Code { account, .. } if keys.device(account).is_some() => Err(ChainError::WrongRecipientKey { seq }),
        Recipient::Code { account, epoch, .. } => match keys.chain(account) {
            Some(chain) if chain.record(*epoch).is_none() => Err(ChainError::WrongRecipientKey { seq }),
            _ => Ok(()),
        },
        Recipient::Bearer { .. } | Recipient::Team(_) => Ok(()),
    }
}

/// Where the recipient's records are known, the key named must be theirs, and their best. A device has none.
fn check_account(seq: u64, to: &AccountRecipient, keys: &impl KeyDirectory) -> Result<(), ChainError> {
    if keys.device(&to.account).is_some() {
        return Err(ChainError::WrongRecipientKey { seq });
    }
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
