//! What FHIR R4 (4.0.1) asks of an AuditEvent, and what in one isn't so. Elements, cardinalities and required bindings:
//! <https://hl7.org/fhir/R4/auditevent.html>, `datatypes.html`, `references.html`, `extensibility.html` and `resource.html` beside
//! it; that nothing is empty: `json.html`; entries' names: `bundle.html`. What an export has no use for (contained resources,
//! narrative, an identifier's assigner, other extensions' values) isn't in the tables, and counts as unknown.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// What stands in an element.
enum Kind {
    Text,
    Id,
    Bool,
    Instant,
    Base64,
    /// One of a required value set.
    Code(&'static [&'static str]),
    Of(&'static [Element]),
}

use Kind::{Base64, Bool, Code, Id, Instant, Of, Text};

/// An element: name, what stands in it, how often at least and at most.
struct Element(&'static str, Kind, usize, usize);

const ONE: usize = 1;
/// As an array, even of one.
const MANY: usize = usize::MAX;

const CODING: &[Element] = &[
    Element("system", Text, 0, ONE),
    Element("version", Text, 0, ONE),
    Element("code", Text, 0, ONE),
    Element("display", Text, 0, ONE),
    Element("userSelected", Bool, 0, ONE),
];

const CONCEPT: &[Element] = &[Element("coding", Of(CODING), 0, MANY), Element("text", Text, 0, ONE)];

const PERIOD: &[Element] = &[Element("start", Text, 0, ONE), Element("end", Text, 0, ONE)];

const IDENTIFIER: &[Element] = &[
    Element("use", Code(&["usual", "official", "temp", "secondary", "old"]), 0, ONE),
    Element("type", Of(CONCEPT), 0, ONE),
    Element("system", Text, 0, ONE),
    Element("value", Text, 0, ONE),
    Element("period", Of(PERIOD), 0, ONE),
];

const REFERENCE: &[Element] = &[
    Element("reference", Text, 0, ONE),
    Element("type", Text, 0, ONE),
    Element("identifier", Of(IDENTIFIER), 0, ONE),
    Element("display", Text, 0, ONE),
];

const EXTENSION: &[Element] = &[Element("url", Text, 1, ONE), Element("valueCode", Text, 1, ONE)];

const META: &[Element] = &[
    Element("versionId", Id, 0, ONE),
    Element("lastUpdated", Instant, 0, ONE),
    Element("source", Text, 0, ONE),
    Element("profile", Text, 0, MANY),
    Element("security", Of(CODING), 0, MANY),
    Element("tag", Of(CODING), 0, MANY),
];

/// `http://hl7.org/fhir/ValueSet/network-type`, required.
const NETWORK_TYPES: &[&str] = &["1", "2", "3", "4", "5"];
const NETWORK: &[Element] = &[Element("address", Text, 0, ONE), Element("type", Code(NETWORK_TYPES), 0, ONE)];

const AGENT: &[Element] = &[
    Element("type", Of(CONCEPT), 0, ONE),
    Element("role", Of(CONCEPT), 0, MANY),
    Element("who", Of(REFERENCE), 0, ONE),
    Element("altId", Text, 0, ONE),
    Element("name", Text, 0, ONE),
    Element("requestor", Bool, 1, ONE),
    Element("location", Of(REFERENCE), 0, ONE),
    Element("policy", Text, 0, MANY),
    Element("media", Of(CODING), 0, ONE),
    Element("network", Of(NETWORK), 0, ONE),
    Element("purposeOfUse", Of(CONCEPT), 0, MANY),
];

const SOURCE: &[Element] =
    &[Element("site", Text, 0, ONE), Element("observer", Of(REFERENCE), 1, ONE), Element("type", Of(CODING), 0, MANY)];

const DETAIL: &[Element] = &[
    Element("type", Text, 1, ONE),
    Element("valueString", Text, 0, ONE),
    Element("valueBase64Binary", Base64, 0, ONE),
];

const ENTITY: &[Element] = &[
    Element("what", Of(REFERENCE), 0, ONE),
    Element("type", Of(CODING), 0, ONE),
    Element("role", Of(CODING), 0, ONE),
    Element("lifecycle", Of(CODING), 0, ONE),
    Element("securityLabel", Of(CODING), 0, MANY),
    Element("name", Text, 0, ONE),
    Element("description", Text, 0, ONE),
    Element("query", Base64, 0, ONE),
    Element("detail", Of(DETAIL), 0, MANY),
];

/// `http://hl7.org/fhir/ValueSet/audit-event-action` and `audit-event-outcome`, both required.
const ACTIONS: &[&str] = &["C", "R", "U", "D", "E"];
const OUTCOMES: &[&str] = &["0", "4", "8", "12"];

const AUDIT_EVENT: &[Element] = &[
    Element("resourceType", Code(&["AuditEvent"]), 1, ONE),
    Element("id", Id, 0, ONE),
    Element("meta", Of(META), 0, ONE),
    Element("language", Text, 0, ONE),
    Element("type", Of(CODING), 1, ONE),
    Element("subtype", Of(CODING), 0, MANY),
    Element("action", Code(ACTIONS), 0, ONE),
    Element("period", Of(PERIOD), 0, ONE),
    Element("recorded", Instant, 1, ONE),
    Element("outcome", Code(OUTCOMES), 0, ONE),
    Element("outcomeDesc", Text, 0, ONE),
    Element("purposeOfEvent", Of(CONCEPT), 0, MANY),
    Element("agent", Of(AGENT), 1, MANY),
    Element("source", Of(SOURCE), 1, ONE),
    Element("entity", Of(ENTITY), 0, MANY),
];

/// What in an AuditEvent isn't as R4 has it.
pub fn faults(event: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    object(event, AUDIT_EVENT, "AuditEvent", &mut faults);
    faults
}

fn object(value: &Value, elements: &[Element], at: &str, faults: &mut Vec<String>) {
    let Some(fields) = value.as_object().filter(|fields| !fields.is_empty()) else {
        faults.push(format!("{at} is no object with something in it: {value}"));
        return;
    };
    let extension = Element("extension", Of(EXTENSION), 0, MANY);
    for one in elements.iter().chain([&extension]) {
        element(fields, one, at, faults);
    }
    for name in fields.keys() {
        let known = name == "extension" || elements.iter().any(|element| element.0 == name);
        if !known {
            faults.push(format!("{at}.{name} is unknown"));
        }
    }
    rules(fields, at, faults);
}

fn element(
    fields: &Map<String, Value>,
    Element(name, kind, least, most): &Element,
    at: &str,
    faults: &mut Vec<String>,
) {
    let at = format!("{at}.{name}");
    let Some(value) = fields.get(*name) else {
        if *least > 0 {
            faults.push(format!("{at} is missing"));
        }
        return;
    };
    if *most == ONE {
        return content(value, kind, &at, faults);
    }
    match value.as_array().filter(|items| !items.is_empty()) {
        Some(items) => items.iter().for_each(|item| content(item, kind, &at, faults)),
        None => faults.push(format!("{at} is no array with something in it: {value}")),
    }
}

fn content(value: &Value, kind: &Kind, at: &str, faults: &mut Vec<String>) {
    let text = value.as_str().filter(|text| !text.trim().is_empty());
    let holds = match kind {
        Of(elements) => return object(value, elements, at, faults),
        Bool => value.is_boolean(),
        Text => text.is_some(),
        Id => text.is_some_and(is_id),
        Instant => text.is_some_and(|text| fits(text, "0000-00-00T00:00:00.000Z")),
        Base64 => text.is_some_and(|text| STANDARD.decode(text).is_ok()),
        Code(codes) => text.is_some_and(|text| codes.contains(&text)),
    };
    if !holds {
        faults.push(format!("{at}: {value}"));
    }
}

/// What holds between elements: sev-1 of AuditEvent.entity, the one value of a detail, and that a reference says to what.
fn rules(fields: &Map<String, Value>, at: &str, faults: &mut Vec<String>) {
    let there = |names: &[&str]| names.iter().filter(|name| fields.contains_key(**name)).count();
    let holds = match at.rsplit('.').next() {
        Some("entity") => there(&["name", "query"]) < 2,
        Some("detail") => there(&["valueString", "valueBase64Binary"]) == 1,
        Some("who" | "what" | "observer" | "location") => there(&["reference", "identifier", "display"]) > 0,
        _ => true,
    };
    if !holds {
        faults.push(format!("{at}: {fields:?}"));
    }
}

fn is_id(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

/// Whether a text has a digit for each zero of a form, and is as the form otherwise.
fn fits(text: &str, form: &str) -> bool {
    let fits = |(is, form): (u8, u8)| if form == b'0' { is.is_ascii_digit() } else { is == form };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

/// What in a collection isn't as R4 has it: each entry has a full URL, none twice, and what holds nothing isn't there.
pub fn bundle_faults(bundle: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if bundle["resourceType"] != "Bundle" || bundle["type"] != "collection" {
        faults.push("no collection".to_owned());
    }
    let Some(entries) = bundle.get("entry") else { return faults };
    let Some(entries) = entries.as_array().filter(|entries| !entries.is_empty()) else {
        faults.push(format!("entry: {entries}"));
        return faults;
    };
    let mut urls = BTreeSet::new();
    for entry in entries {
        let url = entry["fullUrl"].as_str().unwrap_or_default();
        let hex = url.strip_prefix("urn:uuid:").unwrap_or_default().replace(|c: char| c.is_ascii_hexdigit(), "0");
        if hex != "00000000-0000-0000-0000-000000000000" || !urls.insert(url) {
            faults.push(format!("fullUrl: {entry}"));
        }
    }
    faults
}
