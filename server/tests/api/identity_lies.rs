//! A provider that lies, or somebody in its place, and answers that belong to no sign-in: each is refused.

use api_types::identities::IdentityPurpose;
use entities::{identity_flows, identity_tickets, sessions};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use server::clock::MINUTE;

use crate::{
    harness::Server,
    identity_provider::{Browser, CLIENT, Provider, Said, Signing},
    person::founder,
};

const REFUSED: &str = "/sign-in#identity=identity_refused";

/// Nothing came of it: nobody waits, and no session has begun but those before.
async fn nothing_came(server: &Server, sessions_before: u64, what: &str) {
    let conn = server.state.db.read();
    assert_eq!(identity_tickets::Entity::find().count(conn).await.unwrap(), 0, "{what}");
    assert_eq!(identity_flows::Entity::find().count(conn).await.unwrap(), 0, "{what}");
    assert_eq!(sessions::Entity::find().count(conn).await.unwrap(), sessions_before, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_for_this_sign_in_is_refused_for_its_fault() {
    type Lie = fn(&mut Said);
    fn now() -> i64 {
        server::clock::now_ms() / 1000
    }
    let lies: [(&str, &str, Lie); 18] = [
        ("another nonce", "nonce", |said| said.claims["nonce"] = "another".into()),
        ("no nonce", "nonce", |said| said.claims["nonce"] = Value::Null),
        ("another audience", "audience", |said| said.claims["aud"] = "somebody-else".into()),
        ("one more audience", "audience", |said| said.claims["aud"] = json!([CLIENT, "somebody-else"])),
        ("for another party", "audience", |said| said.claims["azp"] = "somebody-else".into()),
        ("its time is over", "expired", |said| said.claims["exp"] = (now() - 1).into()),
        ("made long ago", "expired", |said| said.claims["iat"] = (now() - 3600).into()),
        ("made in the future", "expired", |said| said.claims["iat"] = (now() + 3600).into()),
        ("another issuer", "issuer", |said| said.claims["iss"] = "https://accounts.example.org".into()),
        ("not signed", "unsigned", |said| said.signing = Signing::Not),
        ("signed with the secret", "algorithm", |said| said.signing = Signing::WithTheSecret),
        ("another key", "signature", |said| said.signing = Signing::ByAnother),
        ("an unknown key", "key", |said| said.signing = Signing::Unknown),
        ("a flipped bit", "signature", |said| said.signing = Signing::Flipped),
        ("no token", "malformed", |said| said.silent = true),
        ("no subject", "malformed", |said| said.claims["sub"] = Value::Null),
        ("an empty subject", "malformed", |said| said.claims["sub"] = "".into()),
        ("an endless subject", "malformed", |said| said.claims["sub"] = "x".repeat(256).into()),
    ];
    let provider = Provider::start().await;
    let server = provider.server().await;
    let ada = founder(&server).await;
    for (what, _, lie) in lies {
        let mut honest = None;
        provider.says(|said| {
            honest = Some(said.clone());
            lie(said);
        });
        let mut browser = Browser::default();
        assert_eq!(browser.visit(&server, &provider).await, REFUSED, "{what}");
        assert_eq!(browser.cookie, None, "{what}: nothing waits for this browser");
        assert_eq!(browser.sign_in(&server, None).await.code(), "identity_expired", "{what}");
        nothing_came(&server, 1, what).await;
        provider.says(|said| *said = honest.take().unwrap());
    }
    let events = server.get("/admin/events?action=sign_in", Some(&ada.token)).await.json();
    let mut said: Vec<_> = events["items"].as_array().unwrap().iter().filter(|e| e["outcome"] == "denied").collect();
    said.reverse();
    let subjects: Vec<_> = said.iter().filter_map(|event| event["subject"].as_str()).collect();
    let reasons =
        lies.map(|(_, reason, _)| format!("way=identity provider=work reason={reason} code=identity_refused"));
    assert_eq!(subjects, reasons);

    assert_eq!(
        Browser::default().visit(&server, &provider).await,
        "/sign-up#identity=verified",
        "and honestly it works"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_in_the_browser_that_asked_and_once() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    founder(&server).await;
    const MISMATCH: &str = "/sign-in#identity=identity_state_mismatch";
    let purpose = IdentityPurpose::SignIn;

    let mut browser = Browser::default();
    let state = provider.arrives(&browser.start(&server, purpose, None).await);
    let right = [("code", "right"), ("state", &state[..])];
    assert_eq!(Browser::default().back(&server, &right).await, MISMATCH, "no cookie");
    let mut another = Browser::default();
    another.start(&server, purpose, None).await;
    assert_eq!(another.back(&server, &right).await, MISMATCH, "another browser's cookie");
    let mut copy = browser.clone();
    for query in [
        vec![("code", "right")],
        vec![("code", "right"), ("state", "another")],
        vec![("code", "right"), ("state", "")],
        vec![],
    ] {
        assert_eq!(browser.clone().back(&server, &query).await, MISMATCH, "{query:?}");
    }
    provider.arrives(&copy.start(&server, purpose, None).await);
    let mut browser_again = browser.clone();
    // What others tried used nothing up.
    let mut first = Browser::default();
    let state = provider.arrives(&first.start(&server, purpose, None).await);
    let kept = first.clone();
    let right = [("code", "right"), ("state", &state[..])];
    assert_eq!(first.back(&server, &right).await, "/sign-up#identity=verified");
    let waiting = first.cookie.clone();
    assert!(waiting.is_some() && first.back(&server, &right).await == MISMATCH, "again");
    assert_eq!(first.cookie, waiting, "an answer that belongs to nothing ends nothing");
    assert_eq!(kept.clone().back(&server, &right).await, MISMATCH, "again");
    assert_ne!(kept.cookie, first.cookie, "what waits has a cookie of its own");
    assert_eq!(kept.clone().sign_in(&server, None).await.code(), "identity_expired", "the one before opens nothing");

    let state = provider.arrives(&browser_again.start(&server, purpose, None).await);
    server.state.clock.advance(10 * MINUTE);
    let late = browser_again.back(&server, &[("code", "right"), ("state", &state)]).await;
    assert_eq!(late, "/sign-in#identity=identity_expired");
    server.state.clock.advance(30 * MINUTE);
    assert_eq!(first.sign_in(&server, None).await.code(), "identity_expired", "what waited too long");
    server::upkeep::once(&server.state).await.unwrap();
    nothing_came(&server, 1, "all of it is forgotten").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_answers_instead_is_said_by_name() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    founder(&server).await;
    let answers: [(&[(&str, &str)], &str); 6] = [
        (&[("error", "access_denied")], "identity_denied"),
        (&[("error", "temporarily_unavailable")], "identity_provider_unavailable"),
        (&[("error", "https://elsewhere.example/#x")], "identity_refused"),
        (&[("code", "wrong")], "identity_refused"),
        (&[], "identity_refused"),
        (&[("code", "right"), ("iss", "https://elsewhere.example")], "identity_refused"),
    ];
    for (answer, code) in answers {
        let mut browser = Browser::default();
        let state = provider.arrives(&browser.start(&server, IdentityPurpose::SignIn, None).await);
        let query = [answer, &[("state", &state[..])]].concat();
        assert_eq!(browser.back(&server, &query).await, format!("/sign-in#identity={code}"), "{answer:?}");
        nothing_came(&server, 1, code).await;
    }
    // Another provider's answer, sent here by one that this browser went to; it ends nothing.
    let mut browser = Browser::default();
    let state = provider.arrives(&browser.start(&server, IdentityPurpose::SignIn, None).await);
    let mixed = browser.back_from(&server, "elsewhere", &[("code", "right"), ("state", &state)]).await;
    assert_eq!(mixed, "/sign-in#identity=identity_state_mismatch");
    assert!(browser.back(&server, &[("code", "right"), ("state", &state)]).await.ends_with("#identity=verified"));
    // A code that was issued for another challenge.
    let mut browser = Browser::default();
    let state = provider.arrives(&browser.start(&server, IdentityPurpose::SignIn, None).await);
    provider.arrives(&Browser::default().start(&server, IdentityPurpose::SignIn, None).await);
    assert_eq!(browser.back(&server, &[("code", "right"), ("state", &state)]).await, REFUSED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_stops_nobody_else() {
    let provider = Provider::start().await;
    let mut gone = provider.config();
    let nobody = format!("http://localhost:{}", crate::mail_server::free_port());
    gone.issuer = openidconnect::IssuerUrl::new(nobody).unwrap();
    // Found where it should be, but it says that it is another.
    let mut another = provider.config();
    another.id = "another".into();
    another.issuer = openidconnect::IssuerUrl::new(format!("{}/", another.issuer.as_str())).unwrap();
    let server = Server::start_with(|config| config.identity_providers = vec![gone, another]).await;
    founder(&server).await;
    let listed = server.get("/instance", None).await.json();
    assert_eq!(listed["identity_providers"][0], json!({ "id": "work", "name": "Work" }));
    let mut browser = Browser::default();
    let code = browser.try_start(&server, IdentityPurpose::SignIn, None).await.code();
    assert_eq!(code, "identity_provider_unavailable");
    let start = json!({ "purpose": "sign_in" });
    let code = server.post("/identity-providers/another/start", None, &start).await.code();
    assert_eq!(code, "identity_provider_unavailable");
    assert_eq!(server.post("/identity-providers/none/start", None, &start).await.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn going_there_again_and_again_is_slowed_down() {
    let provider = Provider::start().await;
    let server = provider.server().await;
    founder(&server).await;
    let mut browser = Browser::default();
    let mut codes = Vec::new();
    for _ in 0..70 {
        let answer = browser.try_start(&server, IdentityPurpose::SignIn, None).await;
        if !answer.status.is_success() {
            codes.push(answer.code());
        }
    }
    assert!(!codes.is_empty() && codes.iter().all(|code| code == "throttled"), "{codes:?}");
    assert_eq!(browser.back(&server, &[("code", "right")]).await, "/sign-in#identity=throttled");
}
