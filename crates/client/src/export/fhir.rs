//! FHIR R4 AuditEvent (hl7.org/fhir/R4/auditevent.html), in the shapes of IHE ITI Basic Audit Log Patterns
//! (profiles.ihe.net/ITI/BALP, 1.1.3): a client, a server, the person; the patient and the report.

use api_types::{
    UnixMillis,
    audit::{Action, Outcome},
};
use serde_json::{Value, json};

use super::{About, Context, ExplainedEvent, iso, mark, name, reader_word, said};

const PROFILE: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Patient";
const TERMINOLOGY: &str = "http://terminology.hl7.org/CodeSystem";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

pub fn write(events: &[ExplainedEvent], context: Context<'_>) -> String {
    let resources = events.iter().map(|event| resource(event, context)).chain(context.removed_before.map(removed));
    let entries: Vec<Value> = resources.map(|resource| json!({ "resource": resource })).collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": entries });
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

/// A restful interaction: its code, the letter of AuditEvent.action, and how BALP names the profile.
struct Interaction(&'static str, &'static str, Option<&'static str>);

fn interaction(action: Action) -> Interaction {
    match action {
        Action::Open | Action::Read | Action::AuditRead => Interaction("read", "R", Some("Read")),
        Action::Create | Action::Share | Action::Invite => Interaction("create", "C", Some("Create")),
        Action::Redeem
        | Action::Claim
        | Action::Revoke
        | Action::Rekey
        | Action::TeamKey
        | Action::DraftSave
        | Action::AccountChange => Interaction("update", "U", Some("Update")),
        // Their profile forbids a title and details, which are wanted here.
        Action::DraftDelete | Action::Erase => Interaction("delete", "D", None),
        Action::List | Action::LookUp => Interaction("search", "E", None),
        _ => Interaction("operation", "E", None),
    }
}

fn resource(explained: &ExplainedEvent, context: Context<'_>) -> Value {
    let event = &explained.checked.event;
    let about = context.about(explained);
    let Interaction(code, letter, profile) = interaction(event.action);
    let done = event.outcome == Outcome::Success;
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "id": format!("event-{}", event.seq),
        "meta": {},
        "type": coding(&format!("{TERMINOLOGY}/audit-event-type"), "rest", "Restful Operation"),
        "subtype": [
            coding("http://hl7.org/fhir/restful-interaction", code, code),
            coding(&format!("{}/api/docs#action", context.origin), &name(&event.action), &name(&event.action)),
        ],
        "action": letter,
        "recorded": iso(event.time),
        "outcome": if done { "0" } else { "4" },
        "agent": agents(explained, context),
        "source": {
            "site": context.origin,
            "observer": { "display": context.origin },
            "type": [coding(&format!("{TERMINOLOGY}/security-source-type"), "4", "Application Server")],
        },
    });
    let entities = entities(explained, about, context);
    if !entities.is_empty() {
        resource["entity"] = entities.into();
    }
    // A profile is claimed only by what has all that it asks for: a success, a patient and a report.
    let patient = about.and_then(|about| about.patient);
    if let Some(profile) = profile.filter(|_| done && patient.is_some()) {
        resource["meta"] = json!({ "profile": [format!("{PROFILE}{profile}")] });
    }
    resource
}

/// What client, server and person are in an interaction, as its profile says. What is read flows to the client, what is asked or
/// written from it.
fn roles(code: &str) -> [Value; 3] {
    let source = coding(DICOM, "110153", "Source Role ID");
    let destination = coding(DICOM, "110152", "Destination Role ID");
    let person = |code, display| coding(&format!("{TERMINOLOGY}/v3-ParticipationType"), code, display);
    match code {
        "read" => [destination, source, person("IRCP", "information recipient")],
        "search" => [source, destination, person("IRCP", "information recipient")],
        "delete" => [
            coding(DICOM, "110150", "Application"),
            coding(&format!("{TERMINOLOGY}/provenance-participant-type"), "custodian", "Custodian"),
            person("AUT", "Author"),
        ],
        _ => [source, destination, person("AUT", "Author")],
    }
}

/// The client, the server, and the person, if known.
fn agents(explained: &ExplainedEvent, context: Context<'_>) -> Vec<Value> {
    let event = &explained.checked.event;
    let agent = |kind: Value, who: Value| json!({ "type": { "coding": [kind] }, "who": who, "requestor": false });
    let session = event.session.map_or("unknown".to_owned(), |session| format!("session {session}"));
    let [client, server, kind] = roles(interaction(event.action).0);
    let mut agents =
        vec![agent(client, json!({ "display": session })), agent(server, json!({ "display": context.origin }))];
    // Whose network address it was is not in an event.
    agents[0]["network"] = json!({ "extension": [{ "url": ABSENT, "valueCode": "masked" }] });
    agents[1]["network"] = json!({ "address": context.origin, "type": "5" });
    if let Some(actor) = event.actor {
        let mut who = json!({ "identifier": identifier(context, "accounts", &actor.to_string()) });
        if let Some(name) = &explained.who {
            who["display"] = name.to_string().into();
        }
        let mut person = agent(kind, who);
        person["requestor"] = true.into();
        if !explained.purposes.is_empty() {
            person["purposeOfUse"] = explained.purposes.iter().map(|code| purpose_of_use(code)).collect();
        }
        agents.push(person);
    }
    agents
}

/// A purpose as signed, and the code of HL7's ActReason that says the same. A second opinion and a referral are treatment
/// (45 CFR 164.501); what has no code is said in words alone.
fn purpose_of_use(purpose: &str) -> Value {
    let code = match purpose {
        "treatment" | "second-opinion" | "referral" => Some(("TREAT", "treatment")),
        "billing" => Some(("HPAYMT", "healthcare payment")),
        "own" | "patient" => Some(("PATRQT", "patient requested")),
        _ => None,
    };
    let mut said = json!({ "text": purpose });
    if let Some((code, display)) = code {
        said["coding"] = json!([coding(&format!("{TERMINOLOGY}/v3-ActReason"), code, display)]);
    }
    said
}

/// The patient whom a report is about, and the report.
fn entities(explained: &ExplainedEvent, about: Option<&About>, context: Context<'_>) -> Vec<Value> {
    let checked = &explained.checked;
    let event = &checked.event;
    let Some(report) = event.report_id else { return Vec::new() };
    let patient = about.and_then(|about| about.patient).map(|patient| {
        json!({
            "what": { "type": "Patient", "identifier": identifier(context, "accounts", &patient.to_string()) },
            "type": coding(&format!("{TERMINOLOGY}/audit-entity-type"), "1", "Person"),
            "role": coding(&format!("{TERMINOLOGY}/object-role"), "1", "Patient"),
        })
    });
    let parts = ["version", "revision", "part", "grant"].iter().filter_map(|key| Some((*key, said(event, key)?)));
    let mut details: Vec<Value> = parts.map(|(key, value)| detail(key, value)).collect();
    details.push(detail("public-log", mark(checked)));
    if let Some(reader) = checked.reader {
        details.push(detail("reading", reader_word(reader)));
    }
    if let Some(leaf) = event.leaf_index {
        details.push(detail("public-log-leaf", &leaf.to_string()));
    }
    let mut report = json!({
        "what": { "identifier": identifier(context, "reports", &report.to_string()) },
        "type": coding(&format!("{TERMINOLOGY}/audit-entity-type"), "2", "System Object"),
        "role": coding(&format!("{TERMINOLOGY}/object-role"), "4", "Domain Resource"),
        "detail": details,
    });
    if let Some(about) = about.filter(|about| !about.title.is_empty()) {
        report["name"] = about.title.as_str().into();
    }
    patient.into_iter().chain([report]).collect()
}

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

fn identifier(context: Context<'_>, kind: &str, value: &str) -> Value {
    json!({ "system": format!("{}/api/v1/{kind}", context.origin), "value": value })
}

fn detail(kind: &str, value: &str) -> Value {
    json!({ "type": kind, "valueString": value })
}
