//! Signing in with an identity provider: whom it signs in, whom it doesn't, and what an account is made of.

use api_types::{
    AccountId, ErrorCode,
    accounts::{AccountStatus, OwnAccount, Role},
    identities::{IdentityList, IdentityPurpose, IdentityToLink, WaitingIdentity},
    second_factors::{SecondFactorKind, SecondFactorProof},
    sessions::Carrier,
    sign_in::SignedIn,
    sign_up::FinishSignUp,
};
use client::{NoSecondFactor, SignedIn as Session};
use entities::identity_tickets;
use reqwest::Method;
use sea_orm::{EntityTrait, PaginatorTrait};
use server::{clock::MINUTE, storage};

use crate::{
    harness::{Answer, Server},
    honest_client::{PASSWORD, client, clinic, device, join},
    identity_provider::{ACCESS_TOKEN, Browser, LINK, Provider},
    live::{hears_of, open_page},
    person::{Applicant, founder, sign_in},
    second_factor::add_app,
};

pub const SIGN_IN: &str = "/sign-in#identity=verified";
const SIGN_UP: &str = "/sign-up#identity=verified";
const NOT_LINKED: &str = "/sign-in#identity=identity_not_linked";
const UNVERIFIED: &str = "/sign-in#identity=identity_email_unverified";
const LINKED: &str = "/settings/security#identity=linked";
const TO_LINK: &str = "/settings/security#identity=verified";

/// Somebody with the address that the provider knows.
pub fn ann() -> Applicant {
    Applicant { email: "Ann@clinic.example".into(), ..Applicant::new("Ann Example", Role::Patient) }
}

/// As if they had followed a mailed link.
async fn verify(server: &Server, account: AccountId, email: &str) {
    let tx = server.state.db.begin_write().await.unwrap();
    let now = server.state.clock.now();
    assert!(storage::accounts::verify_email(tx.conn(), account, email, now).await.unwrap());
    tx.commit().await.unwrap();
}

pub async fn sign_up(server: &Server, browser: &mut Browser, body: &FinishSignUp) -> Answer {
    browser.send(server, server.request(Method::POST, "/api/v1/sign-up").json(body)).await
}

async fn own(server: &Server, token: &str) -> OwnAccount {
    server.get("/account", Some(token)).await.body()
}

pub async fn identities(server: &Server, token: &str) -> IdentityList {
    server.get("/account/identities", Some(token)).await.body()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_of_an_identity_which_signs_in_from_then_on() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    let ada = founder(&server).await;
    let mut browser = Browser::default();
    assert_eq!(browser.visit(&server, &provider).await, SIGN_UP);
    let waiting = browser.send(&server, server.request(Method::GET, "/api/v1/sign-in/identity")).await;
    let waiting: WaitingIdentity = waiting.body();
    assert_eq!((&waiting.provider_name[..], &waiting.email[..]), ("Work", "ann@clinic.example"));
    assert_eq!(waiting.name.as_deref(), Some("Ann Example"));
    assert_eq!(browser.clone().sign_in(&server, None).await.code(), "not_found", "nobody to sign in as yet");

    let applicant = ann();
    let body = FinishSignUp { identity: true, ..applicant.prepare(&server, None).await.unwrap() };
    let other = FinishSignUp { email: "bea@clinic.example".into(), ..body.clone() };
    assert_eq!(sign_up(&server, &mut browser, &other).await.code(), "invalid_field", "another address than its");
    assert_eq!(sign_up(&server, &mut Browser::default(), &body).await.code(), "identity_expired", "another browser");
    let kept = browser.clone();
    let made: SignedIn = sign_up(&server, &mut browser, &body).await.body();
    assert!(made.account.email_verified_at.is_some(), "its provider verified the address");
    assert_eq!(made.account.public.status, AccountStatus::Active);
    assert_eq!(browser.cookie, None);
    let token = made.token.unwrap();
    let listed = identities(&server, &token).await.items;
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].provider_name[..], listed[0].email.as_deref()), ("Work", Some("ann@clinic.example")));

    // The ticket served once: neither another account nor a session comes of it.
    let again = Applicant { email: "ann@clinic.example".into(), ..Applicant::new("Ann Again", Role::Patient) };
    let again = FinishSignUp { identity: true, ..again.prepare(&server, None).await.unwrap() };
    assert_eq!(sign_up(&server, &mut kept.clone(), &again).await.code(), "identity_expired");
    assert_eq!(kept.clone().sign_in(&server, None).await.code(), "identity_expired");

    // It may have another address by now, and verified none: whom it means is what counts.
    provider.claims("email", "ann@elsewhere.example");
    provider.claims("email_verified", false);
    assert_eq!(browser.visit(&server, &provider).await, SIGN_IN);
    let kept = browser.clone();
    let mut page = open_page(&server, &token).await;
    let signed_in: SignedIn = browser.sign_in(&server, None).await.body();
    hears_of(&mut page, signed_in.session.id).await;
    assert_eq!(signed_in.account.public.id, applicant.id());
    assert_eq!(kept.clone().sign_in(&server, None).await.code(), "identity_expired", "once");
    let bearer = signed_in.token.unwrap();
    assert!(identities(&server, &bearer).await.items[0].last_used_at.is_some());

    let events = server.get("/admin/events", Some(&ada.token)).await.json();
    let subjects: Vec<_> = events["items"].as_array().unwrap().iter().filter_map(|e| e["subject"].as_str()).collect();
    assert!(subjects.iter().any(|s| s.starts_with("way=identity provider=work identity=")), "{subjects:?}");
    assert!(subjects.iter().any(|s| s.ends_with("email_verified=true provider=work")), "{subjects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_is_locked_and_confirms_nothing() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    let [_, _, ann] = clinic(&server).await;
    verify(&server, ann.account_id(), "ann@clinic.example").await;
    let mut browser = Browser::default();
    assert_eq!(browser.visit(&server, &provider).await, SIGN_IN);
    let signed_in: SignedIn = browser.sign_in(&server, None).await.body();
    let token = signed_in.token.unwrap();
    assert_eq!(identities(&server, &token).await.items.len(), 1, "linked by the address that both verified");

    // What changes how one gets in needs the password.
    let id = identities(&server, &token).await.items[0].id;
    assert_eq!(server.delete(&format!("/account/identities/{id}"), Some(&token)).await.code(), "confirmation_required");
    let link = Browser::default().try_start(&server, IdentityPurpose::Link, Some(&token)).await;
    assert_eq!(link.code(), "confirmation_required");
    assert_eq!(server.post("/account/passkeys/start", Some(&token), &()).await.code(), "confirmation_required");

    let locked: Session<_> = client(&server).resume(Some(&token)).await.unwrap().unwrap();
    assert_eq!(locked.who().account_id, ann.account_id());
    let wrong = locked.unlock("another password entirely", &NoSecondFactor).await.err().unwrap();
    assert_eq!(wrong.code(), "wrong_password");
    let open = locked.unlock(PASSWORD, &NoSecondFactor).await.unwrap();
    assert!(open.list(&client::api::ListQuery::default()).await.is_ok());
    let mut before = Browser::default();
    assert_eq!(before.visit(&server, &provider).await, SIGN_IN);
    open.remove_identity(&id).await.unwrap();
    // Not with what was verified before either, and the address alone doesn't link it again.
    assert_eq!(before.sign_in(&server, None).await.code(), "identity_not_linked");
    assert_eq!(browser.visit(&server, &provider).await, NOT_LINKED, "it signs in no more");
    let token = open.token().unwrap();
    assert_eq!(browser.link(&server, &provider, token).await, "linked");
    assert_eq!(browser.visit(&server, &provider).await, SIGN_IN, "its owner linked it again");
    // The address came to somebody else at the provider.
    provider.claims("sub", "another");
    assert_eq!(browser.visit(&server, &provider).await, NOT_LINKED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_links_only_where_both_sides_verified_it() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    let ada = founder(&server).await;
    let person = ann().sign_up(&server, None).await;
    let mut browser = Browser::default();
    let tell = [(true, NOT_LINKED), (false, UNVERIFIED)];
    for (theirs, told) in tell {
        provider.claims("email_verified", theirs);
        assert_eq!(browser.visit(&server, &provider).await, told, "ours isn't verified, theirs: {theirs}");
        assert_eq!(browser.sign_in(&server, None).await.code(), "identity_expired");
    }
    verify(&server, person.id, "ann@clinic.example").await;
    for claim in [serde_json::Value::Null, false.into()] {
        provider.claims("email_verified", claim);
        assert_eq!(browser.visit(&server, &provider).await, UNVERIFIED, "theirs isn't");
    }
    // An administrator isn't signed in by a provider that they never chose.
    verify(&server, ada.id, "ada.founder@example.org").await;
    provider.claims("email", "ada.founder@example.org");
    provider.claims("email_verified", true);
    assert_eq!(browser.visit(&server, &provider).await, NOT_LINKED, "an administrator");
    provider.claims("email", serde_json::Value::Null);
    assert_eq!(browser.visit(&server, &provider).await, UNVERIFIED, "no address");
    // Whoever has no account is told the same: it says nothing of who has one.
    provider.claims("email", "nobody@clinic.example");
    provider.claims("email_verified", false);
    assert_eq!(browser.visit(&server, &provider).await, UNVERIFIED);
    assert!(identities(&server, &person.token).await.items.is_empty(), "nothing was linked so far");

    provider.claims("email", " ANN@clinic.example");
    provider.claims("email_verified", true);
    assert_eq!(browser.visit(&server, &provider).await, SIGN_IN);
    // What was decided on the way back is decided anew.
    let mut late = Browser::default();
    late.visit(&server, &provider).await;
    assert_eq!(browser.sign_in(&server, None).await.status, 200);
    assert_eq!(late.sign_in(&server, None).await.status, 200);
    assert_eq!(identities(&server, &person.token).await.items.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_switched_off_gets_no_link_and_may_nothing() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    let ada = founder(&server).await;
    let person = ann().sign_up(&server, None).await;
    verify(&server, person.id, "ann@clinic.example").await;
    let (mut linked, mut browser) = (Browser::default(), Browser::default());
    let disable =
        async |verb: &str| server.post(&format!("/admin/accounts/{}/{verb}", person.id), Some(&ada.token), &()).await;
    assert_eq!(disable("disable").await.status, 204);
    assert_eq!(browser.visit(&server, &provider).await, NOT_LINKED);
    assert_eq!(disable("enable").await.status, 204);
    linked.visit(&server, &provider).await;
    assert_eq!(linked.sign_in(&server, None).await.status, 200);

    // Linked before: as with a password, a session begins that may nothing.
    assert_eq!(disable("disable").await.status, 204);
    assert_eq!(browser.visit(&server, &provider).await, SIGN_IN);
    let signed_in: SignedIn = browser.sign_in(&server, None).await.body();
    let token = signed_in.token.unwrap();
    assert_eq!(own(&server, &token).await.public.status, AccountStatus::Disabled);
    for path in ["/reports", "/drafts", "/accounts?name=ada"] {
        assert_eq!(server.get(path, Some(&token)).await.code(), "account_disabled", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_factor_is_asked_for_all_the_same() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    let [_, _, ann] = clinic(&server).await;
    verify(&server, ann.account_id(), "ann@clinic.example").await;
    let (app, codes) = add_app(&server, &ann).await;
    let mut browser = Browser::default();
    browser.visit(&server, &provider).await;
    let asked = browser.sign_in(&server, None).await;
    assert_eq!(asked.code(), "second_factor_required");
    assert_eq!(asked.json()["second_factors"], serde_json::json!(["totp", "recovery_code"]));
    let totp = |code: String| Some(SecondFactorProof::code(SecondFactorKind::Totp, code));
    assert_eq!(browser.sign_in(&server, totp("000000".into())).await.code(), "second_factor_wrong");
    assert!(ann.identities().await.unwrap().is_empty(), "nothing is linked before it was proved");
    let signed_in: SignedIn = browser.sign_in(&server, totp(app.code(&server, 0))).await.body();
    assert_eq!(ann.identities().await.unwrap().len(), 1);
    // It was proved: unlocking doesn't ask again.
    let locked = client(&server).resume(signed_in.token.as_deref()).await.unwrap().unwrap();
    assert!(locked.unlock(PASSWORD, &NoSecondFactor).await.is_ok());

    browser.visit(&server, &provider).await;
    let recovery = Some(SecondFactorProof::code(SecondFactorKind::RecoveryCode, codes[0].clone()));
    assert_eq!(browser.sign_in(&server, recovery).await.status, 200);
    browser.visit(&server, &provider).await;
    server.state.clock.advance(30 * MINUTE);
    assert_eq!(browser.sign_in(&server, totp(app.code(&server, 0))).await.code(), "identity_expired", "too late");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_linked_in_a_confirmed_session_and_to_one_account() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    let ada = founder(&server).await;
    let bea = Applicant::new("Bea Patient", Role::Patient).sign_up(&server, None).await;
    let mut browser = Browser::default();
    let nobody = browser.try_start(&server, IdentityPurpose::Link, None).await;
    assert_eq!(nobody.code(), "signed_out");

    // The address is another, and not verified: whoever is signed in says that it is theirs.
    provider.claims("email_verified", false);
    assert_eq!(browser.link(&server, &provider, &bea.token).await, "linked");
    assert_eq!(browser.link(&server, &provider, &bea.token).await, LINKED, "again changes nothing");
    let listed = identities(&server, &bea.token).await.items;
    assert_eq!(listed.len(), 1);
    let taken = browser.visit_to_link(&server, &provider, &ada.token).await;
    assert_eq!(taken, "/settings/security#identity=identity_taken");
    assert!(own(&server, &bea.token).await.email_verified_at.is_none(), "linking verifies no address");
    browser.visit(&server, &provider).await;
    let signed_in: SignedIn = browser.sign_in(&server, None).await.body();
    assert_eq!(signed_in.account.public.id, bea.id);

    // Only one's own is removed, and a session that ended meanwhile links nothing.
    let path = format!("/account/identities/{}", listed[0].id);
    assert_eq!(server.delete(&path, Some(&ada.token)).await.code(), "not_found");
    assert_eq!(server.delete(&path, Some(&bea.token)).await.status, 204);
    let state = provider.arrives(&browser.start(&server, IdentityPurpose::Link, Some(&bea.token)).await);
    assert_eq!(server.delete("/session", Some(&bea.token)).await.status, 204);
    let ended = browser.back(&server, &[("code", "right"), ("state", &state)]).await;
    assert_eq!(ended, "/settings/security#identity=signed_out");

    server.state.clock.advance(11 * MINUTE);
    let late = browser.try_start(&server, IdentityPurpose::Link, Some(&ada.token)).await;
    assert_eq!(late.code(), "confirmation_required");
    let events = server.get("/admin/events?action=account_change", Some(&ada.token)).await.json();
    let subjects: Vec<_> = events["items"].as_array().unwrap().iter().filter_map(|e| e["subject"].as_str()).collect();
    let linked = subjects.iter().filter(|s| s.starts_with("what=identity_linked identity=")).count();
    let removed = subjects.iter().filter(|s| s.starts_with("what=identity_removed identity=")).count();
    assert_eq!((linked, removed), (1, 1), "{subjects:?}");
}

/// On a shared machine the provider may know somebody else still, whom it names without asking.
#[tokio::test(flavor = "multi_thread")]
async fn coming_back_links_nothing_before_its_reader_has_seen_whom_and_said_so() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    let ada = founder(&server).await;
    let bea = Applicant::new("Bea Patient", Role::Patient).sign_up(&server, None).await;
    let cem = Applicant::new("Cem Patient", Role::Patient).sign_up(&server, None).await;
    let waits = async |browser: &mut Browser, token: &str| {
        let request = server.request(Method::GET, "/api/v1/account/identities/waiting").bearer_auth(token);
        browser.send(&server, request).await
    };
    let links = async |browser: &mut Browser, token: &str| {
        browser.send(&server, server.request(Method::POST, LINK).bearer_auth(token)).await
    };
    let mut browser = Browser::default();
    assert_eq!(links(&mut browser, &bea.token).await.code(), "identity_expired", "nothing waits");
    assert_eq!(browser.visit_to_link(&server, &provider, &bea.token).await, TO_LINK);
    assert!(identities(&server, &bea.token).await.items.is_empty());
    let waiting: IdentityToLink = waits(&mut browser, &bea.token).await.body();
    assert_eq!((&waiting.provider_name[..], waiting.email.as_deref()), ("Work", Some("ann@clinic.example")));
    assert_eq!(waiting.name.as_deref(), Some("Ann Example"));

    // It waits in that browser and for that account alone, and signs in nobody.
    assert_eq!(waits(&mut Browser::default(), &bea.token).await.code(), "identity_expired", "another browser");
    assert_eq!(links(&mut Browser::default(), &bea.token).await.code(), "identity_expired", "another browser");
    for other in [&cem.token, &ada.token] {
        assert_eq!(waits(&mut browser.clone(), other).await.code(), "identity_expired", "another account");
        assert_eq!(links(&mut browser.clone(), other).await.code(), "identity_expired", "another account");
    }
    assert_eq!(browser.clone().sign_in(&server, None).await.code(), "identity_expired", "no sign-in");
    let anonymous = server.request(Method::POST, LINK);
    assert_eq!(browser.clone().send(&server, anonymous).await.code(), "signed_out");
    // Nor is what was verified to sign in linked to whoever is signed in.
    let mut to_sign_in = Browser::default();
    assert_eq!(to_sign_in.visit(&server, &provider).await, SIGN_UP);
    assert_eq!(links(&mut to_sign_in, &bea.token).await.code(), "identity_expired", "verified to sign in");

    // A session that was left open links nothing either.
    server.state.clock.advance(11 * MINUTE);
    assert_eq!(links(&mut browser, &bea.token).await.code(), "confirmation_required");
    let (again, _) = sign_in(&server, &bea.applicant.email, &bea.applicant.password, Carrier::Bearer).await;
    let again: SignedIn = again.body();
    let token = again.token.unwrap();
    let mut kept = browser.clone();
    assert_eq!(links(&mut browser, &token).await.status, 204, "by whoever has unlocked meanwhile");
    assert_eq!(browser.cookie, None);
    assert_eq!(identities(&server, &token).await.items.len(), 1);
    assert_eq!(links(&mut kept, &token).await.code(), "identity_expired", "once");

    // Of two who were asked at the same time the first has it.
    let id = identities(&server, &token).await.items[0].id;
    assert_eq!(server.delete(&format!("/account/identities/{id}"), Some(&token)).await.status, 204);
    let (cems, _) = sign_in(&server, &cem.applicant.email, &cem.applicant.password, Carrier::Bearer).await;
    let cems: SignedIn = cems.body();
    let cems = cems.token.unwrap();
    let mut others = Browser::default();
    assert_eq!(browser.visit_to_link(&server, &provider, &token).await, TO_LINK);
    assert_eq!(others.visit_to_link(&server, &provider, &cems).await, TO_LINK);
    assert_eq!(links(&mut others, &cems).await.status, 204);
    assert_eq!(links(&mut browser, &token).await.code(), "identity_taken");
    assert!(identities(&server, &token).await.items.is_empty());

    server.state.clock.advance(5 * MINUTE);
    provider.claims("sub", "somebody-else");
    assert_eq!(browser.visit_to_link(&server, &provider, &token).await, TO_LINK);
    server.state.clock.advance(30 * MINUTE);
    assert_eq!(waits(&mut browser, &token).await.code(), "identity_expired", "too late");
    server::upkeep::once(&server.state).await.unwrap();
    assert_eq!(identity_tickets::Entity::find().count(server.state.db.read()).await.unwrap(), 0, "and forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_roles_and_approval_hold_as_for_any_sign_up() {
    let provider = Provider::start().await;
    let server = provider.server_with(|config| config.open_sign_up = false).await;
    provider.claims("sub", "ada-at-work");
    provider.claims("email", "ada.founder@example.org");
    let mut browser = Browser::default();
    browser.visit(&server, &provider).await;
    let token = Some(server.set_up_token.as_str());
    let body = FinishSignUp { identity: true, ..Applicant::founder().prepare(&server, token).await.unwrap() };
    let ada: SignedIn = sign_up(&server, &mut browser, &body).await.body();
    assert_eq!(ada.account.public.role, Role::Administrator);
    let ada_token = ada.token.unwrap();
    browser.visit(&server, &provider).await;
    assert_eq!(browser.sign_in(&server, None).await.status, 200, "the first administrator chose it");
    provider.claims("sub", "ann-at-work");
    provider.claims("email", "ann@clinic.example");
    browser.visit(&server, &provider).await;
    let refused = ann().prepare(&server, None).await.err().unwrap();
    assert_eq!(refused.code(), "forbidden");
    let invite = async |email: &str| {
        let body = serde_json::json!({ "role": "doctor", "email": email });
        server.post("/invitations", Some(&ada_token), &body).await.json()["token"].as_str().unwrap().to_owned()
    };
    let (others, hers) = (invite("bea@clinic.example").await, invite("ann@clinic.example").await);
    let body = FinishSignUp { identity: true, ..ann().prepare(&server, Some(&others)).await.unwrap() };
    assert_eq!(sign_up(&server, &mut browser, &body).await.code(), "invitation_invalid", "it is for another address");
    let body = FinishSignUp { identity: true, ..ann().prepare(&server, Some(&hers)).await.unwrap() };
    let made: SignedIn = sign_up(&server, &mut browser, &body).await.body();
    assert_eq!((made.account.public.role, made.account.public.status), (Role::Doctor, AccountStatus::Active));

    let open = provider.server().await;
    founder(&open).await;
    browser.visit(&open, &provider).await;
    let body = FinishSignUp { identity: true, role: Role::Doctor, ..ann().prepare(&open, None).await.unwrap() };
    let made: SignedIn = sign_up(&open, &mut browser, &body).await.body();
    assert_eq!(made.account.public.status, AccountStatus::Pending, "a doctor waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_provider_stays_but_who_it_means() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    founder(&server).await;
    let (person, _) = join(&server, "Ann Example", "ann@clinic.example", Role::Patient, None).await;
    verify(&server, person.account_id(), "ann@clinic.example").await;
    let mut browser = Browser::default();
    let state = provider.arrives(&browser.start(&server, IdentityPurpose::SignIn, None).await);
    let cookie = browser.cookie.clone().unwrap();
    browser.back(&server, &[("code", "right"), ("state", &state)]).await;
    let ticket = browser.cookie.clone().unwrap();
    // One that nobody came back for.
    let open = provider.arrives(&Browser::default().start(&server, IdentityPurpose::SignIn, None).await);
    let session: Session<_> = {
        let signed_in: SignedIn = browser.sign_in(&server, None).await.body();
        client(&server).resume(signed_in.token.as_deref()).await.unwrap().unwrap()
    };
    assert_eq!(session.who().session.device, device().name);
    let folder = server.stop().await;
    let secrets = [state, cookie, ticket, open, ACCESS_TOKEN.to_owned(), "marked-client-secret".to_owned()];
    let mut read = 0;
    for file in std::fs::read_dir(folder.path()).unwrap().flatten().filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        read += bytes.len();
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {:?}", file.file_name());
        }
    }
    assert!(read > 100_000 || crate::harness::on_postgres(), "{read} bytes");
}

#[test]
fn every_refusal_has_a_name_of_its_own() {
    let named = |code: &ErrorCode| serde_json::to_value(code).unwrap().as_str().unwrap().starts_with("identity_");
    assert_eq!(ErrorCode::ALL.iter().filter(|code| named(code)).count(), 8);
}
