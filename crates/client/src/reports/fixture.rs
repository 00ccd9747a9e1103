//! An event for tests: what a test is about it says itself, the rest is from here.

use api_types::{
    B64, ReportId,
    audit::{Action, AuditEvent, Outcome},
};

/// A file that nobody in particular opened, outside of any chain and log.
pub(crate) fn event() -> AuditEvent {
    AuditEvent {
        seq: 1,
        time: 0,
        actor: None,
        actor_name: None,
        session: None,
        action: Action::Open,
        outcome: Outcome::Success,
        report_id: Some(ReportId([7; 32])),
        report_seq: None,
        report_prev: None,
        subject: String::new(),
        hash: B64::default(),
        chain: None,
        leaf_index: None,
        salt: None,
        request: None,
        event: None,
    }
}
