//! How often something may be tried: each limit that `throttling.rs` doesn't try, and that several servers share them.

use std::net::Ipv4Addr;

use api_types::{AccountId, B64, recovery::StartRecovery, sign_in::StartSignIn, sign_up::StartSignUp};
use crypto::opaque::{Password, login_start, registration_start};
use futures::future::join_all;
use reqwest::Method;
use serde::Serialize;
use serde_json::json;
use server::{clock::MINUTE, config::Config};

use crate::{
    harness::{Answer, Server},
    person::{founder, rng},
    replica_harness::Place,
};

async fn proxied() -> Server {
    Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await
}

async fn post_from(server: &Server, from: &str, path: &str, body: &impl Serialize) -> Answer {
    let request = server.request(Method::POST, &format!("/api/v1{path}")).header("x-forwarded-for", from);
    server.send(request.json(body)).await
}

/// The `n`th of many networks.
fn network(n: u32) -> String {
    Ipv4Addr::from(0x0a00_0009 + (n << 8)).to_string()
}

fn guess(email: &str) -> StartSignIn {
    let start = login_start(&Password::new("not the right password").unwrap(), &mut rng()).unwrap();
    StartSignIn { email: email.to_owned(), credential_request: B64(start.message) }
}

fn recovery(email: &str) -> StartRecovery {
    StartRecovery { email: email.to_owned(), split: None }
}

fn applying(n: u8) -> StartSignUp {
    let registration = registration_start(&Password::new("a password of somebody").unwrap(), &mut rng()).unwrap();
    let account_id = AccountId([n; 32]);
    StartSignUp { account_id, registration_request: B64(registration.message), invitation: None }
}

/// How long a refused try must wait, milliseconds.
#[track_caller]
fn wait(server: &Server, refused: &Answer) -> i64 {
    assert_eq!(refused.code(), "throttled");
    refused.json()["retry_at"].as_i64().unwrap() - server.state.clock.now()
}

/// Tries until it is refused so often, and after each refusal when it may again; gives the waits.
async fn waits(server: &Server, times: usize, again: impl AsyncFn() -> Answer) -> Vec<i64> {
    let mut waits = Vec::new();
    while waits.len() < times {
        let answer = again().await;
        if answer.status == 429 {
            let left = wait(server, &answer);
            server.state.clock.advance(left);
            waits.push(left);
        }
    }
    waits
}

/// Each about twice the one before, up to the longest.
#[track_caller]
fn double(waits: &[i64], first: i64, longest: i64) {
    for (n, wait) in waits.iter().enumerate() {
        let most = (first << n).min(longest);
        assert!((most - most / 4 - 300..=most).contains(wait), "{n}: {wait} of {most}: {waits:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_creates_a_few_accounts_only() {
    let server = proxied().await;
    founder(&server).await;
    let sign_up = async |from: &str, n: u8| post_from(&server, from, "/sign-up/start", &applying(n)).await;
    for n in 0..40 {
        assert_eq!(sign_up("203.0.113.9", n).await.status, 200, "{n}");
    }
    let found = waits(&server, 6, async || sign_up("203.0.113.9", 41).await).await;
    double(&found, 1_000, 10 * MINUTE);
    assert_eq!(sign_up("198.51.100.7", 42).await.status, 200, "another doesn't wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_tries_so_many_accounts_only() {
    let server = proxied().await;
    founder(&server).await;
    // A second each, so that all strangers together are no part of it.
    for n in 0..301 {
        let answer =
            post_from(&server, "203.0.113.9", "/sign-in/start", &guess(&format!("person{n}@example.org"))).await;
        assert_eq!(answer.status, 200, "{n}");
        server.state.clock.advance(1_000);
    }
    let refused = post_from(&server, "203.0.113.9", "/sign-in/start", &guess("somebody@example.org")).await;
    assert!((1..=1_000).contains(&wait(&server, &refused)), "two seconds from the last: {}", refused.text);
    let other = post_from(&server, "198.51.100.7", "/sign-in/start", &guess("somebody@example.org")).await;
    assert_eq!(other.status, 200, "another doesn't wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn recovering_is_counted_for_address_and_account_and_keeps_nobody_waiting_long() {
    let server = proxied().await;
    let ada = founder(&server).await;
    for email in [ada.applicant.email.as_str(), "nobody@example.org"] {
        let from = async |from: &str| post_from(&server, from, "/recovery/start", &recovery(email)).await;
        for _ in 0..5 {
            assert_eq!(from("203.0.113.9").await.status, 200);
        }
        let found = waits(&server, 5, async || from("203.0.113.9").await).await;
        double(&found, 2_000, 15 * MINUTE);
        assert_eq!(from("198.51.100.7").await.status, 200, "another address doesn't wait");
        // Strangers from everywhere use up what they may; then each of them waits for those before, and never long.
        let mut longest = 0;
        for n in 0..150 {
            let answer = from(&network(n)).await;
            if answer.status == 429 {
                longest = longest.max(wait(&server, &answer));
            }
        }
        assert!((4 * MINUTE..=5 * MINUTE).contains(&longest), "{longest}");
        assert_eq!(from("127.0.0.1").await.status == 200, email == ada.applicant.email, "where she is known");
        server.state.clock.advance(60 * MINUTE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_counted_for_the_address_that_types_them() {
    let server = proxied().await;
    let ada = founder(&server).await;
    let body = serde_json::json!({ "challenge": "AA", "signature": "AA" });
    let types = async |from: &str| {
        let request = server.request(Method::POST, &format!("/api/v1/grants/{}/redeem", "ab".repeat(16)));
        server.send(request.bearer_auth(&ada.token).header("x-forwarded-for", from).json(&body)).await
    };
    for _ in 0..60 {
        assert_ne!(types("203.0.113.9").await.status, 429);
    }
    let found = waits(&server, 5, async || types("203.0.113.9").await).await;
    double(&found, 1_000, 5 * MINUTE);
    assert_ne!(types("198.51.100.7").await.status, 429, "another doesn't wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_on_one_database_count_together() {
    let Some(place) = Place::new().await else { return };
    let told = |config: &mut Config| {
        config.address_factor = 1;
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    };
    let first = place.first(told).await;
    let ada = founder(&first).await;
    let second = place.more(&first, told).await;
    let servers = [&first, &second];
    let taken = async |email: &str, networks: u32| {
        let body = guess(email);
        let ask = |n: u32| {
            let (server, body, from) = (servers[n as usize % 2], &body, network(n % networks));
            async move { post_from(server, &from, "/sign-in/start", body).await.status == 200 }
        };
        join_all((0..60).map(ask)).await.into_iter().filter(|taken| *taken).count()
    };
    // One network is one address here: five are free, and another after a second.
    let alone = taken(&ada.applicant.email, 1).await;
    assert!((5..=7).contains(&alone), "{alone}");
    let everywhere = taken("nobody@example.org", 60).await;
    assert!((30..=33).contains(&everywhere), "{everywhere}");
    // What one of them was told the other knows: a turn is its holder's on either.
    let late = post_from(&first, &network(5_000), "/sign-in/start", &guess("nobody@example.org")).await;
    let again = post_from(&second, &network(5_000), "/sign-in/start", &guess("nobody@example.org")).await;
    assert_eq!((late.code(), late.json()["retry_at"].as_i64()), (again.code(), again.json()["retry_at"].as_i64()));

    // As many tries of each other kind count on two servers as on one.
    let kinds = [("/recovery/start", json!(recovery("nobody@example.org"))), ("/sign-up/start", json!(applying(7)))];
    for (n, (path, body)) in (0_u32..).zip(&kinds) {
        let passed = async |from: u32, asked: [&Server; 2]| {
            let ask = |n: usize| {
                let (server, from) = (asked[n % 2], network(from));
                async move { post_from(server, &from, path, body).await.status != 429 }
            };
            join_all((0..60).map(ask)).await.into_iter().filter(|passed| *passed).count()
        };
        let from = 6_000 + 2 * n;
        let [one, two] = [passed(from, [&first, &first]).await, passed(from + 1, servers).await];
        assert!(one > 0 && two.abs_diff(one) <= one.div_ceil(3), "{path}: {one} on one server, {two} on two");
    }
}
