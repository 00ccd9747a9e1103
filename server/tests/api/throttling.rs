//! What can be guessed gets slower.

use api_types::{B64, recovery::StartRecovery, sessions::Carrier, sign_in::StartSignIn};
use crypto::opaque::{Password, login_start};
use reqwest::{Method, StatusCode};
use serde_json::json;
use server::clock::DAY;

use crate::{
    harness::{Answer, Server},
    person::{founder, rng, sign_in},
};

/// The first request of a guess: what is counted. Quick, so that a busy machine doesn't outwait the delays.
pub async fn guess(server: &Server, email: &str) -> Answer {
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

/// A server behind a proxy that it believes.
async fn proxied() -> Server {
    Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await
}

/// As [`guess`], from the `n`th of many addresses.
async fn guess_from(server: &Server, email: &str, n: u32) -> Answer {
    let start = login_start(&Password::new("not the right password").unwrap(), &mut rng()).unwrap();
    let body = StartSignIn { email: email.to_owned(), credential_request: B64(start.message) };
    let address = std::net::Ipv4Addr::from(0x0a00_0000 + n).to_string();
    let request = server.request(Method::POST, "/api/v1/sign-in/start");
    server.send(request.header("x-forwarded-for", address).json(&body)).await
}

/// How long a refused try must wait, milliseconds.
#[track_caller]
fn wait(server: &Server, refused: &Answer) -> i64 {
    assert_eq!(refused.code(), "throttled");
    refused.json()["retry_at"].as_i64().unwrap() - server.state.clock.now()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_guesser_waits_longer_and_longer_and_alone() {
    let server = proxied().await;
    let ada = founder(&server).await;
    let email = ada.applicant.email.as_str();
    let mut longest = 0;
    for _ in 0..14 {
        let answer = guess_from(&server, email, 1).await;
        if answer.status != StatusCode::OK {
            longest = wait(&server, &answer);
            server.state.clock.advance(longest);
            assert_eq!(guess_from(&server, email, 1).await.status, StatusCode::OK, "after the delay");
        }
    }
    assert!(longest > 60_000, "{longest}");
    assert_eq!(guess_from(&server, email, 2).await.status, StatusCode::OK, "another address doesn't wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessers_everywhere_hardly_hold_the_owner_up() {
    let server = proxied().await;
    // Signed up, and so known, at the address without a proxy.
    let ada = founder(&server).await;
    let email = ada.applicant.email.as_str();
    let mut refused = 0;
    for n in 0..100 {
        let answer = guess_from(&server, email, n).await;
        if answer.status != StatusCode::OK {
            refused += 1;
            assert!(wait(&server, &answer) <= 4_000, "each of them waits seconds only");
        }
    }
    assert!(refused > 50, "they are slowed down: {refused}");
    let (owner, _) = sign_in(&server, email, &ada.applicant.password, Carrier::Bearer).await;
    assert_eq!(owner.status, StatusCode::OK, "where the account was signed in to before, others' guesses don't count");
    server.state.clock.advance(4_000);
    assert_eq!(guess_from(&server, email, 1_000).await.status, StatusCode::OK, "at a new address it is seconds");
}

/// Guesses from ever new addresses until the delay is the longest there is, and once more.
async fn exhaust(server: &Server, email: &str) {
    for n in 0..40 {
        let refused = guess_from(server, email, n).await;
        if refused.status != StatusCode::OK {
            server.state.clock.advance(wait(server, &refused));
            assert_eq!(guess_from(server, email, n).await.status, StatusCode::OK, "after the delay");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_known_for_a_month() {
    let server = proxied().await;
    let ada = founder(&server).await;
    let email = ada.applicant.email.as_str();
    server.state.clock.advance(29 * DAY);
    server::upkeep::once(&server.state).await.unwrap();
    exhaust(&server, email).await;
    assert_eq!(guess(&server, email).await.status, StatusCode::OK);
    server.state.clock.advance(DAY);
    exhaust(&server, email).await;
    assert!(wait(&server, &guess(&server, email).await) <= 4_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_one_account_from_everywhere_are_bounded() {
    let server = proxied().await;
    let ada = founder(&server).await;
    let begun = server.state.clock.now();
    let mut taken = 0;
    for n in 0..600 {
        if guess_from(&server, &ada.applicant.email, n).await.status == StatusCode::OK {
            taken += 1;
        }
        server.state.clock.advance(1_000);
    }
    let most = 30 + 3 + (server.state.clock.now() - begun) / 4_000;
    assert!((100..=most).contains(&taken), "{taken} tries, at most {most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_many_accounts_from_everywhere_are_bounded() {
    let server = proxied().await;
    founder(&server).await;
    let mut n = 0;
    let refused = loop {
        let answer = guess_from(&server, &format!("person{n}@example.org"), n).await;
        if answer.status != StatusCode::OK {
            break answer;
        }
        n += 1;
        assert!(n < 2_000, "nothing slows them down");
    };
    assert!(n >= 300, "{n}");
    assert!(wait(&server, &refused) <= 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_try_many_accounts() {
    let server = Server::start().await;
    let mut codes = Vec::new();
    for n in 0..31 {
        let body = StartRecovery { email: format!("person{n}@example.org"), split: None };
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
