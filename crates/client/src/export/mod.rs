//! Events as files for other programs: CSV, JSON, and FHIR R4 AuditEvent. Each says which of its lines this client found in the
//! public log, and which name is the server's word alone.

mod csv;
mod date;
mod fhir;
mod json;
mod uuid;

use std::collections::BTreeMap;

use api_types::{AccountId, ReportId, UnixMillis};

use crate::{
    log::{CheckedEvent, Mark},
    reports::{ActorName, ExplainedEvent, ReaderMark, json_name, said},
};

pub(crate) use date::iso;
pub(crate) use uuid::urn;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, UTF-8, with a heading line.
    Csv,
    /// An array of events as the API has them, each with its mark.
    Json,
    /// A FHIR R4 Bundle of AuditEvents, in the shapes of IHE BALP.
    Fhir,
}

impl Format {
    /// Every format, as people are offered them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Fhir];

    /// A file's name in this format.
    pub fn file_name(self, stem: &str) -> String {
        match self {
            Self::Csv => format!("{stem}.csv"),
            Self::Json => format!("{stem}.json"),
            Self::Fhir => format!("{stem}.fhir.json"),
        }
    }
}

/// What is known of a report that isn't in its events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The patient whom it is about and who has an account: its owner.
    pub patient: Option<AccountId>,
    /// Its title; empty where it isn't known. Plaintext: whoever gets the file reads it.
    pub title: String,
}

/// Whose events they are.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The server's origin, `https://health.example.org`: names ids in FHIR.
    pub origin: &'a str,
    /// The reports that are known.
    pub reports: &'a BTreeMap<ReportId, About>,
    /// Older events were removed for their age ([`crate::ReportEvents::removed_before`]): the file says so at its end.
    pub removed_before: Option<UnixMillis>,
}

impl<'a> Context<'a> {
    /// What is known of an event's report.
    fn about(&self, event: &ExplainedEvent) -> Option<&'a About> {
        self.reports.get(&event.checked.event.report_id?)
    }
}

/// What stands where older events were removed.
const REMOVED: &str = "earlier_events_removed";

/// Writes events, in the order given.
pub fn export(events: &[ExplainedEvent], format: Format, context: Context<'_>) -> String {
    match format {
        Format::Csv => csv::write(events, context),
        Format::Json => json::write(events, context),
        Format::Fhir => fhir::write(events, context),
    }
}

/// The name of a mark.
fn mark(of: &CheckedEvent) -> &'static str {
    match of.mark {
        Mark::Verified => "verified",
        Mark::Pending => "pending",
        Mark::Unlogged => "not-logged",
        Mark::Unchecked => "not-checked",
    }
}

/// The name of whose word a reading is.
pub fn reader_word(of: ReaderMark) -> &'static str {
    match of {
        ReaderMark::Signed => "signed",
        ReaderMark::OtherTime => "signed-on-another-day",
        ReaderMark::Unsigned => "unsigned",
        ReaderMark::Stranger => "stranger",
    }
}

/// The name that JSON gives an action or outcome.
fn name(of: &impl serde::Serialize) -> String {
    json_name(of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use api_types::audit::{Action, AuditEvent, Outcome};
    use serde_json::Value;

    use super::*;
    use crate::reports::fixture;

    fn write(event: ExplainedEvent, format: Format, title: &str) -> String {
        write_before(event, format, title, None)
    }

    fn write_before(event: ExplainedEvent, format: Format, title: &str, removed_before: Option<UnixMillis>) -> String {
        let about = About { patient: Some(AccountId([2; 32])), title: title.to_owned() };
        let reports = BTreeMap::from([(ReportId([3; 32]), about)]);
        export(&[event], format, Context { origin: "https://health.example", reports: &reports, removed_before })
    }

    fn event(action: Action, outcome: Outcome, name: &str) -> ExplainedEvent {
        let event = AuditEvent {
            seq: 7,
            time: 1_700_000_000_123,
            actor: Some(AccountId([1; 32])),
            actor_name: Some("Somebody else".to_owned()),
            action,
            outcome,
            report_id: Some(ReportId([3; 32])),
            report_seq: Some(1),
            subject: "version=1 part=2".to_owned(),
            leaf_index: Some(7),
            ..fixture::event()
        };
        let checked = CheckedEvent { event, mark: Mark::Verified, reader: Some(ReaderMark::Signed) };
        let who = Some(ActorName::Known(name.to_owned()));
        ExplainedEvent { checked, who, purposes: vec!["second-opinion".to_owned()] }
    }

    #[test]
    fn a_table_is_quoted_and_runs_nothing() {
        for (name, field) in [
            ("Dr. Who", "Dr. Who"),
            ("Who, Dr.", "\"Who, Dr.\""),
            ("a \"b\"\nc", "\"a \"\"b\"\"\nc\""),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\t=1", "'\t'=1"),
            (" =1", " '=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            // A program that takes semicolons for commas reads another cell here, and another line there.
            ("a;=1", "\"a;'=1\""),
            ("a\n=1", "\"a\n'=1\""),
            ("a,-1", "\"a,'-1\""),
            ("Ann-Marie A+B", "Ann-Marie A+B"),
        ] {
            let text = write(event(Action::Open, Outcome::Success, name), Format::Csv, "");
            let (heading, line) = text.split_once("\r\n").unwrap();
            let columns = "number,time,person_id,person,action,outcome,report_id,details,in_public_log,leaf,reading,purpose,report";
            assert_eq!(heading, columns);
            let (one, three) = ("01".repeat(32), "03".repeat(32));
            let expected = format!(
                "7,2023-11-14T22:13:20.123Z,{one},{field},open,success,{three},version=1 part=2,verified,7,signed,second-opinion,\r\n"
            );
            assert_eq!(line, expected);
        }
    }

    #[test]
    fn a_title_runs_nothing_either() {
        let text = write(event(Action::Open, Outcome::Success, "Who"), Format::Csv, "=cmd|' /C calc'!A0");
        assert!(text.ends_with(",second-opinion,'=cmd|' /C calc'!A0\r\n"), "{text}");
    }

    #[test]
    fn json_is_the_event_and_its_mark() {
        let text = write(event(Action::Open, Outcome::Success, "Who"), Format::Json, "Blood count");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[0]["in_public_log"], "verified");
        assert_eq!(value[0]["reading"], "signed");
        assert_eq!((&value[0]["seq"], &value[0]["action"]), (&7.into(), &"open".into()));
        assert_eq!(value[0]["purposes"], serde_json::json!(["second-opinion"]));
        assert_eq!(value[0]["report_title"], "Blood count");
    }

    #[test]
    fn a_name_is_the_known_one_or_said_to_be_the_servers() {
        let opened = event(Action::Open, Outcome::Success, "Dr Dora");
        let said = Some(ActorName::ServerSays("Dr Dora".to_owned()));
        let stranger = ExplainedEvent { who: said, ..opened.clone() };
        let nameless = ExplainedEvent { who: None, ..opened.clone() };
        let marked = "Dr Dora (name as the server says)";
        let cases = [(opened, Some("Dr Dora"), None), (stranger, None, Some("Dr Dora")), (nameless, None, None)];
        for (event, known, server_says) in cases {
            let shown = known.or(server_says.map(|_| marked));
            let table = write(event.clone(), Format::Csv, "");
            assert!(table.contains(&format!(",{},open,", shown.unwrap_or_default())), "{table}");
            let value: Value = serde_json::from_str(&write(event.clone(), Format::Json, "")).unwrap();
            let name = |field: &str| value[0][field].as_str();
            assert_eq!([name("actor_name"), name("actor_name_unverified")], [known, server_says]);
            let written = fhir(event);
            let person = &written["agent"][2];
            assert_eq!([person["who"]["display"].as_str(), person["name"].as_str()], [shown; 2]);
        }
    }

    fn fhir(event: ExplainedEvent) -> Value {
        let text = write(event, Format::Fhir, "Blood count");
        let bundle: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&bundle["resourceType"], &bundle["type"]), (&"Bundle".into(), &"collection".into()));
        bundle["entry"][0]["resource"].clone()
    }

    #[test]
    fn a_read_has_the_shape_of_a_patient_read() {
        let read = fhir(event(Action::Open, Outcome::Success, "Who"));
        let profile = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead";
        assert_eq!(read["meta"]["profile"][0], profile);
        assert_eq!((&read["resourceType"], &read["type"]["code"]), (&"AuditEvent".into(), &"rest".into()));
        assert_eq!((&read["subtype"][0]["code"], &read["action"]), (&"read".into(), &"R".into()));
        assert_eq!((&read["recorded"], &read["outcome"]), (&"2023-11-14T22:13:20.123Z".into(), &"0".into()));
        let codes: Vec<&Value> =
            read["agent"].as_array().unwrap().iter().map(|a| &a["type"]["coding"][0]["code"]).collect();
        assert_eq!(codes, ["110152", "110153", "IRCP"], "client, server, and who received it");
        assert_eq!(read["agent"][2]["requestor"], true);
        assert_eq!(read["agent"][2]["who"]["display"], "Who");
        let roles: Vec<&Value> = read["entity"].as_array().unwrap().iter().map(|e| &e["role"]["code"]).collect();
        assert_eq!(roles, ["1", "4"], "the patient, and the report");
        assert_eq!(read["entity"][0]["what"]["identifier"]["value"], "02".repeat(32));
        assert_eq!(read["entity"][1]["name"], "Blood count");
        assert_eq!(read["source"]["type"][0]["code"], "4");
    }

    /// As IHE publishes them: ITI BALP, IHE.BasicAudit.PatientRead, PatientCreate, PatientUpdate, PatientDelete. All that they ask
    /// for, of every action, is in `fhir/conforms.rs`.
    #[test]
    fn what_claims_a_profile_has_all_that_it_asks_for() {
        let writers = &["AUT", "INF", "CST"][..];
        let claims = [
            (Action::Open, "PatientRead", ["read", "R"], ["110152", "110153"], &["IRCP"][..]),
            (Action::Share, "PatientCreate", ["create", "C"], ["110153", "110152"], writers),
            (Action::Revoke, "PatientUpdate", ["update", "U"], ["110153", "110152"], writers),
            (Action::Erase, "PatientDelete", ["delete", "D"], ["110150", "custodian"], writers),
        ];
        for (action, profile, [code, letter], systems, people) in claims {
            let event = fhir(event(action, Outcome::Success, "Who"));
            let claimed = event["meta"]["profile"][0].as_str().unwrap();
            assert!(claimed.ends_with(&format!("/IHE.BasicAudit.{profile}")), "{claimed}");
            assert_eq!((&event["subtype"][0]["code"], &event["action"]), (&code.into(), &letter.into()));
            assert_eq!((&event["type"]["code"], &event["outcome"]), (&"rest".into(), &"0".into()));
            let role = |agent: &Value| agent["type"]["coding"][0]["code"].as_str().unwrap().to_owned();
            for (agent, system) in event["agent"].as_array().unwrap().iter().zip(systems) {
                assert_eq!(role(agent), system, "{profile}");
                assert!(agent["who"]["display"].is_string() && agent["network"].is_object(), "{agent}");
                assert_eq!((&agent["requestor"], agent.get("media")), (&Value::Bool(false), None));
            }
            let person = &event["agent"][2];
            assert!(people.contains(&role(person).as_str()), "{profile}: {person}");
            assert_eq!((&person["requestor"], person.get("network")), (&Value::Bool(true), None));
            let [patient, data] = [0_usize, 1].map(|at| &event["entity"][at]);
            assert_eq!((&patient["type"]["code"], &patient["role"]["code"]), (&"1".into(), &"1".into()));
            assert_eq!(patient["what"]["type"], "Patient");
            assert_eq!((&data["type"]["code"], &data["role"]["code"]), (&"2".into(), &"4".into()));
            assert!(data["what"].is_object());
        }
        for action in [Action::LookUp, Action::List, Action::SignIn] {
            let event = fhir(event(action, Outcome::Success, "Who"));
            assert!(event["meta"].get("profile").is_none(), "{action:?} has no profile, or less than it asks for");
        }
    }

    #[test]
    fn a_purpose_stands_with_the_person_by_its_code_and_in_words() {
        let purpose_of = |code: &str| {
            let explained =
                ExplainedEvent { purposes: vec![code.to_owned()], ..event(Action::Open, Outcome::Success, "Who") };
            fhir(explained)["agent"][2]["purposeOfUse"].clone()
        };
        for (purpose, code) in [
            ("treatment", "TREAT"),
            ("second-opinion", "TREAT"),
            ("referral", "TREAT"),
            ("billing", "HPAYMT"),
            ("own", "PATRQT"),
        ] {
            let said = purpose_of(purpose);
            assert_eq!(said[0]["coding"][0]["system"], "http://terminology.hl7.org/CodeSystem/v3-ActReason");
            assert_eq!((&said[0]["coding"][0]["code"], &said[0]["text"]), (&code.into(), &purpose.into()));
        }
        assert_eq!(purpose_of("trial-17"), serde_json::json!([{ "text": "trial-17" }]), "no code is made up");
        let none = ExplainedEvent { purposes: Vec::new(), ..event(Action::Open, Outcome::Success, "Who") };
        assert!(fhir(none)["agent"][2].get("purposeOfUse").is_none());
    }

    #[test]
    fn every_action_has_its_interaction() {
        for (action, code, letter) in [
            (Action::Create, "create", "C"),
            (Action::Rekey, "update", "U"),
            (Action::DraftDelete, "delete", "D"),
            (Action::Erase, "delete", "D"),
            (Action::List, "search", "E"),
            (Action::SignIn, "operation", "E"),
            (Action::Revoke, "update", "U"),
        ] {
            let event = fhir(event(action, Outcome::Success, "Who"));
            assert_eq!((&event["subtype"][0]["code"], &event["action"]), (&code.into(), &letter.into()), "{action:?}");
        }
    }

    #[test]
    fn a_denial_is_no_successful_read() {
        let denied = fhir(event(Action::Open, Outcome::Denied, "Who"));
        assert_eq!(denied["outcome"], "4");
        assert!(denied["meta"].get("profile").is_none(), "the profiles are of what succeeded");
    }

    #[test]
    fn what_was_removed_is_said_at_the_end() {
        let file =
            |format| write_before(event(Action::Open, Outcome::Success, "Who"), format, "", Some(1_700_000_000_123));
        let table = file(Format::Csv);
        let last = table.trim_end().rsplit("\r\n").next().unwrap();
        assert_eq!(last, ",2023-11-14T22:13:20.123Z,,,earlier_events_removed,,,,,,,,");
        let value: Value = serde_json::from_str(&file(Format::Json)).unwrap();
        assert_eq!(value[1], serde_json::json!({ "earlier_events_removed": true, "before": 1_700_000_000_123_i64 }));
        let bundle: Value = serde_json::from_str(&file(Format::Fhir)).unwrap();
        assert_eq!(bundle["entry"][1]["resource"]["resourceType"], "OperationOutcome");
        let text = bundle["entry"][1]["resource"]["issue"][0]["diagnostics"].as_str().unwrap();
        assert!(text.contains("2023-11-14T22:13:20.123Z"), "{text}");
    }

    #[test]
    fn nobody_is_made_up() {
        let mut anonymous = event(Action::SignIn, Outcome::Denied, "");
        let inner = &mut anonymous.checked.event;
        (inner.actor, inner.actor_name, inner.report_id) = (None, None, None);
        let event = fhir(anonymous);
        assert_eq!(event["agent"].as_array().unwrap().len(), 2, "client and server");
        assert!(event.get("entity").is_none());
    }
}
