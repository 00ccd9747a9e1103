//! Reading the audit: a report's own chain for those who see the report, the whole log for administrators.

use std::collections::BTreeSet;

use api_types::{
    AccountId, B64, ReportId, SessionId,
    audit::{Action, AuditEvent, AuditEventList},
    limits::PAGE_DEFAULT,
};
use crypto::audit::what;
use entities::audit_events::Model;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    audit_hash,
    policy::Actor,
    services::{reading::Reading, sending_devices, standing},
    storage::{
        self, accounts,
        audit::{self, EventFilter},
    },
};

/// `GET /reports/{id}/events`: for the owner all of it, for others who may read the report too: they are in it. When it is erased
/// its owner reads it still.
pub async fn of_report(
    state: &AppState,
    actor: &Actor,
    reading: Reading,
    report: ReportId,
    before: Option<u64>,
) -> ServiceResult<AuditEventList> {
    let standing = standing::of_record(state.db.read(), actor, report, state.clock.now()).await?;
    actor.may_read_events(standing.standing)?;
    let filter = EventFilter { before, report: Some(report), ..EventFilter::default() };
    let list = page(state, filter, false).await?;
    let event = reading.event(state, actor, Action::AuditRead, Some(report), what::REPORT)?;
    state.audit.record(event.with("count", list.items.len())).await?;
    Ok(list)
}

/// `GET /admin/events`.
pub async fn of_instance(state: &AppState, actor: &Actor, filter: EventFilter) -> ServiceResult<AuditEventList> {
    actor.may_administer()?;
    check_times(&filter)?;
    let list = page(state, filter, true).await?;
    state.audit.record(EventDraft::by(actor, Action::AuditRead).with("count", list.items.len())).await?;
    Ok(list)
}

/// Times that are none, and a span that can't hold anything, are refused: somebody who sees no event must not think that
/// there was none.
fn check_times(filter: &EventFilter) -> ServiceResult<()> {
    for (pointer, time) in [("/from", filter.from), ("/until", filter.until)] {
        if time.is_some_and(|time| time < 0) {
            return Err(ServiceError::field(pointer, "Unix milliseconds, not before 1970"));
        }
    }
    match (filter.from, filter.until) {
        (Some(from), Some(until)) if until <= from => Err(ServiceError::field("/until", "later than from")),
        _ => Ok(()),
    }
}

async fn page(state: &AppState, filter: EventFilter, with_chain: bool) -> ServiceResult<AuditEventList> {
    let limit = u64::from(PAGE_DEFAULT);
    let rows = audit::list(state.db.read(), filter, limit).await?;
    let next = rows.last().filter(|_| rows.len() as u64 == limit).map(|row| row.seq.unsigned_abs());
    let mut items = rows.into_iter().map(|row| describe(row, with_chain)).collect::<Result<Vec<_>, _>>()?;
    let actors: BTreeSet<AccountId> = items.iter().filter_map(|event| event.actor).collect();
    let mut names = accounts::names(state.db.read(), &actors.iter().copied().collect::<Vec<_>>()).await?;
    names.extend(sending_devices::names(state.db.read(), &actors).await?);
    for event in &mut items {
        event.actor_name = event.actor.and_then(|actor| names.get(&actor).cloned());
    }
    Ok(AuditEventList { items, next })
}

fn describe(row: Model, with_chain: bool) -> storage::DbResult<AuditEvent> {
    let table = "audit_events";
    let event = row.salt.is_some().then(|| audit_hash::canonical(&row)).transpose()?;
    let report_id = row.report_id.map(|id| storage::id(table, "report_id", &id).map(ReportId)).transpose()?;
    Ok(AuditEvent {
        seq: row.seq.unsigned_abs(),
        time: row.time,
        actor: row.actor.map(|id| storage::id(table, "actor", &id).map(AccountId)).transpose()?,
        actor_name: None,
        session: row.session.map(|id| storage::id(table, "session", &id).map(SessionId)).transpose()?,
        action: storage::name(table, "action", &row.action)?,
        outcome: storage::name(table, "outcome", &row.outcome)?,
        report_id,
        report_seq: row.report_seq.map(i64::unsigned_abs),
        report_prev: row.report_prev.map(B64),
        subject: row.subject,
        hash: B64(row.hash),
        // An old event that stayed has lost it.
        chain: (with_chain && !row.chain.is_empty()).then_some(B64(row.chain)),
        leaf_index: event.is_some().then_some(row.seq.unsigned_abs()),
        salt: row.salt.map(B64),
        request: row.request.map(B64),
        event: event.map(|event| B64(event.to_bytes())),
    })
}
