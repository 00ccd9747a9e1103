//! The end of a report: its owner's signed word, and with it keys, versions and ciphertext go for everybody at once. What
//! stays is its beginning, its access chain and its audit.

use api_types::{
    AccountId, B64, ReportId, UnixMillis,
    audit::Action,
    closing::{EraseReport, ErasedReport},
};
use crypto::report::Change;
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::Actor,
    services::{
        access::{self, Changed},
        backups, confirmation, grants, quotas, sending_devices, standing, uploads,
        verify::{self, Chain},
        versions,
    },
    storage::{self, blob_garbage, reports::Report},
};

/// `POST /reports/{id}/erasure`.
pub async fn erase(state: &AppState, actor: &Actor, report: ReportId, body: EraseReport) -> ServiceResult<()> {
    let now = state.clock.now();
    let seen = standing::of(state.db.read(), actor, report, now).await?;
    actor.may_own(seen.standing)?;
    confirmation::confirmed(state, actor).await?;
    let entry = grants::parse_entry(actor, report, &body.entry.0, now)?;
    if entry.claimed().change != Change::Erase {
        return Err(ServiceError::field("/entry", "does not erase the report"));
    }
    let mut loaded = versions::load_seen(state, seen, report, &[actor.account]).await?;
    loaded.state.apply(&entry, &loaded.keys).map_err(|error| verify::chain_error(&error))?;
    let mut tx = state.db.begin_write().await?;
    versions::unchanged(state, tx.conn(), actor, &loaded).await?;
    grants::append(tx.conn(), &loaded.state, report, &entry, now).await?;
    let changed = wipe(tx.conn(), report, now).await?;
    tx.record(dated(state, EventDraft::by(actor, Action::Erase).on(report))).await?;
    quotas::tell(state, &mut tx, actor.account).await?;
    changed.tell(&mut tx);
    tx.commit().await?;
    truncate_wal(state).await;
    Ok(())
}

/// With when this server's backups hold it no more, where that is set: as it stood when it was erased.
pub(super) fn dated(state: &AppState, event: EventDraft) -> EventDraft {
    match backups::erased_until(state) {
        Some(until) => event.with("in_backups_until", until),
        None => event,
    }
}

/// What was deleted stays no longer than need be in SQLite's write-ahead log. It is deleted all the same where that fails.
pub async fn truncate_wal(state: &AppState) {
    if let Err(error) = state.db.truncate_wal().await {
        tracing::warn!(%error, "the write-ahead log still holds what was deleted");
    }
}

/// Takes everything of a report away that opens or is opened, in the caller's transaction. Says whom that concerns: those
/// for whom a code waits, too.
pub async fn wipe(conn: &impl ConnectionTrait, report: ReportId, now: UnixMillis) -> ServiceResult<Changed> {
    let mut waiting = Vec::new();
    for grant in storage::grants::of_report(conn, report).await? {
        let Some(recipient) = grant.recipient.filter(|_| grant.revoked_at.is_none()) else { continue };
        waiting.push(AccountId(storage::id("grants", "recipient", &recipient)?));
    }
    let blobs = storage::erasure::wipe(conn, report, now).await?;
    blob_garbage::add(conn, blobs, now).await?;
    for upload in storage::uploads::by_anyone(conn, report).await? {
        uploads::discard(conn, &upload, now).await?;
    }
    let mut changed = access::refresh(conn, report, now).await?;
    changed.ended.extend(waiting);
    changed.ended.sort_unstable();
    changed.ended.dedup();
    Ok(changed)
}

/// Whether somebody had a report, and so may know that it was erased.
pub async fn had(conn: &impl ConnectionTrait, actor: &Actor, report: &Report) -> ServiceResult<bool> {
    let id = ReportId(storage::id("reports", "id", &report.id)?);
    let owner = AccountId(storage::id("reports", "owner", &report.owner)?);
    Ok(owner == actor.account || storage::erasure::was_granted(conn, id, actor.account).await?)
}

/// `GET /reports/{id}/erasure`: what shows that its owner ended it, for those who had it.
pub async fn get(state: &AppState, actor: &Actor, id: ReportId) -> ServiceResult<ErasedReport> {
    let conn = state.db.read();
    let report = storage::reports::get(conn, id).await?.filter(|report| report.erased_at.is_some());
    let had = match &report {
        Some(report) => had(conn, actor, report).await?,
        None => false,
    };
    actor.may_see_erasure(had)?;
    let report = report.ok_or(api_types::ErrorCode::NotFound)?;
    let entries = storage::reports::entries(conn, id).await?;
    let named = Chain::stored(&report.genesis, &entries)?.accounts();
    let devices = sending_devices::of_report(conn, &named).await?;
    let accounts: Vec<AccountId> = named.into_iter().collect();
    let people = storage::accounts::public_by_ids(conn, &accounts).await?;
    let event = EventDraft::by(actor, Action::LookUp).with("by", "erasure").with("report", id);
    state.audit.record(event.delivered(people.iter().map(|account| &account.id.0[..]))).await?;
    Ok(ErasedReport { genesis: B64(report.genesis), entries: entries.into_iter().map(B64).collect(), people, devices })
}
