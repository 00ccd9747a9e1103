//! A team's key as it was sealed to its members: opaque here, checked for whom and for what it is.

use std::collections::BTreeSet;

use api_types::{AccountId, teams::TeamKeyWrap as Sent};
use crypto::{
    ids,
    team::{TeamChain, TeamKeyWrap, TeamRoster},
};
use sea_orm::ConnectionTrait;

use crate::{
    ServiceError, ServiceResult,
    services::{
        verify::{self, People},
        versions_check::int,
    },
    storage::teams::KeyRow,
};

/// Whom the key of a roster is to be sealed to: everybody in a new epoch, else whoever is new.
pub fn wanted(roster: &TeamRoster, added: &[AccountId], new_epoch: bool) -> BTreeSet<AccountId> {
    let all = roster.members.iter().map(|member| AccountId(member.account.0));
    if new_epoch { all.collect() } else { added.iter().copied().collect() }
}

/// Checks that there is one for each of these and no other, each of the newest roster's key and to the member's newest key.
pub async fn check(
    conn: &impl ConnectionTrait,
    chain: &TeamChain,
    wanted: &BTreeSet<AccountId>,
    sent: Vec<Sent>,
) -> ServiceResult<Vec<KeyRow>> {
    let named: BTreeSet<_> = sent.iter().map(|key| key.account).collect();
    if named != *wanted || named.len() != sent.len() {
        return Err(ServiceError::field("/keys", "the team's key must be sealed once to each member who lacks it"));
    }
    let people = verify::keys(conn, wanted).await?;
    sent.into_iter().map(|key| row(chain, &people, key)).collect()
}

fn row(chain: &TeamChain, people: &People, sent: Sent) -> ServiceResult<KeyRow> {
    let wrap = TeamKeyWrap::parse(&sent.wrap.0).map_err(|error| ServiceError::field("/keys", error.to_string()))?;
    let (key, key_epoch) = chain.recipient();
    let is_teams = wrap.team == chain.team() && wrap.key_epoch == key_epoch && wrap.team_key == key.hash();
    if !is_teams || wrap.account.0 != sent.account.0 {
        return Err(ServiceError::field("/keys", "is for another member, or of another key than the roster's"));
    }
    let member = people.get(&ids::AccountId(sent.account.0));
    let member = member.ok_or_else(|| ServiceError::field("/keys", "names an account that does not exist"))?;
    let to = member.recipient();
    if (wrap.epoch, wrap.suite, wrap.key_hash) != (member.epoch(), to.suite(), to.hash()) {
        return Err(ServiceError::field("/keys", "is sealed to another key than the member's newest"));
    }
    Ok(KeyRow {
        team_id: wrap.team.0.to_vec(),
        account_id: sent.account.0.to_vec(),
        key_epoch: int(key_epoch)?,
        wrap: sent.wrap.0,
    })
}
