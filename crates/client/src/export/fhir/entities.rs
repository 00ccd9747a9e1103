//! What it was about: the patient, what was asked, the report.

use api_types::{AccountId, ReportId};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    TERMINOLOGY, coding, identifier,
    interaction::{Interaction, asked},
};
use crate::export::{Context, ExplainedEvent, mark, reader_word, said};

/// The patient whom a report is about, where known; what a search asked; the report.
pub fn entities(explained: &ExplainedEvent, context: Context<'_>) -> Vec<Value> {
    let event = &explained.checked.event;
    let patient = context.about(explained).and_then(|about| about.patient).map(|id| patient(&id, context));
    let of = said(event, "of").filter(|of| asked(event).is_some() && !of.is_empty());
    let query = of.map(|of| query(of, context));
    let report = event.report_id.map(|id| report(&id, explained, context));
    patient.into_iter().chain(query).chain(report).collect()
}

fn patient(id: &AccountId, context: Context<'_>) -> Value {
    json!({
        "what": { "type": "Patient", "identifier": identifier(context, "accounts", &id.to_string()) },
        "type": kind("1", "Person"),
        "role": role("1", "Patient"),
    })
}

/// What is known of the request; which page of the list was asked for is not. Details may not stand there: what its reader signed
/// stands beside the report.
fn query(of: &str, context: Context<'_>) -> Value {
    let request = format!("GET {}/api/v1/{of}", context.origin);
    json!({
        "type": kind("2", "System Object"),
        "role": role("24", "Query"),
        "query": STANDARD.encode(&request),
        "description": request,
    })
}

/// The report that was read or written; in a search, where the object is what was asked, the one that was found.
fn report(id: &ReportId, explained: &ExplainedEvent, context: Context<'_>) -> Value {
    let (kind, role) = match Interaction::of(explained.checked.event.action) {
        Interaction::Search => {
            let found = "DocumentReference";
            (coding("http://hl7.org/fhir/resource-types", found, found), role("3", "Report"))
        }
        _ => (kind("2", "System Object"), role("4", "Domain Resource")),
    };
    let mut report = json!({
        "what": { "identifier": identifier(context, "reports", &id.to_string()) },
        "type": kind,
        "role": role,
        "detail": details(explained),
    });
    if let Some(about) = context.about(explained).filter(|about| !about.title.is_empty()) {
        report["name"] = about.title.as_str().into();
    }
    report
}

/// What of the report, and what the public log and the reader's signature say of the event.
fn details(explained: &ExplainedEvent) -> Vec<Value> {
    let checked = &explained.checked;
    let event = &checked.event;
    let parts = ["version", "revision", "part", "grant"].iter().filter_map(|key| Some((*key, said(event, key)?)));
    let mut details: Vec<Value> =
        parts.filter(|(_, value)| !value.is_empty()).map(|(key, value)| detail(key, value)).collect();
    details.push(detail("public-log", mark(checked)));
    if let Some(reader) = checked.reader {
        details.push(detail("reading", reader_word(reader)));
    }
    if let Some(leaf) = event.leaf_index {
        details.push(detail("public-log-leaf", &leaf.to_string()));
    }
    if let Some(request) = asked(event) {
        details.push(json!({ "type": "read-request", "valueBase64Binary": STANDARD.encode(&request.0) }));
    }
    details
}

fn detail(kind: &str, value: &str) -> Value {
    json!({ "type": kind, "valueString": value })
}

fn kind(code: &str, display: &str) -> Value {
    coding(&format!("{TERMINOLOGY}/audit-entity-type"), code, display)
}

fn role(code: &str, display: &str) -> Value {
    coding(&format!("{TERMINOLOGY}/object-role"), code, display)
}
