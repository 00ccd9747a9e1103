//! What the profiles of restful interactions in IHE ITI Basic Audit Log Patterns (BALP) 1.1.4 (trial implementation, October 2025)
//! ask for, and what in an event isn't so: <https://profiles.ihe.net/ITI/BALP/1.1.4/>, package `ihe.iti.balp#1.1.4`, of which the
//! source is `input/fsh/Patient{Create,Read,Update,Delete,Query}.fsh` at tag 1.1.4 of github.com/IHE/ITI.BasicAudit.
//!
//! A code that is fixed there is fixed by system and code; displays aren't. Slices are told apart by `type` (subtypes by the
//! coding itself), and are open: what is in none of them may stand beside them.

use serde_json::Value;

/// System and code.
type Code = (&'static str, &'static str);

const BALP: &str = "https://profiles.ihe.net/ITI/BALP";
const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

const REST: Code = ("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest");
const SOURCE: Code = (DCM, "110153");
const DESTINATION: Code = (DCM, "110152");
const REQUEST_ID: Code = ("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId");
const PERSON: Code = (ENTITY_TYPE, "1");
const SYSTEM_OBJECT: Code = (ENTITY_TYPE, "2");
const PATIENT: Code = (OBJECT_ROLE, "1");
const QUERY: Code = (OBJECT_ROLE, "24");

/// The value set `DataSources`, required.
const WRITERS: &[Code] = &[(PARTICIPATION, "AUT"), (PARTICIPATION, "INF"), (PARTICIPATION, "CST")];
const RECIPIENT: &[Code] = &[(PARTICIPATION, "IRCP")];
/// The value set `RestObjectRoles`, required.
const DATA_ROLES: &[Code] = &[(OBJECT_ROLE, "4"), (OBJECT_ROLE, "3"), (OBJECT_ROLE, "20")];

/// What the entity of type 2 is, of which there is one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// `data`, whose role must be there.
    Data,
    /// `data`, whose role may be left out.
    DataAnyRole,
    /// `query`.
    Query,
}

/// A profile: what it has that not all have.
pub struct Profile {
    /// `IHE.BasicAudit.{name}`; with a patient `IHE.BasicAudit.Patient{name}`.
    pub name: &'static str,
    action: &'static str,
    /// Of these there is one subtype.
    subtypes: &'static [Code],
    client: Code,
    server: Code,
    user: &'static [Code],
    pub object: Object,
    /// Entities at least, with a patient; without one it is 1.
    with_patient: usize,
}

pub static PROFILES: [Profile; 5] = [
    Profile {
        name: "Create",
        action: "C",
        subtypes: &[(INTERACTION, "create")],
        client: SOURCE,
        server: DESTINATION,
        user: WRITERS,
        object: Object::Data,
        with_patient: 2,
    },
    Profile {
        name: "Read",
        action: "R",
        subtypes: &[(INTERACTION, "read"), (INTERACTION, "vread")],
        client: DESTINATION,
        server: SOURCE,
        user: RECIPIENT,
        object: Object::DataAnyRole,
        with_patient: 2,
    },
    Profile {
        name: "Update",
        action: "U",
        subtypes: &[(INTERACTION, "update"), (INTERACTION, "patch")],
        client: SOURCE,
        server: DESTINATION,
        user: WRITERS,
        object: Object::Data,
        with_patient: 2,
    },
    Profile {
        name: "Delete",
        action: "D",
        subtypes: &[(INTERACTION, "delete")],
        client: (DCM, "110150"),
        server: ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian"),
        user: WRITERS,
        object: Object::Data,
        with_patient: 2,
    },
    Profile {
        name: "Query",
        action: "E",
        subtypes: &[(INTERACTION, "search"), (INTERACTION, "search-type"), (INTERACTION, "search-system")],
        client: SOURCE,
        server: DESTINATION,
        user: RECIPIENT,
        object: Object::Query,
        with_patient: 1,
    },
];

/// A profile's canonical URL.
pub fn url(name: &str, patient: bool) -> String {
    format!("{BALP}/StructureDefinition/IHE.BasicAudit.{}{name}", if patient { "Patient" } else { "" })
}

/// What isn't as it should be.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn unless(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.0.push(what.into());
        }
    }
}

/// What in an event isn't as a profile asks, with a `patient` or without.
pub fn faults(event: &Value, profile: &Profile, patient: bool) -> Vec<String> {
    let mut faults = Faults::default();
    faults.unless(is(&event["type"], &[REST]), "type");
    let subtypes = items(event, "subtype").iter().filter(|subtype| is(subtype, profile.subtypes)).count();
    faults.unless(subtypes == 1, format!("subtype: {subtypes}"));
    faults.unless(event["action"] == profile.action, "action");
    faults.unless(event["recorded"].is_string(), "recorded");
    faults.unless(event["outcome"] == "0", "outcome");
    agents(event, profile, &mut faults);
    let entities = items(event, "entity");
    let least = if patient { profile.with_patient } else { 1 };
    faults.unless(entities.len() >= least, format!("entity: {}", entities.len()));
    object(entities, profile.object, &mut faults);
    request_id(entities, &mut faults);
    if patient {
        subject(entities, &mut faults);
    }
    faults.0
}

/// Slices `client`, `server` and `user` of `agent`.
fn agents(event: &Value, profile: &Profile, faults: &mut Faults) {
    let agents = items(event, "agent");
    faults.unless(agents.len() >= 2, format!("agent: {}", agents.len()));
    for (slice, code) in [("client", profile.client), ("server", profile.server)] {
        let found: Vec<&Value> = agents.iter().filter(|agent| is_concept(&agent["type"], &[code])).collect();
        faults.unless(found.len() == 1, format!("agent:{slice}: {}", found.len()));
        for agent in found {
            faults.unless(has(agent, "who"), format!("agent:{slice}.who"));
            faults.unless(has(agent, "network"), format!("agent:{slice}.network"));
            faults.unless(!has(agent, "media"), format!("agent:{slice}.media"));
        }
    }
    let users = users(event, profile);
    faults.unless(users.len() <= 1, format!("agent:user: {}", users.len()));
    for user in users {
        faults.unless(has(user, "who"), "agent:user.who");
        faults.unless(user["requestor"] == true, "agent:user.requestor");
        faults.unless(!has(user, "media"), "agent:user.media");
        faults.unless(!has(user, "network"), "agent:user.network");
    }
}

/// The agents that are `user` to a profile.
pub fn users<'a>(event: &'a Value, profile: &Profile) -> Vec<&'a Value> {
    items(event, "agent").iter().filter(|agent| is_concept(&agent["type"], profile.user)).collect()
}

/// Slice `data` or `query` of `entity`.
fn object(entities: &[Value], object: Object, faults: &mut Faults) {
    let found: Vec<&Value> = entities.iter().filter(|entity| is(&entity["type"], &[SYSTEM_OBJECT])).collect();
    faults.unless(found.len() == 1, format!("entity of type 2: {}", found.len()));
    for entity in found {
        if object == Object::Query {
            faults.unless(is(&entity["role"], &[QUERY]), "entity:query.role");
            faults.unless(has(entity, "query"), "entity:query.query");
            for name in ["what", "lifecycle", "detail"] {
                faults.unless(!has(entity, name), format!("entity:query.{name}"));
            }
        } else {
            let without = object == Object::DataAnyRole && !has(entity, "role");
            faults.unless(without || is(&entity["role"], DATA_ROLES), "entity:data.role");
            faults.unless(has(entity, "what"), "entity:data.what");
        }
    }
}

/// Slice `transaction` of `entity`.
fn request_id(entities: &[Value], faults: &mut Faults) {
    let found: Vec<&Value> = entities.iter().filter(|entity| is(&entity["type"], &[REQUEST_ID])).collect();
    faults.unless(found.len() <= 1, format!("entity:transaction: {}", found.len()));
    for entity in found {
        faults.unless(entity["what"]["identifier"]["value"].is_string(), "entity:transaction.what.identifier.value");
    }
}

/// Slice `patient` of `entity`.
fn subject(entities: &[Value], faults: &mut Faults) {
    let found: Vec<&Value> = entities.iter().filter(|entity| is(&entity["type"], &[PERSON])).collect();
    faults.unless(found.len() == 1, format!("entity:patient: {}", found.len()));
    for entity in found {
        faults.unless(is(&entity["role"], &[PATIENT]), "entity:patient.role");
        let what = &entity["what"];
        let address = what["reference"].as_str().is_some_and(|address| address.contains("Patient/"));
        faults.unless(what["type"] == "Patient" || address, "entity:patient.what");
    }
}

fn items<'a>(event: &'a Value, name: &str) -> &'a [Value] {
    event[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn has(value: &Value, name: &str) -> bool {
    value.get(name).is_some()
}

/// Whether a Coding is one of these.
fn is(coding: &Value, codes: &[Code]) -> bool {
    codes.iter().any(|(system, code)| coding["system"] == *system && coding["code"] == *code)
}

/// Whether one of a CodeableConcept's codings is one of these.
fn is_concept(concept: &Value, codes: &[Code]) -> bool {
    items(concept, "coding").iter().any(|coding| is(coding, codes))
}
