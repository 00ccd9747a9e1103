//! Drafts: sealed by their author, saved under a counter, deleted or completed. Of a report that isn't there yet, or of the
//! next version of one that is.

use api_types::{
    AccountId, B64, ErrorCode, ReportId,
    audit::Action,
    drafts::{Draft, DraftList, PutDraft},
    limits::DRAFT_MAX,
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::Actor,
    services::{quotas, standing, uploads},
    storage::{self, drafts as store},
};

/// Most drafts of one author.
pub const DRAFTS_MAX: usize = 100;
/// Most sealed bytes of one author's drafts: the list delivers all of them at once.
pub const DRAFTS_BYTES: u64 = 16 * 1024 * 1024;

type Row = entities::drafts::Model;

/// The caller's drafts.
pub async fn list(state: &AppState, actor: &Actor) -> ServiceResult<DraftList> {
    actor.may_write_reports()?;
    let rows = store::list(state.db.read(), actor.account).await?;
    let event = EventDraft::by(actor, Action::List).with("of", "drafts");
    state.audit.record(event.delivered(rows.iter().map(|row| &row.report_id[..]))).await?;
    let items = rows.into_iter().map(draft).collect::<ServiceResult<_>>()?;
    Ok(DraftList { items })
}

/// One of the caller's drafts.
pub async fn get(state: &AppState, actor: &Actor, id: ReportId) -> ServiceResult<Draft> {
    actor.may_write_reports()?;
    let row = own(state.db.read(), actor, id).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("draft", id)).await?;
    draft(row)
}

/// Saves a draft. A repeated save changes nothing and succeeds.
pub async fn put(state: &AppState, actor: &Actor, id: ReportId, body: PutDraft) -> ServiceResult<()> {
    actor.may_write_reports()?;
    if body.sealed.0.is_empty() {
        return Err(ServiceError::field("/sealed", "must not be empty"));
    }
    if body.sealed.0.len() > DRAFT_MAX {
        return Err(ServiceError::because(ErrorCode::TooLarge, format!("a draft has at most {DRAFT_MAX} bytes")));
    }
    let now = state.clock.now();
    let counter = i64::try_from(body.counter).map_err(|_| ServiceError::field("/counter", "is too large"))?;
    let mut tx = state.db.begin_write().await?;
    let found = store::get(tx.conn(), id, actor.account).await?;
    check_room(tx.conn(), actor, id, body.sealed.0.len()).await?;
    match found {
        // What it follows is gone, deleted or a version by now: it isn't brought back.
        None if !body.begins => return Err(ErrorCode::CounterStale.into()),
        None => create(tx.conn(), actor, id, counter, body.sealed, now).await?,
        Some(row) => {
            if row.counter == counter && row.sealed == body.sealed.0 {
                tx.record(saved(actor, id, counter).with("repeated", true)).await?;
                return tx.commit().await;
            }
            if body.begins || row.counter.checked_add(1) != Some(counter) {
                return Err(ErrorCode::CounterStale.into());
            }
            store::update(tx.conn(), (id, actor.account), counter, body.sealed.0, now).await?;
        }
    }
    tx.record(saved(actor, id, counter)).await?;
    tx.commit().await
}

fn saved(actor: &Actor, id: ReportId, counter: i64) -> EventDraft {
    EventDraft::by(actor, Action::DraftSave).with("draft", id).with("counter", counter)
}

async fn create(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    id: ReportId,
    counter: i64,
    sealed: B64,
    now: i64,
) -> ServiceResult<()> {
    // Of a report that is there: whoever may add a version to it.
    if storage::reports::get(conn, id).await?.is_some() {
        actor.may_contribute(standing::of(conn, actor, id, now).await?.standing)?;
    }
    // Its author's counter: no draft of a report begins below one that ended.
    store::insert(conn, (id, actor.account), counter, sealed.0, now).await?;
    Ok(())
}

/// Whether a draft of this length fits beside the author's others.
async fn check_room(conn: &impl ConnectionTrait, actor: &Actor, id: ReportId, len: usize) -> ServiceResult<()> {
    let others = store::lengths_beside(conn, actor.account, id).await?;
    if others.len() >= DRAFTS_MAX {
        let detail = format!("there are {DRAFTS_MAX} drafts already; complete or delete one first");
        return Err(ServiceError::because(ErrorCode::Conflict, detail));
    }
    if others.iter().sum::<u64>() + len as u64 > DRAFTS_BYTES {
        let detail = format!("all drafts together have at most {DRAFTS_BYTES} bytes; complete or delete one first");
        return Err(ServiceError::because(ErrorCode::TooLarge, detail));
    }
    Ok(())
}

/// Deletes a draft and the uploads made for it.
pub async fn delete(state: &AppState, actor: &Actor, id: ReportId) -> ServiceResult<()> {
    actor.may_write_reports()?;
    let mut tx = state.db.begin_write().await?;
    own(tx.conn(), actor, id).await?;
    forget_uploads(tx.conn(), actor.account, id, state.clock.now()).await?;
    store::delete(tx.conn(), id, actor.account).await?;
    tx.record(EventDraft::by(actor, Action::DraftDelete).with("draft", id)).await?;
    let payer = quotas::payer(tx.conn(), id, actor.account).await?;
    quotas::tell(state, &mut tx, payer).await?;
    tx.commit().await
}

/// A draft has become a version: it goes, unless it was saved again since, with what was uploaded for it and not used.
pub async fn end(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    id: ReportId,
    counter: u64,
    now: i64,
) -> ServiceResult<()> {
    let stored = store::get(conn, id, actor.account).await?;
    if stored.is_some_and(|row| row.counter.unsigned_abs() == counter) {
        store::delete(conn, id, actor.account).await?;
        forget_uploads(conn, actor.account, id, now).await?;
    }
    Ok(())
}

/// What its author uploaded for a draft. New keys that are on their way are none of it.
pub async fn forget_uploads(
    conn: &impl ConnectionTrait,
    author: AccountId,
    id: ReportId,
    now: i64,
) -> ServiceResult<()> {
    let of_report = storage::uploads::of_report(conn, author, id).await?;
    for upload in of_report.iter().filter(|upload| upload.revision == 0) {
        uploads::discard(conn, upload, now).await?;
    }
    Ok(())
}

async fn own(conn: &impl ConnectionTrait, actor: &Actor, id: ReportId) -> ServiceResult<Row> {
    Ok(store::get(conn, id, actor.account).await?.ok_or(ErrorCode::NotFound)?)
}

fn draft(row: Row) -> ServiceResult<Draft> {
    Ok(Draft {
        id: ReportId(storage::id("drafts", "report_id", &row.report_id)?),
        sealed: B64(row.sealed),
        counter: row.counter.unsigned_abs(),
        updated_at: row.updated_at,
    })
}
