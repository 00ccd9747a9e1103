//! A report as FHIR R4 (hl7.org/fhir/R4): a Bundle of its patient, a DocumentReference for each version, and what the newest one
//! says as Condition, CarePlan and MedicationRequest. Text stays text: no code is made up.

use api_types::{ReportId, UnixMillis};
use serde_json::{Value, json};

use super::report::{ArchivedFile, ArchivedVersion};
use crate::{
    content::ReportFields,
    export::{self, iso},
};

/// Largest Attachment.size (unsignedInt).
const SIZE_MAX: u64 = i32::MAX as u64;

/// What a bundle is made of.
pub(super) struct Source<'a> {
    /// The server's origin.
    pub origin: &'a str,
    /// The report.
    pub report: ReportId,
    /// Ascending; at least one.
    pub versions: &'a [ArchivedVersion],
    /// The file beside it that holds the fields of all versions.
    pub fields: &'a str,
}

/// Names a resource of a report: always the same.
fn urn(report: &ReportId, what: &str) -> String {
    export::urn(&format!("{report}/{what}"))
}

/// A path relative to the bundle's file, as a URI reference.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let part = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(part).collect()
}

fn said(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.trim().is_empty())
}

/// The bundle, pretty-printed.
pub(super) fn write(source: &Source<'_>) -> String {
    let entry =
        |(what, resource): (String, Value)| json!({ "fullUrl": urn(&source.report, &what), "resource": resource });
    let entries: Vec<Value> = resources(source).into_iter().map(entry).collect();
    let bundle = json!({
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": identifier(source),
        "timestamp": source.versions.last().map(|version| iso(version.time)),
        "entry": entries,
    });
    format!("{bundle:#}\n")
}

fn identifier(source: &Source<'_>) -> Value {
    json!({ "system": format!("{}/api/v1/reports", source.origin), "value": source.report.to_string() })
}

fn resources(source: &Source<'_>) -> Vec<(String, Value)> {
    let Some(newest) = source.versions.last() else { return Vec::new() };
    let mut out = vec![("patient".to_owned(), patient(&newest.fields))];
    let documents = source.versions.iter().map(|version| (named(version.version), document(source, version)));
    out.extend(documents);
    out.extend(clinical(source, newest));
    out
}

fn named(version: u32) -> String {
    format!("version-{version}")
}

fn reference(source: &Source<'_>, what: &str) -> Value {
    json!({ "reference": urn(&source.report, what) })
}

/// The patient as the report names them.
fn patient(fields: &ReportFields) -> Value {
    let mut patient = json!({ "resourceType": "Patient", "id": "patient" });
    if let Some(id) = said(&fields.patient_id) {
        patient["identifier"] = json!([{ "value": id }]);
    }
    if let Some(name) = said(&fields.patient_name) {
        patient["name"] = json!([{ "text": name }]);
    }
    patient
}

fn document(source: &Source<'_>, version: &ArchivedVersion) -> Value {
    let newest = source.versions.last().is_some_and(|last| last.version == version.version);
    let before = source.versions.iter().rev().find(|other| other.version < version.version);
    let mut content: Vec<Value> = version.files.iter().map(attachment).collect();
    if content.is_empty() {
        content.push(json!({ "attachment": { "contentType": "application/json", "url": uri(source.fields) } }));
    }
    let mut document = json!({
        "resourceType": "DocumentReference",
        "id": named(version.version),
        "identifier": [identifier(source)],
        "status": if newest { "current" } else { "superseded" },
        "docStatus": "final",
        "subject": reference(source, "patient"),
        "date": iso(version.time),
        "author": [person(source, version)],
        "content": content,
    });
    if let Some(number) = said(&version.fields.report_number) {
        document["identifier"] = json!([identifier(source), { "value": number }]);
    }
    if let Some(kind) = said(&version.fields.kind) {
        document["type"] = json!({ "text": kind });
    }
    if let Some(title) = said(&version.fields.title) {
        document["description"] = title.into();
    }
    if let Some(before) = before {
        document["relatesTo"] = json!([{ "code": "replaces", "target": reference(source, &named(before.version)) }]);
    }
    document
}

/// A file that lies beside the bundle.
fn attachment(file: &ArchivedFile) -> Value {
    let mut attachment = json!({ "contentType": file.media_type, "url": uri(&file.path), "title": file.name });
    if file.size <= SIZE_MAX {
        attachment["size"] = file.size.into();
    }
    json!({ "attachment": attachment })
}

fn person(source: &Source<'_>, version: &ArchivedVersion) -> Value {
    let system = format!("{}/api/v1/accounts", source.origin);
    let mut person = json!({ "identifier": { "system": system, "value": version.author.to_string() } });
    if let Some(name) = version.author_name.as_deref().and_then(said) {
        person["display"] = name.into();
    }
    person
}

/// What the newest version says, in its words.
fn clinical(source: &Source<'_>, newest: &ArchivedVersion) -> Vec<(String, Value)> {
    let subject = || reference(source, "patient");
    let at = |time: UnixMillis| iso(time);
    let mut out = Vec::new();
    if let Some(diagnosis) = said(&newest.fields.diagnosis) {
        let condition = json!({
            "resourceType": "Condition",
            "id": "diagnosis",
            "code": { "text": diagnosis },
            "subject": subject(),
            "recordedDate": at(newest.time),
            "recorder": person(source, newest),
        });
        out.push(("diagnosis".to_owned(), condition));
    }
    if let Some(plan) = said(&newest.fields.treatment_plan) {
        let plan = json!({
            "resourceType": "CarePlan",
            "id": "treatment-plan",
            // What became of it isn't known here.
            "status": "unknown",
            "intent": "plan",
            "description": plan,
            "subject": subject(),
            "created": at(newest.time),
            "author": person(source, newest),
        });
        out.push(("treatment-plan".to_owned(), plan));
    }
    if let Some(prescription) = said(&newest.fields.prescription) {
        let request = json!({
            "resourceType": "MedicationRequest",
            "id": "prescription",
            "status": "unknown",
            "intent": "order",
            "medicationCodeableConcept": { "text": prescription },
            "subject": subject(),
            "authoredOn": at(newest.time),
            "requester": person(source, newest),
        });
        out.push(("prescription".to_owned(), request));
    }
    out
}

#[cfg(test)]
mod tests {
    use api_types::AccountId;

    use super::*;

    fn version(number: u32, files: Vec<ArchivedFile>) -> ArchivedVersion {
        let text = |text: &str| text.to_owned();
        ArchivedVersion {
            version: number,
            author: AccountId([7; 32]),
            author_name: Some(text("Dora Doctor")),
            time: 1_700_000_000_000 + i64::from(number),
            fields: ReportFields {
                report_number: text("R-17"),
                title: text("Chest X-ray"),
                patient_name: text("Ann Example"),
                patient_id: text("P-4"),
                kind: text("Imaging"),
                diagnosis: text("No finding"),
                treatment_plan: text("None"),
                prescription: text("Ibuprofen 400 mg"),
            },
            files,
        }
    }

    fn file(name: &str) -> ArchivedFile {
        ArchivedFile {
            name: name.to_owned(),
            path: format!("version 2/{name}"),
            size: 3,
            media_type: "image/png",
            sha256: String::new(),
        }
    }

    fn bundle(versions: &[ArchivedVersion]) -> Value {
        let source =
            Source { origin: "https://health.example", report: ReportId([3; 32]), versions, fields: "report.json" };
        serde_json::from_str(&write(&source)).expect("JSON")
    }

    fn of<'b>(bundle: &'b Value, kind: &str) -> Vec<&'b Value> {
        let entries = bundle["entry"].as_array().expect("entries");
        entries.iter().map(|entry| &entry["resource"]).filter(|it| it["resourceType"] == kind).collect()
    }

    /// Elements that R4 requires of each resource made here (minimum cardinality 1 in the published StructureDefinitions), with
    /// the values that their required value sets allow, where they have one.
    const REQUIRED: &[(&str, &str, &[&str])] = &[
        ("DocumentReference", "/status", &["current", "superseded", "entered-in-error"]),
        ("DocumentReference", "/content/0/attachment", &[]),
        ("Condition", "/subject", &[]),
        ("CarePlan", "/subject", &[]),
        ("CarePlan", "/status", &["draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"]),
        ("CarePlan", "/intent", &["proposal", "plan", "order", "option"]),
        ("MedicationRequest", "/subject", &[]),
        ("MedicationRequest", "/medicationCodeableConcept", &[]),
        (
            "MedicationRequest",
            "/status",
            &["active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown"],
        ),
        (
            "MedicationRequest",
            "/intent",
            &[
                "proposal",
                "plan",
                "order",
                "original-order",
                "reflex-order",
                "filler-order",
                "instance-order",
                "option",
            ],
        ),
    ];

    #[test]
    fn every_resource_has_what_r4_requires() {
        let bundle = bundle(&[version(1, Vec::new()), version(2, vec![file("a b.png")])]);
        assert_eq!((&bundle["resourceType"], &bundle["type"]), (&"Bundle".into(), &"collection".into()));
        for (kind, pointer, allowed) in REQUIRED {
            let found = of(&bundle, kind);
            assert!(!found.is_empty(), "{kind}");
            for resource in found {
                let value = resource.pointer(pointer).unwrap_or_else(|| panic!("{kind}{pointer}"));
                let known = value.as_str().is_some_and(|value| allowed.contains(&value));
                assert!(allowed.is_empty() || known, "{kind}{pointer}: {value}");
            }
        }
        // An id is at most 64 of A-Z, a-z, 0-9, - and . (datatypes.html#id).
        for entry in bundle["entry"].as_array().expect("entries") {
            let id = entry["resource"]["id"].as_str().expect("an id");
            assert!(id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id}");
        }
    }

    #[test]
    fn every_reference_leads_to_an_entry() {
        fn references(value: &Value, out: &mut Vec<String>) {
            match value {
                Value::Object(map) => map.iter().for_each(|(key, value)| match value.as_str() {
                    Some(text) if key == "reference" => out.push(text.to_owned()),
                    _ => references(value, out),
                }),
                Value::Array(items) => items.iter().for_each(|item| references(item, out)),
                _ => {}
            }
        }
        let bundle = bundle(&[version(1, Vec::new()), version(2, vec![file("a.png")])]);
        let mut found = Vec::new();
        references(&bundle, &mut found);
        let entries = bundle["entry"].as_array().expect("entries");
        let urls: Vec<&str> = entries.iter().filter_map(|entry| entry["fullUrl"].as_str()).collect();
        assert!(found.len() > 5 && found.iter().all(|of| urls.contains(&&of[..])), "{found:?} {urls:?}");
        let mut distinct = urls.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), urls.len());
        assert!(urls.iter().all(|url| url.len() == 45 && url.as_bytes()[23] == b'8'), "{urls:?}");
    }

    #[test]
    fn versions_follow_one_another_and_files_are_found() {
        let bundle = bundle(&[version(1, Vec::new()), version(2, vec![file("a b.png")])]);
        let documents = of(&bundle, "DocumentReference");
        assert_eq!((&documents[0]["status"], &documents[1]["status"]), (&"superseded".into(), &"current".into()));
        assert_eq!(documents[0]["content"][0]["attachment"]["url"], "report.json", "no files: the fields alone");
        assert_eq!(documents[1]["content"][0]["attachment"]["url"], "version%202/a%20b.png");
        assert_eq!(documents[1]["relatesTo"][0]["code"], "replaces");
        assert!(documents[0].get("relatesTo").is_none());
        assert_eq!(documents[1]["date"], "2023-11-14T22:13:20.002Z");
        assert_eq!(documents[1]["author"][0]["display"], "Dora Doctor");
        assert_eq!(of(&bundle, "Condition")[0]["code"]["text"], "No finding");
        assert_eq!(of(&bundle, "Patient")[0]["name"][0]["text"], "Ann Example");
    }

    #[test]
    fn what_nobody_said_is_not_there() {
        let bare = ArchivedVersion { fields: ReportFields::default(), author_name: None, ..version(1, Vec::new()) };
        let bundle = bundle(&[bare]);
        assert_eq!(bundle["entry"].as_array().map(Vec::len), Some(2), "the patient and the document");
        assert!(of(&bundle, "Patient")[0].get("name").is_none());
        assert!(of(&bundle, "DocumentReference")[0].get("type").is_none());
    }

    #[test]
    fn a_file_that_is_too_long_for_fhir_has_no_size() {
        let long = ArchivedFile { size: 1 << 31, ..file("a.png") };
        let bundle = bundle(&[version(2, vec![long])]);
        assert!(of(&bundle, "DocumentReference")[0]["content"][0]["attachment"].get("size").is_none());
    }
}
