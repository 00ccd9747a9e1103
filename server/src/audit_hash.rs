//! The hashes of the audit: how this server's rows become the events of `crypto::audit`, which says what is hashed.
//!
//! An event's id is its position as 16 big-endian bytes, its kind the action's name, its detail the subject; count 1,
//! no subjects (ids that a list delivered are covered by their SHA-256 in the subject).

use crypto::{
    audit::{self, AuditEvent, ReportLink},
    ids::{AccountId, EventId, Hash32, InstanceId, ReportId, SessionId},
};
use entities::audit_events::Model;

use crate::storage::{DbResult, corrupt, id};

/// The chain value of the whole log before its first event.
pub fn chain_start(instance: &[u8; 16]) -> [u8; 32] {
    audit::chain_start(&InstanceId(*instance)).0
}

/// The whole log's chain value after an event.
pub fn chain(before: &[u8; 32], event: &[u8; 32]) -> [u8; 32] {
    audit::chain_next(&Hash32(*before), &Hash32(*event)).0
}

/// SHA-256 of an event: every field but `hash` and `chain`.
pub fn event(row: &Model) -> DbResult<[u8; 32]> {
    Ok(canonical(row)?.hash().0)
}

/// A row as the event that is hashed.
pub fn canonical(row: &Model) -> DbResult<AuditEvent> {
    let table = "audit_events";
    let outcome = match row.outcome.as_str() {
        "success" => audit::Outcome::Allowed,
        "denied" => audit::Outcome::Denied,
        _ => return Err(corrupt(table, "outcome")),
    };
    let report = match (&row.report_id, row.report_seq, &row.report_prev) {
        (Some(report), Some(seq), Some(previous)) => Some(ReportLink {
            report: ReportId(id(table, "report_id", report)?),
            seq: seq.unsigned_abs(),
            previous: Hash32(id(table, "report_prev", previous)?),
        }),
        (None, None, None) => None,
        _ => return Err(corrupt(table, "report_seq")),
    };
    Ok(AuditEvent {
        id: EventId(u128::from(row.seq.unsigned_abs()).to_be_bytes()),
        time: row.time,
        actor: row.actor.as_ref().map(|a| id(table, "actor", a).map(AccountId)).transpose()?,
        session: row.session.as_ref().map(|s| id(table, "session", s).map(SessionId)).transpose()?,
        kind: row.action.clone(),
        outcome,
        report,
        subjects: Vec::new(),
        count: 1,
        detail: row.subject.clone(),
        request: row.request.clone(),
    })
}
