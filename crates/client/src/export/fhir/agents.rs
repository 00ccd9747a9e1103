//! Who took part: the client, the server, and the person, if known.

use serde_json::{Value, json};

use super::{Interaction, TERMINOLOGY, coding, identifier};
use crate::export::{Context, ExplainedEvent};

const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

/// What client, server and person are in an interaction, as its profile says. What is read flows to the client, what is asked or
/// written from it.
fn roles(interaction: Interaction) -> [Value; 3] {
    let source = coding(DICOM, "110153", "Source Role ID");
    let destination = coding(DICOM, "110152", "Destination Role ID");
    let person = |code, display| coding(&format!("{TERMINOLOGY}/v3-ParticipationType"), code, display);
    let recipient = || person("IRCP", "information recipient");
    let author = || person("AUT", "author (originator)");
    match interaction {
        Interaction::Read => [destination, source, recipient()],
        Interaction::Search => [source, destination, recipient()],
        Interaction::Delete => [
            coding(DICOM, "110150", "Application"),
            coding(&format!("{TERMINOLOGY}/provenance-participant-type"), "custodian", "Custodian"),
            author(),
        ],
        Interaction::Create | Interaction::Update | Interaction::Operation => [source, destination, author()],
    }
}

/// The client, the server, and the person, if known.
pub fn agents(explained: &ExplainedEvent, context: Context<'_>) -> Vec<Value> {
    let event = &explained.checked.event;
    let agent = |kind: Value, who: Value| json!({ "type": { "coding": [kind] }, "who": who, "requestor": false });
    let session = event.session.map_or("unknown".to_owned(), |session| format!("session {session}"));
    let [client, server, kind] = roles(Interaction::of(event.action));
    let mut agents =
        vec![agent(client, json!({ "display": session })), agent(server, json!({ "display": context.origin }))];
    // Whose network address it was is not in an event.
    agents[0]["network"] = json!({ "extension": [{ "url": ABSENT, "valueCode": "masked" }] });
    agents[1]["network"] = json!({ "address": context.origin, "type": "5" });
    if let Some(actor) = event.actor {
        let who = json!({ "identifier": identifier(context, "accounts", &actor.to_string()) });
        let mut person = agent(kind, who);
        person["requestor"] = true.into();
        if let Some(name) = explained.who.as_ref().map(ToString::to_string).filter(|name| !name.is_empty()) {
            person["who"]["display"] = name.as_str().into();
            person["name"] = name.into();
        }
        let purposes = explained.purposes.iter().filter(|code| !code.is_empty());
        let purposes: Vec<Value> = purposes.map(|code| purpose_of_use(code)).collect();
        if !purposes.is_empty() {
            person["purposeOfUse"] = purposes.into();
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
