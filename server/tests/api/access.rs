//! Who may what: every route of the OpenAPI document, tried by everyone.
//!
//! A route that is missing from the table fails the test, so nobody adds one without deciding who may use it. A cell
//! says how the request ended: `o` it was done · `+` it was allowed, and failed for what it carried · `-` signed out
//! · `p` the account waits for approval · `f` forbidden · `n` not found. Requests that would change what later ones
//! need carry something faulty, so that they end in `+`.

use std::collections::BTreeSet;

use api_types::{ErrorCode, tokens::Scope};
use axum::body::Body;

use crate::{
    devices::Machine,
    scene::{Ask, Scene, ask, operations},
    sealing::digest,
    tokens::token,
    world::Answer,
};

/// The columns: who tries.
///
/// `redeemed` is a doctor who proved an access code and stored the seed; `invited` a patient who accepted an invitation
/// and claimed a bearer grant; `custodian` one to whom custody of a report passed that way, and who is asked about that
/// report.
const WHO: [&str; 13] = [
    "anonymous",
    "owner",
    "author",
    "waiting",
    "recipient",
    "redeemed",
    "invited",
    "custodian",
    "expired",
    "revoked",
    "stranger",
    "unapproved",
    "administrator",
];

/// Operation id, and a cell for each of `WHO`.
const TABLE: &[(&str, &str)] = &[
    ("get_instance", "ooooooooooooo"),
    ("start_sign_up", "+++++++++++++"),
    ("finish_sign_up", "+++++++++++++"),
    ("start_sign_in", "+++++++++++++"),
    ("finish_sign_in", "+++++++++++++"),
    ("start_recovery", "+++++++++++++"),
    ("verify_recovery", "+++++++++++++"),
    ("finish_recovery", "+++++++++++++"),
    ("get_session", "ooooooooooooo"),
    ("sign_out", "-oooooooooooo"),
    ("list_sessions", "-oooooooooooo"),
    ("end_session", "-oooooooooooo"),
    ("end_other_sessions", "-oooooooooooo"),
    ("start_confirmation", "-++++++++++++"),
    ("finish_confirmation", "-++++++++++++"),
    ("get_account", "-oooooooooooo"),
    ("start_password_change", "-++++++++++++"),
    ("change_password", "-++++++++++++"),
    ("change_recovery_kit", "-++++++++++++"),
    ("rotate_keys", "-++++++++++++"),
    ("delete_account", "-++++++++++++"),
    ("pause_account", "-++++++++++p+"),
    ("send_email_verification", "-++++++++++++"),
    ("verify_email", "+++++++++++++"),
    ("get_email_change", "-oooooooooooo"),
    ("start_email_change", "-++++++++++++"),
    ("cancel_email_change", "-nnnnnnnnnnnn"),
    ("answer_email_change", "+++++++++++++"),
    ("list_second_factors", "-oooooooooooo"),
    ("start_totp", "-oooooooooooo"),
    ("confirm_second_factor", "-nnnnnnnnnnnn"),
    ("remove_second_factor", "-nnnnnnnnnnnn"),
    ("start_passkey", "-oooooooooooo"),
    ("add_passkey", "-++++++++++++"),
    ("remove_passkey", "-++++++++++++"),
    ("list_emergency_contacts", "-oooooooooooo"),
    ("add_emergency_contact", "-++++++++++++"),
    ("remove_emergency_contact", "-++++++++++++"),
    ("refuse_emergency", "-nnnnnnnnnnnn"),
    ("list_trusted", "-oooooooooopo"),
    ("accept_trust", "-nnnnnnnnnnpn"),
    ("decline_trust", "-nnnnnnnnnnpn"),
    ("ask_emergency", "-nnnnnnnnnnpn"),
    ("get_emergency_words", "-nnnnnnnnnnpn"),
    ("get_recovery_split", "-oooooooooooo"),
    ("make_recovery_split", "-++++++++++++"),
    ("remove_recovery_split", "-++++++++++++"),
    ("list_held_shares", "-oooooooooopo"),
    ("open_held_share", "-nnnnnnnnnnpn"),
    ("get_escrow", "-oooooooooooo"),
    ("add_escrow", "-++++++++++++"),
    ("remove_escrow", "-++++++++++++"),
    ("refuse_escrow", "-nnnnnnnnnnnn"),
    ("list_escrows", "-ffffffffffpo"),
    ("make_escrow_key", "-ffffffffffp+"),
    ("end_escrow_key", "-ffffffffffp+"),
    ("ask_escrow", "-ffffffffffpn"),
    ("get_escrow_secret", "-ffffffffffpn"),
    ("challenge_passkey", "ooooooooooooo"),
    ("sign_in_with_passkey", "+++++++++++++"),
    ("confirm_with_passkey", "-++++++++++++"),
    ("start_identity", "nnnnnnnnnnnnn"),
    ("get_waiting_identity", "+++++++++++++"),
    ("sign_in_with_identity", "+++++++++++++"),
    ("list_identities", "-oooooooooooo"),
    ("remove_identity", "-nnnnnnnnnnnn"),
    ("list_api_tokens", "-oooooooooooo"),
    ("create_api_token", "-oooooooooopo"),
    ("remove_api_token", "-nnnnnnnnnnnn"),
    ("list_devices", "-oooooooooooo"),
    ("add_device", "-++++++++++pf"),
    ("remove_device", "-nnnnnnnnnnnn"),
    ("get_phone", "-oooooooooooo"),
    ("add_phone", "-nnnnnnnnnnnn"),
    ("verify_phone", "-nnnnnnnnnnnn"),
    ("use_phone", "-nnnnnnnnnnnn"),
    ("remove_phone", "-nnnnnnnnnnnn"),
    ("start_phone_sign_in", "nnnnnnnnnnnnn"),
    ("sign_in_with_phone", "nnnnnnnnnnnnn"),
    ("renew_recovery_codes", "-++++++++++++"),
    ("put_client_state", "-++++++++++++"),
    ("find_accounts", "-oooooooooopo"),
    ("get_account_by_id", "-oooooononnpo"),
    ("list_invitations", "-fooooffooopo"),
    ("create_invitation", "-fooooffooopo"),
    ("withdraw_invitation", "-nonnnnnnnnpo"),
    ("look_up_invitation", "+++++++++++++"),
    ("accept_invitation", "-+ffff++fffpf"),
    ("list_accounts", "-ffffffffffpo"),
    ("approve_account", "-ffffffffffp+"),
    ("refuse_account", "-ffffffffffpo"),
    ("disable_account", "-ffffffffffpo"),
    ("enable_account", "-ffffffffffpo"),
    ("remove_account_second_factors", "-ffffffffffpo"),
    ("remove_account", "-ffffffffffp+"),
    ("get_mail", "-ffffffffffpo"),
    ("get_policies", "-ffffffffffpo"),
    ("put_policies", "-ffffffffffpo"),
    ("list_events", "-ffffffffffpo"),
    ("list_drafts", "-oooooooooopf"),
    ("get_draft", "-nonnnnnnnnpf"),
    ("put_draft", "-n+nnnnnnnnpf"),
    ("delete_draft", "-nonnnnnnnnpf"),
    ("create_upload", "-nonnnnnnnnpf"),
    ("get_upload", "-nonnnnnnnnpn"),
    ("abandon_upload", "-nonnnnnnnnpn"),
    ("put_segment", "-n+nnnnnnnnpn"),
    ("list_reports", "-oooooooooopo"),
    ("create_report", "-++++++++++pf"),
    ("get_report", "-oonoooonnnpn"),
    ("get_report_people", "-ooooooonnnpn"),
    ("get_version", "-oonoooonnnpn"),
    ("get_part", "-oonoooonnnpn"),
    ("add_version", "-++nfff+nnnpn"),
    ("rekey_version", "-+fnfff+nnnpn"),
    ("list_report_grants", "-oonoooonnnpn"),
    ("create_grant", "-++nfff+nnnpn"),
    ("revoke_grant", "-++n+ff+nnnpn"),
    ("claim_grant", "-nnnnn++nnnpn"),
    ("list_grants", "-oooooooooopo"),
    ("challenge_grant", "-nnon+++nnnpn"),
    ("redeem_grant", "-nn+n+++nnnpn"),
    ("store_grant_seed", "-nnfnooonnnpn"),
    ("request_grant_again", "-nnon+++nnnpn"),
    ("list_report_events", "-oonoooonnnpn"),
    ("get_erasure", "-nnnnnnnnnnpn"),
    ("erase_report", "-+fnfff+nnnpn"),
    ("follow_team", "-++n++++nnnpn"),
    ("list_teams", "-oooooooooopo"),
    ("create_team", "-f++++ff+++pf"),
    ("get_team", "-nnnnnnnnnnpn"),
    ("change_team", "-nnnnnnnnnnpn"),
    ("accept_team", "-nnnnnnnnnnpn"),
    ("leave_team", "-++++++++++p+"),
    ("live", "-oooooooooooo"),
];

/// Operation id and the scope with which an API token reaches it. No token reaches the others, but for [`OPEN`].
const REACHED: &[(&str, Scope)] = &[
    ("get_session", Scope::AccountRead),
    ("sign_out", Scope::AccountRead),
    ("get_account", Scope::AccountRead),
    ("find_accounts", Scope::PeopleRead),
    ("get_account_by_id", Scope::PeopleRead),
    ("list_reports", Scope::ReportsRead),
    ("get_report", Scope::ReportsRead),
    ("get_report_people", Scope::ReportsRead),
    ("list_report_grants", Scope::ReportsRead),
    ("get_version", Scope::ReportsRead),
    ("get_part", Scope::ReportsRead),
    ("list_grants", Scope::ReportsRead),
    ("get_erasure", Scope::ReportsRead),
    ("list_teams", Scope::ReportsRead),
    ("get_team", Scope::ReportsRead),
    ("follow_team", Scope::SharesWrite),
    ("list_drafts", Scope::ReportsWrite),
    ("get_draft", Scope::ReportsWrite),
    ("put_draft", Scope::ReportsWrite),
    ("delete_draft", Scope::ReportsWrite),
    ("create_upload", Scope::ReportsWrite),
    ("get_upload", Scope::ReportsWrite),
    ("abandon_upload", Scope::ReportsWrite),
    ("put_segment", Scope::ReportsWrite),
    ("create_report", Scope::ReportsWrite),
    ("add_version", Scope::ReportsWrite),
    ("rekey_version", Scope::SharesWrite),
    ("create_grant", Scope::SharesWrite),
    ("revoke_grant", Scope::SharesWrite),
    ("list_report_events", Scope::AuditRead),
];

/// What a device reaches, which has the scope to send and no other.
const SENDING: &[&str] = &["find_accounts", "get_account_by_id", "create_upload", "put_segment", "create_report"];

/// What looks at nobody's credentials.
const OPEN: &[&str] = &[
    "get_instance",
    "start_sign_up",
    "finish_sign_up",
    "start_sign_in",
    "start_recovery",
    "verify_recovery",
    "finish_recovery",
    "challenge_passkey",
    "get_waiting_identity",
    "start_phone_sign_in",
    "look_up_invitation",
];

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

#[test]
fn the_table_holds_every_route_of_the_document() {
    let listed: BTreeSet<&str> = TABLE.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(listed.len(), TABLE.len(), "an operation stands twice");
    let routes = operations();
    let routes: BTreeSet<&str> = routes.keys().map(String::as_str).collect();
    assert_eq!(listed, routes);
}

#[tokio::test]
async fn everyone_may_exactly_what_the_table_says() {
    let scene = Scene::new().await;
    let methods = operations();
    let mut wrong = Vec::new();
    assert_eq!(scene.people.len(), WHO.len());
    for (operation, cells) in TABLE {
        let mut found = String::new();
        for (who, person) in WHO.iter().zip(&scene.people) {
            scene.save_draft().await;
            let session = match person {
                Some(person) => Some(scene.world.session(person).await),
                None => None,
            };
            let (path, json) = ask(&scene, who, operation, session.as_ref().map(|(id, _)| *id)).await;
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

#[test]
fn every_route_of_the_document_is_decided_on_for_api_tokens() {
    let decided: Vec<_> = server::scopes::decided().map(|(method, path)| format!("{method} /api/v1{path}")).collect();
    let set: BTreeSet<_> = decided.iter().cloned().collect();
    assert_eq!(set.len(), decided.len(), "a route stands twice");
    let document = serde_json::to_value(server::openapi::document()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            documented.insert(format!("{} {path}", method.to_uppercase()));
            let name = operation["operationId"].as_str().unwrap();
            let said = operation["security"].as_array().into_iter().flatten();
            let said = said.filter_map(|scheme| scheme["token"][0].as_str()).collect::<Vec<_>>();
            let reached = REACHED.iter().filter(|(of, _)| *of == name).map(|(_, scope)| scope.name());
            assert_eq!(said, reached.collect::<Vec<_>>(), "{name}");
        }
    }
    assert_eq!(set, documented);
}

#[tokio::test]
async fn an_api_token_reaches_exactly_what_its_scopes_name() {
    let scene = Scene::new().await;
    let author = scene.people[2].as_ref().unwrap();
    let mut tokens = Vec::new();
    for scope in Scope::ALL {
        let others: Vec<_> = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let only = token(&scene.world, author, &[scope]).await;
        tokens.push((scope, only, token(&scene.world, author, &others).await));
    }
    let all = token(&scene.world, author, &Scope::ALL).await;
    let beyond = |answer: &Answer| !answer.status.is_success() && answer.code() == ErrorCode::BeyondScope;
    let kept_out = |answer: &Answer| answer.status == 401 || beyond(answer);
    let mut wrong = Vec::new();
    let operations = operations();
    for operation in operations.keys().map(String::as_str) {
        let reached = REACHED.iter().find(|(of, _)| *of == operation).map(|(_, scope)| *scope);
        let as_said = match reached {
            Some(scope) => {
                let (_, only, others) = tokens.iter().find(|(of, ..)| *of == scope).unwrap();
                let refused = beyond(&by_token(&scene, operation, others).await);
                refused && !kept_out(&by_token(&scene, operation, only).await)
            }
            None => beyond(&by_token(&scene, operation, &all).await) != OPEN.contains(&operation),
        };
        if !as_said {
            wrong.push(operation);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn a_device_reaches_sending_and_nothing_else() {
    let scene = Scene::new().await;
    let machine = Machine::new(&scene.world, scene.people[2].as_ref().unwrap()).await;
    let mut wrong = Vec::new();
    for operation in operations().keys().map(String::as_str) {
        let answer = by_token(&scene, operation, &machine.token).await;
        let beyond = !answer.status.is_success() && answer.code() == ErrorCode::BeyondScope;
        let reached = SENDING.contains(&operation) || OPEN.contains(&operation);
        if beyond == reached {
            wrong.push(operation.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The author's request, with a token.
async fn by_token(scene: &Scene, operation: &str, token: &str) -> Answer {
    scene.save_draft().await;
    let (path, json): Ask = ask(scene, "author", operation, None).await;
    let digest = digest(b"something else");
    let mut headers = vec![("content-digest", &digest[..])];
    let sent = match json {
        Some(json) => {
            headers.push(("content-type", "application/json"));
            Body::from(serde_json::to_vec(&json).unwrap())
        }
        None => Body::empty(),
    };
    scene.world.send_as(Some(token), operations()[operation].clone(), &path, &headers, sent).await
}
