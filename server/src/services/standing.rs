//! The facts that `policy` decides on, for one person and one report.

use api_types::{AccountId, ErrorCode, ReportId, UnixMillis};
use sea_orm::ConnectionTrait;

use crate::{
    ServiceResult,
    policy::{Actor, ReportStanding},
    services::erasure,
    storage::{
        self,
        reports::{OwnGrantRow, Report, Seen},
    },
};

/// A report as the caller meets it.
#[derive(Debug)]
pub struct Standing {
    /// The report.
    pub report: Report,
    /// Who owns it.
    pub owner: AccountId,
    /// The caller's live grants.
    pub grants: Vec<OwnGrantRow>,
    /// What policy asks for.
    pub standing: ReportStanding,
}

impl Standing {
    /// Whether one of the caller's live grants covers a version.
    pub fn covers(&self, version: i32) -> bool {
        self.grants.iter().any(|grant| covers(grant.versions_from, grant.versions_to, version))
    }

    /// Ids of the caller's live grants.
    pub fn grant_ids(&self) -> Vec<Vec<u8>> {
        self.grants.iter().map(|grant| grant.id.clone()).collect()
    }
}

/// Whether a grant's range holds a version.
pub fn covers(from: i32, to: Option<i32>, version: i32) -> bool {
    from <= version && to.is_none_or(|to| version <= to)
}

/// Loads it; a report that isn't there is `not_found`, as is, by policy, one that the caller may not see. Whoever had one that
/// was erased learns that.
pub async fn of(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    report: ReportId,
    now: UnixMillis,
) -> ServiceResult<Standing> {
    let seen = seen(conn, actor, report, now).await?;
    if seen.report.erased_at.is_some() {
        actor.may_see_erasure(erasure::had(conn, actor, &seen.report).await?)?;
        return Err(ErrorCode::ReportErased.into());
    }
    stands(actor, seen)
}

/// As [`of`], for what outlives a report: its events, and the people in them. Whose it was has them when it is erased, since they
/// have to account for it.
pub async fn of_record(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    report: ReportId,
    now: UnixMillis,
) -> ServiceResult<Standing> {
    let standing = stands(actor, seen(conn, actor, report, now).await?)?;
    if standing.report.erased_at.is_some() {
        actor.may_see_erasure(erasure::had(conn, actor, &standing.report).await?)?;
        actor.may_read_record_of_erased(standing.standing)?;
    }
    Ok(standing)
}

async fn seen(conn: &impl ConnectionTrait, actor: &Actor, report: ReportId, now: UnixMillis) -> ServiceResult<Seen> {
    actor.active()?;
    let seen = storage::reports::seen_by(conn, report, actor.account, now).await?;
    Ok(seen.ok_or(ErrorCode::NotFound)?)
}

fn stands(actor: &Actor, Seen { report, grants }: Seen) -> ServiceResult<Standing> {
    let owner = AccountId(storage::id("reports", "owner", &report.owner)?);
    let right = grants.iter().map(|grant| grant.right).max();
    let standing = ReportStanding { owner: owner == actor.account, right };
    Ok(Standing { report, owner, grants, standing })
}
