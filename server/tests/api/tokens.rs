//! API tokens: made, shown once, used, and every way to be refused.

use api_types::{
    ApiTokenId, ErrorCode, SessionId,
    accounts::{AccountStatus, Role},
    audit::Action,
    policies::Policies,
    tokens::{ApiTokenCreated, ApiTokenList, NewApiToken, Scope},
};
use axum::{body::Body, http::Method};
use client::{ClientError, NoSecondFactor, PatientChoice, ReaderMark, Recover, RecoveryKit, api::ListQuery};
use serde_json::json;
use server::{clock::DAY, services::token_text};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, Person as Open, client, clinic, device, join, read, write},
    reading::Signer,
    second_factor::add_app,
    world::{Answer, Person, World},
};

fn new(scopes: &[Scope]) -> NewApiToken {
    NewApiToken { name: "Backup".into(), scopes: scopes.to_vec(), expires_in_days: 30 }
}

/// Makes one; who uses it signs what is read.
pub async fn make(world: &World, who: &Person, scopes: &[Scope]) -> ApiTokenCreated {
    let made: ApiTokenCreated = world.post(who, "/account/tokens", &new(scopes)).await.json();
    let signer = world.signer(&who.token).unwrap();
    world.signs_by(&made.secret, Signer { session: SessionId(made.token.id.0), ..signer });
    made
}

/// Its text alone.
pub async fn token(world: &World, who: &Person, scopes: &[Scope]) -> String {
    make(world, who, scopes).await.secret
}

async fn get(world: &World, token: &str, path: &str) -> Answer {
    world.send_as(Some(token), Method::GET, path, &[], Body::empty()).await
}

/// Whether it gets in at all.
async fn answers(world: &World, token: &str) -> Result<(), ErrorCode> {
    let answer = get(world, token, "/account").await;
    if answer.status.is_success() { Ok(()) } else { Err(answer.code()) }
}

async fn listed(world: &World, who: &Person) -> ApiTokenList {
    world.get(who, "/account/tokens").await.json()
}

#[tokio::test]
async fn a_token_is_shown_once_and_gets_in_until_its_end() {
    let world = World::new().await;
    let who = world.doctor().await;
    let before = world.now();
    let made = make(&world, &who, &[Scope::AccountRead, Scope::AccountRead]).await;
    assert_eq!(made.token.scopes, [Scope::AccountRead]);
    assert_eq!(made.token.expires_at, made.token.created_at + 30 * DAY);
    assert!((before..=world.now()).contains(&made.token.created_at));
    assert_eq!(token_text::id(&made.secret), Some(made.token.id));
    let list = world.get(&who, "/account/tokens").await;
    let secret = made.secret.as_bytes();
    assert!(!list.body.windows(secret.len()).any(|bytes| bytes == secret));
    assert_eq!(listed(&world, &who).await.items, std::slice::from_ref(&made.token));

    assert_eq!(answers(&world, &made.secret).await, Ok(()));
    let used = listed(&world, &who).await.items.remove(0);
    assert!(used.last_used_at.is_some_and(|used| (before..=world.now()).contains(&used)));
    assert!(used.last_place.is_some());
    world.state.clock.advance(30_000);
    assert_eq!(answers(&world, &made.secret).await, Ok(()));
    let again = listed(&world, &who).await.items.remove(0);
    assert_eq!(again.last_used_at, used.last_used_at, "noted once a minute");
    // It stands in the session's place.
    let current: api_types::sessions::CurrentSession = get(&world, &made.secret, "/session").await.json();
    let session = current.signed_in.unwrap().session;
    assert_eq!((session.id, session.device.as_str()), (SessionId(made.token.id.0), "Backup"));

    world.state.clock.advance(30 * DAY);
    assert_eq!(answers(&world, &made.secret).await, Err(ErrorCode::ApiTokenExpired));
    let another = token_text::write(made.token.id, &[1; 32]);
    assert_eq!(answers(&world, &another).await, Err(ErrorCode::ApiTokenInvalid), "who hasn't it learns nothing");
}

#[tokio::test]
async fn what_is_no_token_is_refused_by_name() {
    let world = World::new().await;
    let (who, other) = (world.doctor().await, world.doctor().await);
    let made = make(&world, &who, &[Scope::AccountRead]).await;
    let secret = &made.secret;
    let mut mistyped = secret.clone();
    let last = if mistyped.pop() == Some('0') { 'G' } else { '0' };
    mistyped.insert(10, last);
    for malformed in [mistyped.as_str(), &secret[..secret.len() - 1], &format!("{secret}0"), "hst_", "hst_ABC"] {
        assert_eq!(answers(&world, malformed).await, Err(ErrorCode::ApiTokenMalformed), "{malformed}");
    }
    let unknown = token_text::write(ApiTokenId([1; 16]), &[2; 32]);
    let guessed = token_text::write(made.token.id, &[2; 32]);
    assert_eq!(answers(&world, &unknown).await, Err(ErrorCode::ApiTokenInvalid));
    assert_eq!(answers(&world, &guessed).await, Err(ErrorCode::ApiTokenInvalid));
    assert_eq!(get(&world, &unknown, "/account").await.headers["www-authenticate"], "Bearer");
    // A token is none in a cookie's place, and nothing beside one.
    let cookie = [("cookie", format!("__Host-session={secret}"))];
    let headers = cookie.each_ref().map(|(name, value)| (*name, value.as_str()));
    let as_cookie = world.send_as(None, Method::GET, "/account", &headers, Body::empty()).await;
    assert_eq!(as_cookie.code(), ErrorCode::SignedOut);
    let both = world.send_as(Some(secret), Method::GET, "/account", &headers, Body::empty()).await;
    assert_eq!(both.code(), ErrorCode::ApiTokenWithSession);
    // A page of another site can't use one either.
    let foreign = [("origin", "https://evil.example"), ("content-type", "application/json")];
    let put = world.send_as(Some(secret), Method::PUT, "/drafts/ab", &foreign, Body::from("{}")).await;
    assert_eq!(put.code(), ErrorCode::OriginRefused);

    let path = format!("/account/tokens/{}", made.token.id);
    assert_eq!(world.delete(&other, &path).await.code(), ErrorCode::NotFound, "another's");
    assert_eq!(answers(&world, secret).await, Ok(()));
    world.delete(&who, &path).await.ok();
    assert_eq!(answers(&world, secret).await, Err(ErrorCode::ApiTokenInvalid));
    assert_eq!(world.delete(&who, &path).await.code(), ErrorCode::NotFound, "removed before");
}

#[tokio::test]
async fn what_makes_no_token_is_refused_by_name() {
    let world = World::new().await;
    let who = world.doctor().await;
    let read = [Scope::ReportsRead];
    for (body, pointer) in [
        (NewApiToken { name: " ".into(), ..new(&read) }, "/name"),
        (NewApiToken { name: "x".repeat(101), ..new(&read) }, "/name"),
        (NewApiToken { name: "a\u{202e}b".into(), ..new(&read) }, "/name"),
        (new(&[]), "/scopes"),
        (new(&[Scope::ReportsRead, Scope::ReportsSend]), "/scopes"),
        (NewApiToken { expires_in_days: 0, ..new(&read) }, "/expires_in_days"),
        (NewApiToken { expires_in_days: 366, ..new(&read) }, "/expires_in_days"),
    ] {
        let problem = world.post(&who, "/account/tokens", &body).await.problem();
        assert_eq!((problem.code, problem.pointer.as_deref()), (ErrorCode::InvalidField, Some(pointer)));
    }
    for body in [
        json!({"name": "a", "scopes": ["admin"], "expires_in_days": 1}),
        json!({"name": "a", "scopes": ["account:read"]}),
    ] {
        assert_eq!(world.post(&who, "/account/tokens", &body).await.code(), ErrorCode::Malformed, "{body}");
    }
    let waits = world.person(Role::Doctor, AccountStatus::Pending).await;
    assert_eq!(world.post(&waits, "/account/tokens", &new(&read)).await.code(), ErrorCode::AccountPending);
    for _ in 0..20 {
        make(&world, &who, &read).await;
    }
    assert_eq!(world.post(&who, "/account/tokens", &new(&read)).await.code(), ErrorCode::Conflict);
    let one = listed(&world, &who).await.items.remove(0).id;
    world.state.clock.advance(11 * 60_000);
    assert_eq!(world.post(&who, "/account/tokens", &new(&read)).await.code(), ErrorCode::ConfirmationRequired);
    world.delete(&who, &format!("/account/tokens/{one}")).await.ok();
}

#[tokio::test]
async fn tokens_are_stored_as_hashes_only() {
    let world = World::new().await;
    let who = world.doctor().await;
    let made = make(&world, &who, &[Scope::AccountRead]).await;
    assert_eq!(answers(&world, &made.secret).await, Ok(()));
    assert_eq!(get(&world, &made.secret, "/sessions").await.code(), ErrorCode::BeyondScope);
    // Id and check may be there; what lies between is the secret.
    let middle = &made.secret.as_bytes()[32..72];
    let mut files = vec![world.folder.path().to_owned()];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        seen += 1;
        assert!(!bytes.windows(middle.len()).any(|window| window == middle), "{}", path.display());
    }
    assert!(seen > 2, "the search found the files");
}

/// The account, opened with a token and the key that its holder keeps.
async fn by_token(server: &Server, who: &Open, scopes: &[Scope]) -> (Open, ApiTokenCreated) {
    let made = who.create_api_token(&new(scopes)).await.unwrap();
    (open(server, who, &made.secret).await.unwrap(), made)
}

async fn open(server: &Server, who: &Open, secret: &str) -> client::Result<Open> {
    let signed_in = client(server).resume(Some(secret)).await?.expect("a token that gets in");
    signed_in.unlock_with(who.account_key()).await
}

#[track_caller]
fn code(result: client::Result<impl Sized>) -> String {
    result.err().expect("it is refused").code()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_with_a_programs_list_came_to_the_tokens_owner() {
    let server = Server::start().await;
    let [_, doctor, ann] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let report = write(&doctor, PatientChoice::Account(found.id)).await;
    let (program, made) = by_token(&server, &doctor, &Scope::ALL).await;
    for who in [&program, &doctor] {
        assert_eq!(who.list(&ListQuery::default()).await.unwrap().rows.len(), 1);
    }
    let events = ann.report_events(&report, 1_000).await.unwrap();
    let listed: Vec<_> = events.items.iter().filter(|item| item.event.action == Action::List).collect();
    assert_eq!(listed.len(), 1, "the doctor has it, by whatever she listed");
    let event = &listed[0].event;
    assert_eq!((event.actor, event.session), (Some(doctor.account_id()), Some(SessionId(made.token.id.0))));
    assert_eq!(event.subject, "of=reports version=1 revision=0 via=token");
    assert_eq!(listed[0].reader, Some(ReaderMark::Signed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reads_and_writes_with_a_token_and_readers_see_whose_it_was() {
    let server = Server::start().await;
    let [_, doctor, ann] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let report = write(&doctor, PatientChoice::Account(found.id)).await;
    let (program, made) = by_token(&server, &ann, &Scope::ALL).await;
    assert!(program.is_by_api_token() && !ann.is_by_api_token());
    assert_eq!(program.list(&ListQuery::default()).await.unwrap().rows.len(), 1);
    assert!(!read(&program, &report).await.unwrap().is_empty());
    let own = write(&program, PatientChoice::Account(ann.account_id())).await;
    assert!(!read(&ann, &own).await.unwrap().is_empty());
    program.save_state().await.unwrap();

    // The doctor's client verifies that the reader signed, with the token in the session's place.
    let events = doctor.report_events(&report, 1_000).await.unwrap();
    let session = Some(SessionId(made.token.id.0));
    let hers: Vec<_> = events.items.iter().filter(|item| item.event.session == session).collect();
    assert!(hers.iter().any(|item| item.reader == Some(ReaderMark::Signed)));
    assert!(hers.iter().all(|item| item.event.actor == Some(ann.account_id())));
    assert!(hers.iter().all(|item| item.event.subject.ends_with("via=token")), "everyone can tell");
    assert!(events.items.iter().any(|item| !item.event.subject.contains("via=")));
    // What a token never reaches.
    assert_eq!(code(program.sessions().await), "beyond_scope");
    assert_eq!(code(program.api_tokens().await), "beyond_scope");
    assert_eq!(code(program.confirm(PASSWORD, &NoSecondFactor).await), "beyond_scope");
    assert_eq!(code(program.change_recovery_kit(&kit()).await), "beyond_scope");
    assert_eq!(code(program.rotate_keys().await), "beyond_scope");
    program.clone().sign_out().await.unwrap();
    assert!(open(&server, &ann, &made.secret).await.is_ok(), "signing out ends no token");
    let (kept, _) = by_token(&server, &ann, &[Scope::AccountRead]).await;
    kept.end_api_token().await.unwrap();
    assert_eq!(code(kept.refresh().await), "api_token_invalid", "it was removed");
    ann.end_api_token().await.unwrap();
    assert!(ann.refresh().await.is_ok(), "a session is none");
    // The token alone opens nothing: another account's key doesn't help.
    let signed_in = client(&server).resume(Some(&made.secret)).await.unwrap().unwrap();
    assert!(matches!(signed_in.unlock_with(doctor.account_key()).await, Err(ClientError::Refused(_))));
}

fn kit() -> RecoveryKit {
    RecoveryKit::generate(&mut crate::person::rng())
}

async fn gone(server: &Server, secret: &str) {
    let answer = server.get("/account", Some(secret)).await;
    assert_eq!(answer.code(), "api_token_invalid");
}

async fn made(who: &Open) -> String {
    who.create_api_token(&new(&[Scope::AccountRead])).await.unwrap().secret
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_with_what_ends_all_other_sessions() {
    let server = Server::start().await;
    let [administrator, doctor, ann] = clinic(&server).await;
    let secret = made(&ann).await;
    ann.end_other_sessions().await.unwrap();
    assert_eq!(server.get("/account", Some(&secret)).await.status, 200, "a token is no session");
    ann.change_password("another password entirely").await.unwrap();
    gone(&server, &secret).await;
    let secret = made(&ann).await;
    ann.change_recovery_kit(&kit()).await.unwrap();
    gone(&server, &secret).await;
    let secret = made(&ann).await;
    ann.rotate_keys().await.unwrap();
    gone(&server, &secret).await;

    let (bea, words) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    let secret = made(&bea).await;
    let words = words.join(" ");
    let recover =
        Recover { email: "bea@clinic.example", words: &words, password: "entirely new password", device: device() };
    client(&server).recover(recover, &NoSecondFactor).await.unwrap();
    gone(&server, &secret).await;

    // One that was made without a second factor doesn't go on beside it.
    let before = made(&doctor).await;
    add_app(&server, &doctor).await;
    gone(&server, &before).await;
    let after = made(&doctor).await;
    administrator.api().remove_account_second_factors(&doctor.account_id()).await.unwrap();
    gone(&server, &after).await;

    let secret = made(&ann).await;
    administrator.api().disable_account(&ann.account_id()).await.unwrap();
    gone(&server, &secret).await;
    administrator.api().enable_account(&ann.account_id()).await.unwrap();
    gone(&server, &secret).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_breach_of_a_policy_is_refused_by_token_too() {
    let server = Server::start().await;
    let [administrator, _, ann] = clinic(&server).await;
    let secret = made(&ann).await;
    let demanded = Policies { second_factor_roles: vec![Role::Patient] };
    administrator.api().put_policies(&demanded).await.unwrap();
    assert_eq!(server.get("/account", Some(&secret)).await.code(), "second_factor_due");
    administrator.api().put_policies(&Policies { second_factor_roles: Vec::new() }).await.unwrap();
    assert_eq!(server.get("/account", Some(&secret)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_is_slowed_down_and_who_has_one_is_not() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let secret = made(&ann).await;
    let unknown = token_text::write(ApiTokenId([1; 16]), &[2; 32]);
    let mut codes = Vec::new();
    for _ in 0..70 {
        codes.push(server.get("/account", Some(&unknown)).await.code());
    }
    assert_eq!(codes[0], "api_token_invalid");
    assert_eq!(codes.last().unwrap(), "throttled");
    assert_eq!(server.get("/account", Some(&secret)).await.status, 200);
}
