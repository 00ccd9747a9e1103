//! Who may upload for which report, when it begins and as long as it goes on. With access to a report what was begun for it ends
//! too: it lies in its owner's space.

use std::collections::BTreeMap;

use api_types::{AccountId, ErrorCode, ReportId, UnixMillis, audit::Action, uploads::CreateUpload};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::{Actor, ReportStanding},
    services::{access::Changed, quotas, standing, uploads, versions_check::int},
    storage::{
        self,
        db::WriteTx,
        uploads::{self as store, Upload},
    },
};

/// The place must be the caller's to write: an own draft of a report, the next version, or the next revision. Whoever was
/// overtaken goes on sealing for a version that somebody else has made meanwhile, and commits to the one behind it. Says in
/// whose space it lies; a revision takes the place of what lies there.
pub async fn may_begin(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    body: &CreateUpload,
    now: UnixMillis,
) -> ServiceResult<Option<AccountId>> {
    if let Some(owner) = actor.device_of {
        may_send(conn, actor, body).await?;
        return Ok(Some(owner));
    }
    actor.may_write_reports()?;
    // A draft of an own change stands beside a report that is there: the report decides.
    let exists = storage::reports::get(conn, body.report_id).await?.is_some();
    if !exists && storage::drafts::get(conn, body.report_id, actor.account).await?.is_some() {
        let first = body.version == 1 && body.revision == 0;
        let misplaced = || ServiceError::field("/version", "a draft becomes version 1");
        return if first { Ok(Some(actor.account)) } else { Err(misplaced()) };
    }
    let seen = standing::of(conn, actor, body.report_id, now).await?;
    if body.revision == 0 {
        actor.may_contribute(seen.standing)?;
        let latest = seen.report.latest_version;
        let fits = (2..=latest + 1).contains(&int(body.version)?);
        let moved = || ServiceError::VersionMoved { latest: latest.unsigned_abs() };
        return if fits { Ok(Some(seen.owner)) } else { Err(moved()) };
    }
    actor.may_own(seen.standing)?;
    let version = int(body.version)?;
    let current = storage::versions::current(conn, body.report_id, version).await?;
    let current = current.ok_or(ErrorCode::NotFound)?.revision;
    let next = current + 1;
    if int(body.revision)? != next {
        return Err(conflict(format!("the next revision is {next}")));
    }
    // Not counted, since it takes the place of as much: so it must.
    let replaced = storage::versions::part(conn, body.report_id, version, current, int(body.part)?).await?;
    match replaced.is_some_and(|part| part.ciphertext_len.unsigned_abs() == body.ciphertext_len) {
        true => Ok(None),
        false => Err(ServiceError::field("/ciphertext_len", "the version has no such part of this length")),
    }
}

/// A device has no drafts: what it uploads is for a report that isn't there yet, and for its first version.
async fn may_send(conn: &impl ConnectionTrait, actor: &Actor, body: &CreateUpload) -> ServiceResult<()> {
    actor.may_write_reports()?;
    let first = body.version == 1 && body.revision == 0;
    if !first {
        return Err(ServiceError::field("/version", "a device sends version 1"));
    }
    let drafted = storage::drafts::any(conn, body.report_id).await?;
    let taken = drafted || storage::reports::get(conn, body.report_id).await?.is_some();
    if taken { Err(conflict("the report is there already, or is somebody's draft".to_owned())) } else { Ok(()) }
}

fn conflict(detail: String) -> ServiceError {
    ServiceError::because(ErrorCode::Conflict, detail)
}

/// Whoever began it goes on only as long as they could begin it: access may have ended since.
pub async fn may_go_on(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    upload: &Upload,
    now: UnixMillis,
) -> ServiceResult<()> {
    let report = ReportId(storage::id("uploads", "report_id", &upload.report_id)?);
    if storage::reports::get(conn, report).await?.is_none() {
        return Ok(());
    }
    if actor.device_of.is_some() {
        return Err(conflict("the report is there already".to_owned()));
    }
    let seen = standing::of(conn, actor, report, now).await?;
    match upload.revision {
        0 => actor.may_contribute(seen.standing)?,
        _ => actor.may_own(seen.standing)?,
    }
    Ok(())
}

/// Access to a report has ended: what was begun by those who may not go on with it goes.
pub async fn end_of_outsiders(state: &AppState, tx: &mut WriteTx, report: ReportId) -> ServiceResult<()> {
    let now = state.clock.now();
    let (mut known, mut ended) = (BTreeMap::new(), 0u32);
    for upload in store::by_anyone(tx.conn(), report).await? {
        let holder = AccountId(storage::id("uploads", "account_id", &upload.account_id)?);
        let standing = match known.get(&holder) {
            Some(standing) => *standing,
            None => standing_of(tx.conn(), report, holder, now).await?,
        };
        known.insert(holder, standing);
        let goes_on = if upload.revision == 0 { standing.contributes() } else { standing.owner };
        if !goes_on {
            uploads::discard(tx.conn(), &upload, now).await?;
            ended += 1;
        }
    }
    if ended == 0 {
        return Ok(());
    }
    let event = EventDraft::anonymous(Action::Upload).with("what", "access_ended").with("report", report);
    tx.record(event.with("count", ended)).await?;
    let row = storage::reports::get(tx.conn(), report).await?;
    if let Some(row) = row {
        quotas::tell(state, tx, AccountId(storage::id("reports", "owner", &row.owner)?)).await?;
    }
    Ok(())
}

/// As [`end_of_outsiders`], for reports whose lists changed with a team.
pub async fn end_with_team(state: &AppState, tx: &mut WriteTx, changed: &[Changed]) -> ServiceResult<()> {
    for report in changed.iter().filter_map(|changed| changed.report) {
        end_of_outsiders(state, tx, report).await?;
    }
    Ok(())
}

async fn standing_of(
    conn: &impl ConnectionTrait,
    report: ReportId,
    account: AccountId,
    now: UnixMillis,
) -> ServiceResult<ReportStanding> {
    let seen = storage::reports::seen_by(conn, report, account, now).await?.ok_or(ErrorCode::NotFound)?;
    let right = seen.grants.iter().map(|grant| grant.right).max();
    Ok(ReportStanding { owner: seen.report.owner == account.0, right })
}
