//! Key records are learnt only once they were found in the tree, at the places that came with them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};

use api_types::{accounts::PublicAccount, teams::TeamRosters};
use crypto::defence::Defence;
use tlog::{Hash, leaf::KeyTreeLeaf};

use super::KEYS;
use crate::{
    error::Result,
    log::{Claim, Files},
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

/// The leaves of an account's records, where they are said to be; `None` where a place is missing.
fn claims_of(account: &PublicAccount) -> Option<Vec<Claim>> {
    let places = (account.key_records.len() == account.key_leaves.len()).then_some(&account.key_leaves)?;
    let claim = |(epoch, (record, index)): (u32, (&api_types::B64, &u64))| Claim {
        index: *index,
        leaf: KeyTreeLeaf::key(&account.id.0, epoch, &record.0).leaf_hash(),
    };
    Some((0..).zip(account.key_records.iter().zip(places)).map(claim).collect())
}

/// The leaves of a team's rosters, where they are said to be; `None` where a place is missing.
fn rosters_of(team: &TeamRosters) -> Option<Vec<Claim>> {
    let places = (team.rosters.len() == team.leaves.len()).then_some(&team.leaves)?;
    let claim = |(seq, (roster, index)): (u32, (&api_types::B64, &u64))| Claim {
        index: *index,
        leaf: KeyTreeLeaf::key(&team.id.0, seq, &roster.0).leaf_hash(),
    };
    Some((0..).zip(team.rosters.iter().zip(places)).map(claim).collect())
}

impl<P: Platform> Vault<P> {
    /// Looks up in the tree of keys every record of these accounts that this session hasn't found there yet. Whatever isn't
    /// found is refused when it is learnt.
    pub(crate) async fn prove_logged(&self, accounts: &[PublicAccount]) -> Result<()> {
        let mut claims = Vec::new();
        for account in accounts {
            if account.id != self.account_id() {
                claims.extend(claims_of(account).unwrap_or_default());
            }
        }
        self.prove_claims(claims).await
    }

    /// Remembers for this session which of these leaves stand where they are said to. In one that was stopped nothing counts
    /// any more, not even what was found before.
    pub(super) async fn prove_claims(&self, claims: Vec<Claim>) -> Result<()> {
        self.refuse_if_stopped()?;
        let log = self.key_log();
        let open = self.unproved(claims);
        if open.is_empty() && log.looked.load(Ordering::Acquire) {
            return Ok(());
        }
        let held = self.held(&open).await?;
        let held = open.iter().filter(|claim| held.contains(&claim.index));
        log.proved().extend(held.map(|claim| (claim.index, claim.leaf.0)));
        Ok(())
    }

    /// Those not found yet. A place has one leaf: where two are said to be, the second isn't asked about.
    fn unproved(&self, claims: Vec<Claim>) -> Vec<Claim> {
        let mut open: BTreeMap<u64, Hash> = BTreeMap::new();
        for claim in claims {
            if !self.key_log().has_proved(claim.index, &claim.leaf) {
                open.entry(claim.index).or_insert(claim.leaf);
            }
        }
        open.into_iter().map(|(index, leaf)| Claim { index, leaf }).collect()
    }

    /// Which of these places hold their leaves. Waits a moment for one that is beyond the newest tree.
    async fn held(&self, claims: &[Claim]) -> Result<BTreeSet<u64>> {
        let log = self.key_log();
        let furthest = claims.iter().map(|claim| claim.index).max();
        let looked = self.look(log.guard(), furthest).await?;
        log.looked.store(true, Ordering::Release);
        let Some(mut open) = looked else { return Ok(BTreeSet::new()) };
        let files = Files::new(self.platform().transport(), KEYS);
        let held = open.view()?.holds(&files, claims).await;
        log.guard().settle(held)
    }

    /// Looks up in the tree of keys every roster of these teams that this session hasn't found there yet.
    pub(crate) async fn prove_teams(&self, teams: &[TeamRosters]) -> Result<()> {
        self.prove_claims(teams.iter().flat_map(|team| rosters_of(team).unwrap_or_default()).collect()).await
    }

    /// Refuses a team of which a roster wasn't found in the tree.
    pub(crate) fn expect_team_logged(&self, team: &TeamRosters) -> Result<(), Refusal> {
        let log = self.key_log();
        if !Defence::KeyLogged.holds() {
            return Ok(());
        }
        let found = |claims: Vec<Claim>| claims.iter().all(|claim| log.has_proved(claim.index, &claim.leaf));
        match rosters_of(team).is_some_and(found) {
            true => Ok(()),
            false => Err(Refusal::TeamNotLogged { team: team.id.to_string() }),
        }
    }

    /// Refuses an account of which a record wasn't found in the tree. Its own holder needs no tree for it.
    pub(crate) fn expect_logged(&self, account: &PublicAccount) -> Result<(), Refusal> {
        let log = self.key_log();
        if account.id == self.account_id() || !Defence::KeyLogged.holds() {
            return Ok(());
        }
        let found = |claims: Vec<Claim>| claims.iter().all(|claim| log.has_proved(claim.index, &claim.leaf));
        match claims_of(account).is_some_and(found) {
            true => Ok(()),
            false => Err(Refusal::KeyNotLogged { account: account.id.to_string() }),
        }
    }
}
