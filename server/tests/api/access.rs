//! Who may what: every route of the OpenAPI document, tried by everyone.
//!
//! A route that is missing from the table fails the test, so nobody adds one without deciding who may use it. A cell
//! says how the request ended: `o` it was done · `+` it was allowed, and failed for what it carried · `-` signed out
//! · `p` the account waits for approval · `d` its role needs a second factor first · `f` forbidden · `n` not found.
//! Requests that would change what later ones need carry something faulty, so that they end in `+`.

use std::collections::BTreeSet;

use api_types::{ErrorCode, accounts::Role, tokens::Scope};
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
/// report. `in breach` is the author in a session without a second factor, while a policy asks for one.
const WHO: [&str; 14] = [
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
    "in breach",
];

/// Operation id, and a cell for each of `WHO`.
const TABLE: &[(&str, &str)] = &[
    ("get_instance", "oooooooooooooo"),
    ("ask_sign_up_code", "++++++++++++++"),
    ("check_sign_up_code", "++++++++++++++"),
    ("start_sign_up", "++++++++++++++"),
    ("finish_sign_up", "++++++++++++++"),
    ("start_sign_in", "++++++++++++++"),
    ("finish_sign_in", "++++++++++++++"),
    ("start_recovery", "++++++++++++++"),
    ("verify_recovery", "++++++++++++++"),
    ("finish_recovery", "++++++++++++++"),
    ("get_session", "oooooooooooooo"),
    ("sign_out", "-ooooooooooooo"),
    ("list_sessions", "-ooooooooooooo"),
    ("end_session", "-ooooooooooooo"),
    ("end_other_sessions", "-ooooooooooooo"),
    ("start_confirmation", "-+++++++++++++"),
    ("finish_confirmation", "-+++++++++++++"),
    ("get_account", "-ooooooooooooo"),
    ("start_password_change", "-++++++++++++d"),
    ("change_password", "-++++++++++++d"),
    ("change_recovery_kit", "-++++++++++++d"),
    ("rotate_account_key", "-++++++++++++d"),
    ("rotate_keys", "-++++++++++++d"),
    ("delete_account", "-+++++++++++++"),
    ("check_deletion", "-+++++++++++++"),
    ("pause_account", "-++++++++++p+d"),
    ("send_email_verification", "-++++++++++++d"),
    ("verify_email", "++++++++++++++"),
    ("get_email_change", "-ooooooooooooo"),
    ("start_email_change", "-++++++++++++d"),
    ("cancel_email_change", "-nnnnnnnnnnnnn"),
    ("answer_email_change", "++++++++++++++"),
    ("list_second_factors", "-ooooooooooooo"),
    ("start_totp", "-ooooooooooooo"),
    ("confirm_second_factor", "-nnnnnnnnnnnnn"),
    ("remove_second_factor", "-nnnnnnnnnnnnd"),
    ("start_passkey", "-ooooooooooooo"),
    ("add_passkey", "-+++++++++++++"),
    ("remove_passkey", "-++++++++++++d"),
    ("list_emergency_contacts", "-ooooooooooooo"),
    ("add_emergency_contact", "-++++++++++++d"),
    ("remove_emergency_contact", "-+++++++++++++"),
    ("refuse_emergency", "-nnnnnnnnnnnnn"),
    ("list_trusted", "-oooooooooopod"),
    ("accept_trust", "-nnnnnnnnnnpnd"),
    ("decline_trust", "-nnnnnnnnnnpnd"),
    ("ask_emergency", "-nnnnnnnnnnpnd"),
    ("get_emergency_words", "-nnnnnnnnnnpnd"),
    ("get_recovery_split", "-ooooooooooooo"),
    ("make_recovery_split", "-++++++++++++d"),
    ("remove_recovery_split", "-+++++++++++++"),
    ("list_held_shares", "-oooooooooopod"),
    ("open_held_share", "-nnnnnnnnnnpnd"),
    ("get_escrow", "-ooooooooooooo"),
    ("add_escrow", "-++++++++++++d"),
    ("remove_escrow", "-+++++++++++++"),
    ("refuse_escrow", "-nnnnnnnnnnnnn"),
    ("list_escrows", "-ffffffffffpod"),
    ("make_escrow_key", "-ffffffffffp+d"),
    ("end_escrow_key", "-ffffffffffp+d"),
    ("ask_escrow", "-ffffffffffpnd"),
    ("get_escrow_secret", "-ffffffffffpnd"),
    ("challenge_passkey", "oooooooooooooo"),
    ("sign_in_with_passkey", "++++++++++++++"),
    ("confirm_with_passkey", "-+++++++++++++"),
    ("start_identity", "nnnnnnnnnnnnnd"),
    ("get_waiting_identity", "++++++++++++++"),
    ("sign_in_with_identity", "++++++++++++++"),
    ("list_identities", "-ooooooooooooo"),
    ("get_identity_to_link", "-+++++++++++++"),
    ("link_identity", "-++++++++++++d"),
    ("remove_identity", "-nnnnnnnnnnnnn"),
    ("list_api_tokens", "-ooooooooooooo"),
    ("create_api_token", "-oooooooooopod"),
    ("remove_api_token", "-nnnnnnnnnnnnn"),
    ("list_devices", "-ooooooooooooo"),
    ("add_device", "-++++++++++pfd"),
    ("remove_device", "-nnnnnnnnnnnnn"),
    ("get_phone", "-ooooooooooooo"),
    ("add_phone", "-nnnnnnnnnnnnn"),
    ("verify_phone", "-nnnnnnnnnnnnn"),
    ("use_phone", "-nnnnnnnnnnnnn"),
    ("remove_phone", "-nnnnnnnnnnnnn"),
    ("start_phone_sign_in", "nnnnnnnnnnnnnn"),
    ("sign_in_with_phone", "nnnnnnnnnnnnnn"),
    ("renew_recovery_codes", "-++++++++++++d"),
    ("put_client_state", "-+++++++++++++"),
    ("find_accounts", "-oooooooooopod"),
    ("get_account_by_id", "-oooooononnpod"),
    ("list_invitations", "-fooooffooopod"),
    ("create_invitation", "-fooooffooopod"),
    ("withdraw_invitation", "-nonnnnnnnnpod"),
    ("look_up_invitation", "++++++++++++++"),
    ("accept_invitation", "-+ffff++fffpfd"),
    ("list_accounts", "-ffffffffffpod"),
    ("approve_account", "-ffffffffffp+d"),
    ("refuse_account", "-ffffffffffpod"),
    ("disable_account", "-ffffffffffpod"),
    ("enable_account", "-ffffffffffpod"),
    ("remove_account_second_factors", "-ffffffffffpod"),
    ("remove_account", "-ffffffffffp+d"),
    ("get_mail", "-ffffffffffpod"),
    ("get_policies", "-ffffffffffpod"),
    ("put_policies", "-ffffffffffpod"),
    ("get_quota", "-oooooooooopod"),
    ("get_default_quota", "-ffffffffffpod"),
    ("put_default_quota", "-ffffffffffpod"),
    ("get_account_quota", "-ffffffffffpod"),
    ("put_account_quota", "-ffffffffffpod"),
    ("get_retention_rules", "-oooooooooopod"),
    ("put_retention_rules", "-ffffffffffp+d"),
    ("list_events", "-ffffffffffpod"),
    ("get_backups", "-ffffffffffpod"),
    ("get_storage", "-ffffffffffpod"),
    ("list_drafts", "-oooooooooopfd"),
    ("get_draft", "-nonnnnnnnnpfd"),
    ("put_draft", "-++++++++++pfd"),
    ("delete_draft", "-nonnnnnnnnpfd"),
    ("create_upload", "-nonnnnnnnnpfd"),
    ("get_upload", "-nonnnnnnnnpnd"),
    ("abandon_upload", "-nonnnnnnnnpnd"),
    ("put_segment", "-n+nnnnnnnnpnd"),
    ("list_reports", "-oooooooooopod"),
    ("create_report", "-++++++++++pfd"),
    ("get_report", "-oonoooonnnpnd"),
    ("get_report_people", "-ooooooonnnpnd"),
    ("get_version", "-oonoooonnnpnd"),
    ("get_part", "-oonoooonnnpnd"),
    ("add_version", "-++nfff+nnnpnd"),
    ("rekey_version", "-+fnfff+nnnpnd"),
    ("list_report_grants", "-oonoooonnnpnd"),
    ("create_grant", "-++nfff+nnnpnd"),
    ("revoke_grant", "-++n+ff+nnnpnd"),
    ("claim_grant", "-nnnnn++nnnpnd"),
    ("list_grants", "-oooooooooopod"),
    ("challenge_grant", "-nnon+++nnnpnd"),
    ("redeem_grant", "-nn+n+++nnnpnd"),
    ("store_grant_seed", "-nnfnooonnnpnd"),
    ("request_grant_again", "-nnon+++nnnpnd"),
    ("list_report_events", "-oonoooonnnpnd"),
    ("get_erasure", "-nnnnnnnnnnpnd"),
    ("erase_report", "-+fnfff+nnnpnd"),
    ("follow_team", "-++n++++nnnpnd"),
    ("list_teams", "-oooooooooopod"),
    ("create_team", "-f++++ff+++pfd"),
    ("get_team", "-nnnnnnnnnnpnd"),
    ("change_team", "-nnnnnnnnnnpnd"),
    ("accept_team", "-nnnnnnnnnnpnd"),
    ("leave_team", "-++++++++++p+d"),
    ("live", "-ooooooooooooo"),
];

/// Operation id and the scope with which an API token reaches it. No token reaches the others, but for [`OPEN`].
const REACHED: &[(&str, Scope)] = &[
    ("get_session", Scope::AccountRead),
    ("sign_out", Scope::AccountRead),
    ("get_account", Scope::AccountRead),
    ("get_quota", Scope::AccountRead),
    ("find_accounts", Scope::PeopleRead),
    ("get_account_by_id", Scope::PeopleRead),
    ("list_reports", Scope::ReportsRead),
    ("get_report", Scope::ReportsRead),
    ("get_report_people", Scope::ReportsRead),
    ("list_report_grants", Scope::ReportsRead),
    ("get_version", Scope::ReportsRead),
    ("get_part", Scope::ReportsRead),
    ("get_retention_rules", Scope::ReportsRead),
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
    "ask_sign_up_code",
    "check_sign_up_code",
    "start_sign_up",
    "finish_sign_up",
    "start_sign_in",
    "start_recovery",
    "verify_recovery",
    "finish_recovery",
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
        ErrorCode::SecondFactorDue => 'd',
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
    // The last column is the author once more.
    let people: Vec<_> = scene.people.iter().chain([&scene.people[2]]).collect();
    assert_eq!(people.len(), WHO.len());
    for (operation, cells) in TABLE {
        let mut found = String::new();
        for (who, person) in WHO.iter().zip(&people) {
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
            let breach = *who == "in breach";
            if breach {
                scene.world.need_second_factor(&[Role::Doctor]).await;
            }
            found.push(cell(&scene.world.send_as(token, method, &path, &headers, sent).await));
            if breach {
                scene.world.need_second_factor(&[]).await;
            }
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
