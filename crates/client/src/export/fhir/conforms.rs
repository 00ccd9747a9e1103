//! Every event that can be written, against what FHIR R4 and IHE BALP ask for: transcribed from there, in `conforms/`, not from what
//! is written here.

mod balp;
mod r4;

use std::collections::BTreeMap;

use api_types::{
    AccountId, B64, ReportId, SessionId,
    audit::{Action, AuditEvent, Outcome},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use self::balp::{Object, PROFILES, Profile};
use crate::{
    export::{About, Context, ExplainedEvent, Format, export},
    log::{CheckedEvent, Mark},
    reports::{ActorName, ReaderMark, fixture},
};

/// Each action, whose profile its events have, if any, and the action after it: one that is new doesn't compile before it stands here.
fn row(action: Action) -> (Option<&'static str>, Option<Action>) {
    use Action as A;
    match action {
        A::SignUp => (None, Some(A::SignIn)),
        A::SignIn => (None, Some(A::SignOut)),
        A::SignOut => (None, Some(A::Recover)),
        A::Recover => (None, Some(A::Approve)),
        A::Approve => (None, Some(A::Refuse)),
        A::Refuse => (None, Some(A::Invite)),
        A::Invite => (Some("Create"), Some(A::InvitationChange)),
        A::InvitationChange => (None, Some(A::LookUp)),
        A::LookUp => (Some("Query"), Some(A::AccountChange)),
        A::AccountChange => (Some("Update"), Some(A::List)),
        A::List => (Some("Query"), Some(A::Read)),
        A::Read => (Some("Read"), Some(A::Open)),
        A::Open => (Some("Read"), Some(A::Create)),
        A::Create => (Some("Create"), Some(A::Share)),
        A::Share => (Some("Create"), Some(A::Redeem)),
        A::Redeem => (Some("Update"), Some(A::Claim)),
        A::Claim => (Some("Update"), Some(A::Revoke)),
        A::Revoke => (Some("Update"), Some(A::Rekey)),
        A::Rekey => (Some("Update"), Some(A::Erase)),
        A::Erase => (Some("Delete"), Some(A::TeamKey)),
        A::TeamKey => (Some("Update"), Some(A::TeamCreate)),
        A::TeamCreate => (None, Some(A::TeamRoster)),
        A::TeamRoster => (None, Some(A::TeamJoin)),
        A::TeamJoin => (None, Some(A::TeamLeave)),
        A::TeamLeave => (None, Some(A::DraftSave)),
        A::DraftSave => (Some("Update"), Some(A::DraftDelete)),
        A::DraftDelete => (Some("Delete"), Some(A::Upload)),
        A::Upload => (None, Some(A::AuditRead)),
        A::AuditRead => (Some("Read"), Some(A::System)),
        A::System => (None, None),
    }
}

fn actions() -> impl Iterator<Item = Action> {
    std::iter::successors(Some(Action::SignUp), |action| row(*action).1)
}

/// What an event may have or lack.
#[derive(Debug, Clone, Copy)]
struct Case {
    action: Action,
    done: bool,
    report: bool,
    /// The report's patient is known.
    patient: bool,
    request: bool,
    actor: bool,
    named: bool,
    purposes: bool,
}

impl Case {
    /// All of it.
    fn whole(action: Action) -> Self {
        Self {
            action,
            done: true,
            report: true,
            patient: true,
            request: true,
            actor: true,
            named: true,
            purposes: true,
        }
    }

    fn all(action: Action) -> impl Iterator<Item = Self> {
        (0..128_u32).map(move |bits| {
            let bit = |n: u32| (bits >> n) & 1 == 1;
            let [done, report, patient, request] = [bit(0), bit(1), bit(2), bit(3)];
            Self { action, done, report, patient, request, actor: bit(4), named: bit(5), purposes: bit(6) }
        })
    }

    fn explained(self, seq: u64) -> ExplainedEvent {
        let event = AuditEvent {
            seq,
            time: 1_700_000_000_123,
            actor: self.actor.then_some(AccountId([1; 32])),
            session: self.actor.then_some(SessionId([4; 16])),
            action: self.action,
            outcome: if self.done { Outcome::Success } else { Outcome::Denied },
            report_id: self.report.then_some(ReportId([3; 32])),
            subject: "of=reports version=1 part=2 grant=".to_owned(),
            leaf_index: self.request.then_some(7),
            request: self.request.then(|| B64(vec![1, 2, 3])),
            ..fixture::event()
        };
        let mark = if self.request { Mark::Verified } else { Mark::Pending };
        let checked = CheckedEvent { event, mark, reader: self.request.then_some(ReaderMark::Signed) };
        let name = if self.named { "Dr Dora" } else { "" };
        let purposes = if self.purposes { vec!["referral".to_owned(), "trial-17".to_owned()] } else { Vec::new() };
        ExplainedEvent { checked, who: Some(ActorName::Known(name.to_owned())), purposes }
    }

    fn bundle(self, seqs: &[u64]) -> Value {
        let title = if self.named { "Blood count" } else { "" };
        let about = About { patient: self.patient.then_some(AccountId([2; 32])), title: title.to_owned() };
        let reports = BTreeMap::from([(ReportId([3; 32]), about)]);
        let removed_before = self.done.then_some(1_600_000_000_000);
        let context = Context { origin: "https://health.example", reports: &reports, removed_before };
        let events: Vec<ExplainedEvent> = seqs.iter().map(|seq| self.explained(*seq)).collect();
        serde_json::from_str(&export(&events, Format::Fhir, context)).unwrap()
    }

    fn written(self) -> Value {
        self.bundle(&[7])["entry"][0]["resource"].clone()
    }

    /// The profile that it should be said to be of.
    fn expected(self) -> Option<String> {
        let profile = by_name(row(self.action).0?);
        let whole = if profile.object == Object::Query { self.request } else { self.report };
        (self.done && whole).then(|| balp::url(profile.name, self.report && self.patient))
    }
}

fn by_name(name: &str) -> &'static Profile {
    PROFILES.iter().find(|profile| profile.name == name).unwrap()
}

/// The narrowest profile that an event is of.
fn narrowest(event: &Value) -> Option<(&'static Profile, String)> {
    let with_patient = |patient| PROFILES.iter().map(move |profile| (profile, patient));
    let mut all = with_patient(true).chain(with_patient(false));
    let (profile, patient) = all.find(|(profile, patient)| balp::faults(event, profile, *patient).is_empty())?;
    Some((profile, balp::url(profile.name, patient)))
}

#[test]
fn every_event_is_of_r4_and_says_the_profile_that_it_is_of() {
    assert_eq!(actions().count(), 30);
    for case in actions().flat_map(Case::all) {
        let event = case.written();
        let faults = r4::faults(&event);
        assert!(faults.is_empty(), "{case:?}: {faults:#?} {event:#}");
        let found = narrowest(&event);
        let said: Vec<&str> =
            event["meta"]["profile"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let of: Vec<&str> = found.iter().map(|(_, url)| url.as_str()).collect();
        assert_eq!(said, of, "{case:?} says the profile that it is of, and no other: {event:#}");
        assert_eq!(said, case.expected().iter().map(String::as_str).collect::<Vec<_>>(), "{case:?}");
    }
}

/// Elements that a profile marks as "must support" are there where they are known; roles of people are in no event.
#[test]
fn who_acted_is_the_profiles_user_with_all_that_is_known_of_them() {
    let mut people = 0;
    for case in actions().flat_map(Case::all) {
        let event = case.written();
        let Some((profile, _)) = narrowest(&event) else { continue };
        let users = balp::users(&event, profile);
        assert_eq!(users.len(), usize::from(case.actor), "{case:?}: {event:#}");
        for user in users {
            people += 1;
            assert_eq!(user["who"]["identifier"]["value"], "01".repeat(32));
            assert_eq!(user["name"].as_str(), case.named.then_some("Dr Dora"), "{case:?}");
            assert_eq!(user.get("purposeOfUse").is_some(), case.purposes, "{case:?}");
        }
        assert_eq!(event["source"]["observer"]["display"], "https://health.example");
    }
    assert!(people > 0);
}

#[test]
fn a_list_in_a_reports_record_is_a_query_for_its_patient() {
    let event = Case::whole(Action::List).written();
    assert_eq!(event["meta"]["profile"], json!([balp::url("Query", true)]));
    let entities = event["entity"].as_array().unwrap();
    let kinds: Vec<&Value> = entities.iter().map(|entity| &entity["type"]["code"]).collect();
    assert_eq!(kinds, ["1", "2", "DocumentReference"], "the patient, what was asked, and what was found");
    assert_eq!(entities[0]["what"]["identifier"]["value"], "02".repeat(32));
    let request = "GET https://health.example/api/v1/reports";
    assert_eq!(STANDARD.decode(entities[1]["query"].as_str().unwrap()).unwrap(), request.as_bytes());
    assert_eq!(entities[1]["description"], request);
    assert_eq!(entities[2]["what"]["identifier"]["value"], "03".repeat(32));
    assert_eq!(entities[2]["name"], "Blood count");
    let detail = json!({ "type": "public-log", "valueString": "verified" });
    let signed = json!({ "type": "read-request", "valueBase64Binary": "AQID" });
    for detail in [detail, signed] {
        assert!(entities[2]["detail"].as_array().unwrap().contains(&detail), "{event:#}");
    }

    let unsigned = Case { request: false, ..Case::whole(Action::List) }.written();
    assert_eq!(unsigned["subtype"][0]["code"], "search");
    assert!(unsigned.get("meta").is_none(), "what was asked isn't known: {unsigned:#}");
    let kinds: Vec<&Value> =
        unsigned["entity"].as_array().unwrap().iter().map(|entity| &entity["type"]["code"]).collect();
    assert_eq!(kinds, ["1", "DocumentReference"]);
}

#[test]
fn a_bundle_names_each_of_its_entries_always_the_same() {
    for case in [Case::whole(Action::Open), Case { done: false, ..Case::whole(Action::Open) }] {
        let orders: [&[u64]; 3] = [&[], &[7], &[8, 7]];
        for seqs in orders {
            let bundle = case.bundle(seqs);
            assert_eq!(r4::bundle_faults(&bundle), Vec::<String>::new(), "{bundle:#}");
            assert_eq!(bundle, case.bundle(seqs));
        }
    }
    let url = |seqs: &[u64], at: usize| Case::whole(Action::Open).bundle(seqs)["entry"][at]["fullUrl"].clone();
    assert_eq!(url(&[7], 0), url(&[8, 7], 1), "by the event, not by its place");
    let twice = Case::whole(Action::Open).bundle(&[7, 7]);
    assert!(!r4::bundle_faults(&twice).is_empty(), "the check finds a name that is there twice");
    assert!(!r4::bundle_faults(&json!({ "resourceType": "Bundle", "type": "collection", "entry": [] })).is_empty());
}

/// Puts a value at a JSON pointer, or takes away what is there.
fn put(event: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    match (event.pointer_mut(parent).unwrap(), value) {
        (Value::Object(fields), Some(value)) => drop(fields.insert(last.to_owned(), value)),
        (Value::Object(fields), None) => drop(fields.remove(last).unwrap()),
        (Value::Array(items), None) => drop(items.remove(last.parse::<usize>().unwrap())),
        (parent, value) => panic!("{pointer}: {parent}, {value:?}"),
    }
}

/// A change to an event: what is put at a JSON pointer, or `None` where what stands there goes.
type Change = (&'static str, Option<Value>);

/// Changes to a whole reading after which it isn't of its profile any more.
fn spoilt_readings() -> Vec<Change> {
    let code = |code: &str| Some(json!(code));
    vec![
        ("/type/code", code("transmit")),
        ("/type/system", code("http://health.example")),
        ("/subtype", None),
        ("/subtype/0", None),
        ("/subtype/0/code", code("search")),
        ("/subtype/0/system", code("http://health.example")),
        ("/action", code("E")),
        ("/action", None),
        ("/recorded", None),
        ("/outcome", code("4")),
        ("/outcome", None),
        ("/agent/0", None),
        ("/agent/1", None),
        ("/agent/0/type", None),
        ("/agent/0/type/coding/0/code", code("110153")),
        ("/agent/0/type/coding/0/system", code("http://health.example")),
        ("/agent/0/who", None),
        ("/agent/0/network", None),
        ("/agent/0/media", Some(json!({ "code": "110030" }))),
        ("/agent/1/type/coding/0/code", code("110150")),
        ("/agent/1/who", None),
        ("/agent/1/network", None),
        ("/agent/2/who", None),
        ("/agent/2/requestor", Some(json!(false))),
        ("/agent/2/network", Some(json!({ "address": "x" }))),
        ("/agent/2/media", Some(json!({ "code": "110030" }))),
        ("/entity", None),
        ("/entity/0", None),
        ("/entity/0/type/code", code("4")),
        ("/entity/0/role", None),
        ("/entity/0/role/code", code("6")),
        ("/entity/0/what", None),
        ("/entity/0/what/type", code("Group")),
        ("/entity/1", None),
        ("/entity/1/type/code", code("1")),
        ("/entity/1/role/code", code("24")),
        ("/entity/1/what", None),
    ]
}

/// The same of others, where their profiles differ.
fn spoilt_others() -> Vec<(Action, Change)> {
    const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
    let code = |code: &str| Some(json!(code));
    vec![
        (Action::Share, ("/agent/0/type/coding/0/code", code("110152"))),
        (Action::Share, ("/subtype/0/code", code("update"))),
        (Action::Share, ("/entity/1/role", None)),
        (Action::Revoke, ("/agent/1/type/coding/0/code", code("110153"))),
        (Action::Revoke, ("/subtype/0/code", code("create"))),
        (Action::Revoke, ("/entity/1/role", None)),
        (Action::Erase, ("/agent/0/type/coding/0/code", code("110153"))),
        (Action::Erase, ("/agent/1/type/coding/0/code", code("verifier"))),
        (Action::Erase, ("/entity/1/role/code", code("13"))),
        (Action::List, ("/subtype/0/code", code("read"))),
        (Action::List, ("/agent/0/type/coding/0/code", code("110152"))),
        (Action::List, ("/entity/0", None)),
        (Action::List, ("/entity/1", None)),
        (Action::List, ("/entity/1/role/code", code("4"))),
        (Action::List, ("/entity/1/query", None)),
        (Action::List, ("/entity/1/what", Some(json!({ "display": "x" })))),
        (Action::List, ("/entity/1/lifecycle", Some(json!({ "code": "6" })))),
        (Action::List, ("/entity/1/detail", Some(json!([{ "type": "x", "valueString": "x" }])))),
        (Action::List, ("/entity/2/type", Some(json!({ "system": ENTITY_TYPE, "code": "2" })))),
    ]
}

#[test]
fn whatever_a_profile_asks_for_is_missed_where_it_is_spoilt() {
    let readings = spoilt_readings().into_iter().map(|change| (Action::Open, change));
    for (action, (pointer, value)) in readings.chain(spoilt_others()) {
        let mut event = Case::whole(action).written();
        let profile = by_name(row(action).0.unwrap());
        assert_eq!(balp::faults(&event, profile, true), Vec::<String>::new(), "{action:?}");
        put(&mut event, pointer, value.clone());
        assert!(!balp::faults(&event, profile, true).is_empty(), "{action:?}, {pointer}, {value:?}: {event:#}");
    }
}

/// An agent with a code that isn't in the value set is in no slice, which are open: it is nobody's user then.
#[test]
fn a_person_by_an_unbound_code_is_not_the_user() {
    for (action, unbound) in
        [(Action::Open, "AUT"), (Action::List, "AUT"), (Action::Share, "IRCP"), (Action::Erase, "IRCP")]
    {
        let mut event = Case::whole(action).written();
        let profile = by_name(row(action).0.unwrap());
        assert_eq!(balp::users(&event, profile).len(), 1);
        put(&mut event, "/agent/2/type/coding/0/code", Some(json!(unbound)));
        assert_eq!(balp::users(&event, profile).len(), 0, "{action:?}");
    }
}

/// Changes to a whole reading after which it isn't of R4 any more.
fn broken() -> Vec<Change> {
    vec![
        ("/resourceType", None),
        ("/id", Some(json!("event 7"))),
        ("/meta", Some(json!({}))),
        ("/severity", Some(json!("6"))),
        ("/type", None),
        ("/type", Some(json!([]))),
        ("/subtype", Some(json!([]))),
        ("/subtype", Some(json!({ "code": "read" }))),
        ("/action", Some(json!("X"))),
        ("/recorded", Some(json!("2023-11-14"))),
        ("/recorded", None),
        ("/outcome", Some(json!("1"))),
        ("/agent", None),
        ("/agent/0/requestor", None),
        ("/agent/0/requestor", Some(json!("false"))),
        ("/agent/0/network/extension/0/url", None),
        ("/agent/1/network/type", Some(json!("URI"))),
        ("/agent/2/name", Some(json!(""))),
        ("/agent/2/who", Some(json!({ "type": "Patient" }))),
        ("/agent/2/purposeOfUse", Some(json!({ "text": "own" }))),
        ("/source", None),
        ("/source/observer", None),
        ("/entity", Some(json!([]))),
        ("/entity/1/query", Some(json!("AQID"))),
        ("/entity/1/detail/0/valueString", None),
        ("/entity/1/detail/0/type", None),
        ("/entity/1/detail/0/valueBase64Binary", Some(json!("AQID"))),
        ("/entity/0/query", Some(json!("no base64"))),
    ]
}

#[test]
fn whatever_r4_asks_for_is_missed_where_it_is_spoilt() {
    for (pointer, value) in broken() {
        let mut event = Case::whole(Action::Open).written();
        assert_eq!(r4::faults(&event), Vec::<String>::new());
        put(&mut event, pointer, value.clone());
        assert!(!r4::faults(&event).is_empty(), "{pointer}, {value:?}: {event:#}");
    }
}
