//! Who may what: every route of the OpenAPI document, tried by everyone.
//!
//! A route that is missing from the table fails the test, so nobody adds one without deciding who may use it. A cell
//! says how the request ended: `o` it was done · `+` it was allowed, and failed for what it carried · `-` signed out
//! · `p` the account waits for approval · `f` forbidden · `n` not found. Requests that would change what later ones
//! need carry something faulty, so that they end in `+`.

use std::collections::BTreeMap;

use api_types::{
    B64, ErrorCode, GrantId, InvitationId, ReportId, UploadId,
    accounts::{AccountStatus, Role},
    drafts::PutDraft,
    grants::{ClaimGrant, CreateGrant, RedeemGrant, RevokeGrant, StoreGrantSeed},
    invitations::{CreateInvitation, CreatedInvitation},
    reports::{CreateReport, NewVersion},
    uploads::{CreateUpload, Upload},
};
use axum::{body::Body, http::Method};
use crypto::report::Right;
use serde_json::{Value, json};

use crate::{
    sealing::{Made, code_grant, digest, grant, own},
    world::{Answer, Person, World},
};

/// The columns: who tries.
const WHO: [&str; 10] = [
    "anonymous",
    "owner",
    "author",
    "waiting",
    "recipient",
    "expired",
    "revoked",
    "stranger",
    "unapproved",
    "administrator",
];

/// Operation id, and a cell for each of `WHO`.
const TABLE: &[(&str, &str)] = &[
    ("get_instance", "oooooooooo"),
    ("start_sign_up", "++++++++++"),
    ("finish_sign_up", "++++++++++"),
    ("start_sign_in", "++++++++++"),
    ("finish_sign_in", "++++++++++"),
    ("start_recovery", "++++++++++"),
    ("verify_recovery", "++++++++++"),
    ("finish_recovery", "++++++++++"),
    ("get_session", "oooooooooo"),
    ("sign_out", "-ooooooooo"),
    ("list_sessions", "-ooooooooo"),
    ("end_session", "-ooooooooo"),
    ("end_other_sessions", "-ooooooooo"),
    ("get_account", "-ooooooooo"),
    ("put_client_state", "-+++++++++"),
    ("find_accounts", "-ooooooopo"),
    ("get_account_by_id", "-ooooonnpo"),
    ("list_invitations", "-foooooopo"),
    ("create_invitation", "-foooooopo"),
    ("withdraw_invitation", "-nonnnnnpo"),
    ("look_up_invitation", "++++++++++"),
    ("accept_invitation", "-+ffffffpf"),
    ("list_accounts", "-fffffffpo"),
    ("approve_account", "-fffffffp+"),
    ("refuse_account", "-fffffffpo"),
    ("list_events", "-fffffffpo"),
    ("list_drafts", "-ooooooopf"),
    ("get_draft", "-nonnnnnpf"),
    ("put_draft", "-n+nnnnnpf"),
    ("delete_draft", "-nonnnnnpf"),
    ("create_upload", "-nonnnnnpf"),
    ("get_upload", "-nonnnnnpn"),
    ("abandon_upload", "-nonnnnnpn"),
    ("put_segment", "-n+nnnnnpn"),
    ("list_reports", "-ooooooopo"),
    ("create_report", "-+++++++pf"),
    ("get_report", "-oononnnpn"),
    ("get_report_people", "-oooonnnpn"),
    ("get_version", "-oononnnpn"),
    ("get_part", "-oononnnpn"),
    ("add_version", "-++nfnnnpn"),
    ("rekey_version", "-+fnfnnnpn"),
    ("list_report_grants", "-oononnnpn"),
    ("create_grant", "-++nfnnnpn"),
    ("revoke_grant", "-++n+nnnpn"),
    ("claim_grant", "-nnnnnnnpn"),
    ("list_grants", "-ooooooopo"),
    ("challenge_grant", "-nnonnnnpn"),
    ("redeem_grant", "-nn+nnnnpn"),
    ("store_grant_seed", "-nnfnnnnpn"),
    ("request_grant_again", "-nnonnnnpn"),
    ("list_report_events", "-oononnnpn"),
    ("live", "-ooooooooo"),
];

/// A report in every state of sharing, a draft with an upload, and the ten people.
struct Scene {
    world: World,
    people: Vec<Option<Person>>,
    made: Made,
    waiting: GrantId,
    received: GrantId,
    draft: ReportId,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let patient = world.patient().await;
        let mut doctors = Vec::new();
        for _ in 0..6 {
            doctors.push(world.doctor().await);
        }
        let unapproved = world.person(Role::Doctor, AccountStatus::Pending).await;
        let administrator = world.person(Role::Administrator, AccountStatus::Active).await;
        let [author, waiting, recipient, expired, revoked, stranger] = <[Person; 6]>::try_from(doctors).ok().unwrap();
        let mut made = world.report(&author, &patient, &[vec![1; 1000]]).await;
        let share = async |made: &mut Made, to: &Person, until: i64| {
            made.knows(to);
            let new = crypto::report::Grant { expires_at: until, ..grant(own(to), Right::View) };
            let id = new.id;
            let body = made.share(world.now(), &patient, new, None);
            world.post(&patient, &format!("/reports/{}/grants", made.id), &body).await.ok();
            id
        };
        let received = share(&mut made, &recipient, 0).await;
        share(&mut made, &expired, world.now() + 1000).await;
        let gone = share(&mut made, &revoked, 0).await;
        let body = made.revocation(world.now(), &patient, gone);
        world.post(&patient, &format!("/reports/{}/grants/{gone}/revoke", made.id), &body).await.ok();
        world.state.clock.advance(2000);
        made.state = made.state.clone().at(world.now());
        made.knows(&waiting);
        let (code, seed, _) = code_grant(world.now(), &made, &waiting);
        let waiting_id = GrantId(code.id.0);
        let body = made.share(world.now(), &patient, code, Some(seed));
        world.post(&patient, &format!("/reports/{}/grants", made.id), &body).await.ok();
        let people = [patient, author, waiting, recipient, expired, revoked, stranger, unapproved, administrator];
        let people = std::iter::once(None).chain(people.into_iter().map(Some)).collect();
        let scene = Self {
            world,
            people,
            made,
            waiting: waiting_id,
            received: GrantId(received.0),
            draft: ReportId([0xd; 32]),
        };
        scene.save_draft().await;
        scene
    }

    /// As the author, in a session of its own: the others end in the course of the table.
    async fn by_author(&self, method: Method, path: &str, body: impl serde::Serialize) -> Answer {
        let (_, token) = self.world.session(self.people[2].as_ref().unwrap()).await;
        let body = Body::from(serde_json::to_vec(&body).unwrap());
        self.world.send_as(Some(&token), method, path, &[("content-type", "application/json")], body).await
    }

    async fn save_draft(&self) {
        let body = PutDraft { sealed: B64(vec![1]), counter: 0 };
        self.by_author(Method::PUT, &format!("/drafts/{}", self.draft), body).await.ok();
    }

    fn create_upload(&self) -> CreateUpload {
        CreateUpload { report_id: self.draft, version: 1, revision: 0, part: 1, ciphertext_len: 172 }
    }

    async fn upload(&self) -> UploadId {
        self.by_author(Method::POST, "/uploads", self.create_upload()).await.json::<Upload>().id
    }

    async fn invitation(&self) -> InvitationId {
        let body = CreateInvitation { role: Role::Patient, email: None, placeholder: None, expires_in: None };
        self.by_author(Method::POST, "/invitations", body).await.json::<CreatedInvitation>().invitation.id
    }
}

/// A request: path without prefix, JSON body if any.
type Ask = (String, Option<Value>);

fn body(value: impl serde::Serialize) -> Option<Value> {
    Some(serde_json::to_value(value).unwrap())
}

fn faulty_version() -> NewVersion {
    let (manifest, statement, part0) = (B64(vec![1]), B64(vec![1]), B64(vec![1]));
    NewVersion { version: 2, revision: 0, manifest, statement, part0, uploads: Vec::new(), wraps: Vec::new() }
}

/// What is asked of an operation. What a success would use up is made anew.
async fn ask(scene: &Scene, operation: &str, session: Option<api_types::SessionId>) -> Ask {
    let report = format!("/reports/{}", scene.made.id);
    let grants = format!("{report}/grants");
    let waiting = format!("/grants/{}", scene.waiting);
    let entry = B64(vec![1]);
    match operation {
        "get_instance" => ("/instance".into(), None),
        "start_sign_up" => ("/sign-up/start".into(), Some(json!({}))),
        "finish_sign_up" => ("/sign-up".into(), Some(json!({}))),
        "start_sign_in" => ("/sign-in/start".into(), Some(json!({}))),
        "finish_sign_in" => ("/sign-in/finish".into(), Some(json!({}))),
        "start_recovery" => ("/recovery/start".into(), Some(json!({}))),
        "verify_recovery" => ("/recovery/verify".into(), Some(json!({}))),
        "finish_recovery" => ("/recovery/finish".into(), Some(json!({}))),
        "get_session" | "sign_out" => ("/session".into(), None),
        "list_sessions" | "end_other_sessions" => ("/sessions".into(), None),
        "end_session" => {
            let id = session.unwrap_or(api_types::SessionId([0; 16]));
            (format!("/sessions/{id}"), None)
        }
        "get_account" => ("/account".into(), None),
        "put_client_state" => ("/account/client-state".into(), Some(json!({"sealed": "AQ", "counter": 99}))),
        "find_accounts" => ("/accounts?name=person".into(), None),
        "get_account_by_id" => (format!("/accounts/{}", scene.people[1].as_ref().unwrap().id), None),
        "list_invitations" => ("/invitations".into(), None),
        "create_invitation" => ("/invitations".into(), Some(json!({"role": "patient"}))),
        "withdraw_invitation" => (format!("/invitations/{}", scene.invitation().await), None),
        "look_up_invitation" => ("/invitations/look-up".into(), Some(json!({"token": "unknown"}))),
        "accept_invitation" => ("/invitations/accept".into(), Some(json!({"token": "unknown"}))),
        "list_accounts" => ("/admin/accounts".into(), None),
        "approve_account" | "refuse_account" => {
            let pending = scene.world.person(Role::Doctor, AccountStatus::Pending).await.id;
            let verb = operation.split('_').next().unwrap();
            let approval = (verb == "approve").then(|| json!({"approval": "AQ"}));
            (format!("/admin/accounts/{pending}/{verb}"), approval)
        }
        "list_events" => ("/admin/events".into(), None),
        "list_drafts" => ("/drafts".into(), None),
        "get_draft" => (format!("/drafts/{}", scene.draft), None),
        "put_draft" => (format!("/drafts/{}", scene.draft), body(PutDraft { sealed: B64(vec![2]), counter: 99 })),
        "delete_draft" => (format!("/drafts/{}", scene.draft), None),
        "create_upload" => ("/uploads".into(), body(scene.create_upload())),
        "get_upload" | "abandon_upload" => (format!("/uploads/{}", scene.upload().await), None),
        "put_segment" => (format!("/uploads/{}/segments/0", scene.upload().await), None),
        "list_reports" => ("/reports".into(), None),
        "create_report" => {
            let version = faulty_version();
            ("/reports".into(), body(CreateReport { genesis: entry, entries: Vec::new(), version }))
        }
        "get_report" => (report, None),
        "get_report_people" => (format!("{report}/people"), None),
        "get_version" => (format!("{report}/versions/1"), None),
        "get_part" => (format!("{report}/versions/1/revisions/0/parts/1"), None),
        "add_version" => (format!("{report}/versions"), body(faulty_version())),
        "rekey_version" => {
            let version = NewVersion { version: 1, revision: 1, ..faulty_version() };
            (format!("{report}/versions/1/revisions"), body(version))
        }
        "list_report_grants" => (grants, None),
        "create_grant" => (grants, body(CreateGrant { entry, wraps: Vec::new(), sealed_seed: None })),
        "revoke_grant" => (format!("{grants}/{}/revoke", scene.received), body(RevokeGrant { entry })),
        "claim_grant" => (format!("{grants}/{}/claim", scene.waiting), body(ClaimGrant { entry, seed: B64(vec![1]) })),
        "list_grants" => ("/grants".into(), None),
        "challenge_grant" => (format!("{waiting}/challenge"), None),
        "redeem_grant" => {
            let faulty = RedeemGrant { challenge: B64(vec![0; 32]), signature: B64(vec![1]) };
            (format!("{waiting}/redeem"), body(faulty))
        }
        "store_grant_seed" => (format!("{waiting}/seed"), body(StoreGrantSeed { seed: B64(vec![1]) })),
        "request_grant_again" => (format!("{waiting}/request-again"), None),
        "list_report_events" => (format!("{report}/events"), None),
        "live" => ("/live".into(), None),
        other => panic!("no request is known for {other}"),
    }
}

/// How it ended, as a cell says it.
fn cell(answer: &Answer) -> char {
    if answer.status.is_success() {
        return 'o';
    }
    match answer.code() {
        ErrorCode::SignedOut => '-',
        ErrorCode::AccountPending => 'p',
        ErrorCode::Forbidden => 'f',
        ErrorCode::NotFound => 'n',
        code if code.status() >= 500 || code == ErrorCode::MethodNotAllowed => '!',
        _ => '+',
    }
}

/// Operation id and method of every route.
fn operations() -> BTreeMap<String, Method> {
    let document = serde_json::to_value(server::openapi::document()).unwrap();
    let mut found = BTreeMap::new();
    for item in document["paths"].as_object().unwrap().values() {
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            found.insert(operation["operationId"].as_str().unwrap().to_owned(), method);
        }
    }
    found
}

#[test]
fn the_table_holds_every_route_of_the_document() {
    let listed: std::collections::BTreeSet<&str> = TABLE.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(listed.len(), TABLE.len(), "an operation stands twice");
    let routes = operations();
    let routes: std::collections::BTreeSet<&str> = routes.keys().map(String::as_str).collect();
    assert_eq!(listed, routes);
}

#[tokio::test]
async fn everyone_may_exactly_what_the_table_says() {
    let scene = Scene::new().await;
    let methods = operations();
    let mut wrong = Vec::new();
    for (operation, cells) in TABLE {
        let mut found = String::new();
        for person in &scene.people {
            scene.save_draft().await;
            let session = match person {
                Some(person) => Some(scene.world.session(person).await),
                None => None,
            };
            let (path, json) = ask(&scene, operation, session.as_ref().map(|(id, _)| *id)).await;
            let token = session.as_ref().map(|(_, token)| &token[..]);
            let mut headers = Vec::new();
            let digest = digest(b"something else");
            if *operation == "put_segment" {
                headers.push(("content-digest", &digest[..]));
            }
            let sent = match json {
                Some(json) => {
                    headers.push(("content-type", "application/json"));
                    Body::from(serde_json::to_vec(&json).unwrap())
                }
                None => Body::empty(),
            };
            let method = methods[*operation].clone();
            found.push(cell(&scene.world.send_as(token, method, &path, &headers, sent).await));
        }
        if found != *cells {
            wrong.push(format!("{operation}: expected {cells}, found {found}"));
        }
    }
    assert!(wrong.is_empty(), "columns {WHO:?}\n{}", wrong.join("\n"));
}
