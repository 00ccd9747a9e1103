//! What a team's members see of reports, kept in step with who they are.

use std::collections::BTreeSet;

use api_types::{AccountId, GrantId, ReportId, TeamId, UnixMillis, live::LiveKind};
use sea_orm::ConnectionTrait;

use crate::{
    ServiceResult, live,
    services::{
        access::{self, Changed},
        rekey_due,
        standing::covers,
    },
    storage::{self, db::WriteTx, grants::Grant},
};

/// Brings the lists of these members up to date, on every report that the team sees. After a new epoch the versions that the
/// team held wait for their owners' clients, who are told.
pub async fn changed(
    conn: &impl ConnectionTrait,
    team: &TeamId,
    members: &[AccountId],
    new_epoch: bool,
    now: UnixMillis,
) -> ServiceResult<Vec<Changed>> {
    let mut out = Vec::new();
    if members.is_empty() && !new_epoch {
        return Ok(out);
    }
    for grant in storage::teams::grants(conn, *team, now).await? {
        let report = ReportId(storage::id("grants", "report_id", &grant.report_id)?);
        let mut of = members.to_vec();
        if new_epoch {
            queue_rekey(conn, report, &grant, now).await?;
            if let Some(row) = storage::reports::get(conn, report).await? {
                of.push(AccountId(storage::id("reports", "owner", &row.owner)?));
            }
        }
        out.push(access::refresh_of(conn, report, now, Some(&of)).await?);
    }
    Ok(out)
}

/// The versions that a grant covers wait to be re-keyed.
pub async fn queue_rekey(
    conn: &impl ConnectionTrait,
    report: ReportId,
    grant: &Grant,
    now: UnixMillis,
) -> ServiceResult<()> {
    let held = |version: i32| covers(grant.versions_from, grant.versions_to, version);
    let due = rekey_due::after(conn, report, held).await?;
    let id = GrantId(storage::id("grants", "id", &grant.id)?);
    Ok(storage::versions_rekey::add(conn, report, &due, id, now).await?)
}

/// Their open pages hear that a team of theirs changed.
pub fn tell(tx: &mut WriteTx, accounts: BTreeSet<AccountId>) {
    for account in accounts {
        tx.tell(account, live::event(LiveKind::TeamChanged));
    }
}
