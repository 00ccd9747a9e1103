//! What somebody did with a report, as the rest of a sentence that begins with their name.

use api_types::audit::{Action, AuditEvent, Outcome};

use super::action::action_name;
use crate::t;

/// "opened it", "entered the access code".
pub fn did(event: &AuditEvent) -> String {
    let text = match (event.action, event.outcome) {
        (Action::Redeem, Outcome::Denied) => t!(report.event_redeem_denied),
        (action, Outcome::Denied) => return format!("{}: {}", t!(report.event_denied), action_name(action)),
        (Action::Open, _) => t!(report.event_open),
        (Action::Read, _) => t!(report.event_read),
        (Action::List, _) if event.report_id.is_some() => t!(report.event_listed),
        (Action::List, _) => t!(report.event_list),
        (Action::Create, _) => t!(report.event_create),
        (Action::Share, _) => t!(report.event_share),
        (Action::Redeem, _) => redeeming(&event.subject),
        (Action::Claim, _) => t!(report.event_claim),
        (Action::Revoke, _) => t!(report.event_revoke),
        (Action::Rekey, _) => t!(report.event_rekey),
        (Action::Erase, _) => t!(report.event_erase),
        (Action::TeamKey, _) => t!(teams.event_key),
        (Action::Upload, _) => t!(report.event_upload),
        (Action::AuditRead, _) => t!(report.event_audit),
        (action, _) => action_name(action),
    };
    text.to_owned()
}

/// The steps of redeeming, as the server names them in the event's subject.
fn redeeming(subject: &str) -> &'static str {
    match subject.split(' ').find_map(|pair| pair.strip_prefix("what=")) {
        Some("challenge") => t!(report.event_redeem_begun),
        Some("seed") => t!(report.event_redeem_done),
        Some("reseal") => t!(report.event_reseal),
        Some("request_again") => t!(report.event_code_again),
        _ => t!(report.event_redeem),
    }
}
