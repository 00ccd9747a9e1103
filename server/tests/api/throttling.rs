//! What can be guessed gets slower.

use api_types::{B64, recovery::StartRecovery, sessions::Carrier, sign_in::StartSignIn};
use crypto::opaque::{Password, login_start};
use reqwest::Method;
use serde_json::json;

use crate::{
    harness::{Answer, Server},
    person::{founder, rng, sign_in},
};

/// The first request of a guess: what is counted. Quick, so that a busy machine doesn't outwait the delays.
async fn guess(server: &Server, email: &str) -> Answer {
    let start = login_start(&Password::new("not the right password").unwrap(), &mut rng()).unwrap();
    let body = StartSignIn { email: email.to_owned(), credential_request: B64(start.message) };
    server.post("/sign-in/start", None, &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_one_account_are_delayed_and_said_when() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    for _ in 0..5 {
        assert_eq!(guess(&server, &ada.applicant.email).await.status, 200);
    }
    let answer = guess(&server, &ada.applicant.email).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "throttled"));
    let retry_at = answer.json()["retry_at"].as_i64().unwrap();
    let wait = retry_at - server.state.clock.now();
    assert!((0..=1_000).contains(&wait), "{wait}");
    let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");

    // The right password waits too, comes through after the delay, and ends the count.
    let password = ada.applicant.password.as_str();
    let (early, _) = sign_in(&server, &ada.applicant.email, password, Carrier::Bearer).await;
    assert_eq!(early.code(), "throttled");
    server.state.clock.advance(1_000);
    let (right, _) = sign_in(&server, &ada.applicant.email, password, Carrier::Bearer).await;
    assert_eq!(right.status, 200);
    assert_eq!(guess(&server, &ada.applicant.email).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_emails_are_throttled_alike_and_a_restart_forgives_nothing() {
    let server = Server::start().await;
    founder(&server).await;
    for _ in 0..5 {
        guess(&server, "nobody@example.org").await;
    }
    server.state.clock.advance(1_000);
    guess(&server, "NOBODY@example.org").await;
    let answer = guess(&server, "nobody@example.org").await;
    assert_eq!(answer.code(), "throttled");
    let wait = answer.json()["retry_at"].as_i64().unwrap() - server.state.clock.now();
    assert!(wait > 1_000, "the delay has grown: {wait}");
    let folder = server.stop().await;
    let server = Server::start_in(folder, |_| ()).await;
    assert_eq!(guess(&server, "nobody@example.org").await.code(), "throttled");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_try_many_accounts() {
    let server = Server::start().await;
    let mut codes = Vec::new();
    for n in 0..31 {
        let body = StartRecovery { email: format!("person{n}@example.org") };
        codes.push(server.post("/recovery/start", None, &body).await.status.as_u16());
    }
    assert_eq!(codes[..30], [200; 30]);
    assert_eq!(codes[30], 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_the_clients_only_where_the_proxy_is_trusted() {
    let through = async |server: &Server, client: &str| {
        let request = server.request(Method::POST, "/api/v1/invitations/look-up");
        server.send(request.header("x-forwarded-for", client).json(&json!({ "token": "x" }))).await.status.as_u16()
    };
    let plain = Server::start().await;
    let proxied = Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    for n in 0..60 {
        assert_eq!(through(&plain, &format!("198.51.100.{n}")).await, 410);
        assert_eq!(through(&proxied, &format!("198.51.100.{n}")).await, 410);
    }
    assert_eq!(through(&plain, "198.51.100.77").await, 429, "the header is not believed");
    assert_eq!(through(&proxied, "198.51.100.77").await, 410, "each client counts alone");
}
