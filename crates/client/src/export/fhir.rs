//! FHIR R4 AuditEvent (hl7.org/fhir/R4/auditevent.html), in the shapes of IHE ITI Basic Audit Log Patterns
//! (profiles.ihe.net/ITI/BALP/1.1.4): a client, a server, the person; the patient and the report.
//!
//! | File | What it does |
//! |---|---|
//! | `interaction.rs` | which restful interaction an action is, and which profile an event is said to be of |
//! | `agents.rs` | client, server and person |
//! | `entities.rs` | the patient, what was asked, the report |
//! | `conforms.rs` | tests: each event against what R4 and BALP ask for |

mod agents;
#[cfg(test)]
mod conforms;
mod entities;
mod interaction;

use api_types::{UnixMillis, audit::Outcome};
use serde_json::{Value, json};

use super::{Context, ExplainedEvent, iso, name, urn};
use interaction::Interaction;

const TERMINOLOGY: &str = "http://terminology.hl7.org/CodeSystem";

/// The bundle, pretty-printed.
pub fn write(events: &[ExplainedEvent], context: Context<'_>) -> String {
    let named = events.iter().map(|event| (format!("events/{}", event.checked.event.seq), resource(event, context)));
    let removed = context.removed_before.map(|before| ("earlier-events-removed".to_owned(), removed(before)));
    let entry = |(name, resource): (String, Value)| {
        let url = urn(&format!("{}/{name}", context.origin));
        json!({ "fullUrl": url, "resource": resource })
    };
    let entries: Vec<Value> = named.chain(removed).map(entry).collect();
    let mut bundle = json!({ "resourceType": "Bundle", "type": "collection" });
    // No array and no object in FHIR's JSON is empty.
    if !entries.is_empty() {
        bundle["entry"] = entries.into();
    }
    format!("{bundle:#}\n")
}

/// That the bundle is not all there ever was.
fn removed(before: UnixMillis) -> Value {
    let text = format!("Events before {} were removed from the server for their age.", iso(before));
    json!({
        "resourceType": "OperationOutcome",
        "id": "earlier-events-removed",
        "issue": [{ "severity": "information", "code": "informational", "diagnostics": text }],
    })
}

fn resource(explained: &ExplainedEvent, context: Context<'_>) -> Value {
    let event = &explained.checked.event;
    let interaction = Interaction::of(event.action);
    let action = name(&event.action);
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "id": format!("event-{}", event.seq),
        "type": coding(&format!("{TERMINOLOGY}/audit-event-type"), "rest", "RESTful Operation"),
        "subtype": [
            coding("http://hl7.org/fhir/restful-interaction", interaction.code(), interaction.code()),
            coding(&format!("{}/api/docs#action", context.origin), &action, &action),
        ],
        "action": interaction.letter(),
        "recorded": iso(event.time),
        "outcome": if event.outcome == Outcome::Success { "0" } else { "4" },
        "agent": agents::agents(explained, context),
        "source": {
            "site": context.origin,
            "observer": { "display": context.origin },
            "type": [coding(&format!("{TERMINOLOGY}/security-source-type"), "4", "Application Server")],
        },
    });
    let entities = entities::entities(explained, context);
    if !entities.is_empty() {
        resource["entity"] = entities.into();
    }
    let patient = context.about(explained).is_some_and(|about| about.patient.is_some());
    if let Some(profile) = interaction::profile(event, patient) {
        resource["meta"] = json!({ "profile": [profile] });
    }
    resource
}

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

fn identifier(context: Context<'_>, kind: &str, value: &str) -> Value {
    json!({ "system": format!("{}/api/v1/{kind}", context.origin), "value": value })
}
