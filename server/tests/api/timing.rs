//! How long an answer takes doesn't tell whether an account exists.
//!
//! A statistical test: requests about an address that has an account and about one that hasn't, in turn, and for each pair of
//! samples which took longer. Where nothing can be told, that is a coin (the area under the ROC curve, 0.5). The same measure
//! tells apart what differs.

use std::time::Instant;

use api_types::{
    B64,
    recovery::{RecoveryStarted, VerifyRecovery},
};
use crypto::{
    account::RecoveryKit,
    ids::{AccountId, Hash32},
    opaque::{Password, login_start, registration_start},
};
use reqwest::Method;
use serde_json::json;
use server::clock::MINUTE;

use crate::{
    harness::Server,
    mail_server::nowhere,
    person::{founder, rng},
};

/// Samples of each kind: one standard error of the area is about 0.024.
const SAMPLES: usize = 300;
/// So far from a coin an area may be by chance, four standard errors, or by what no network carries.
const FAR: f64 = 0.1;

/// The probability that one of `a` is longer than one of `b`.
fn area(a: &[f64], b: &[f64]) -> f64 {
    let longer = |x: &f64| b.iter().map(|y| if x > y { 1.0 } else { f64::from(u8::from(x == y)) / 2.0 }).sum::<f64>();
    a.iter().map(longer).sum::<f64>() / (a.len() * b.len()) as f64
}

/// Milliseconds that each of two requests takes, in turn and in changing order. Nobody waits for delays meanwhile.
async fn measure(server: &Server, ask: impl AsyncFn(usize)) -> [Vec<f64>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for i in 0..SAMPLES {
        for which in [i % 2, 1 - i % 2] {
            server.state.clock.advance(10 * MINUTE);
            let started = Instant::now();
            ask(which).await;
            times[which].push(started.elapsed().as_secs_f64() * 1000.0);
        }
    }
    times
}

fn told_apart(what: &str, [known, unknown]: [Vec<f64>; 2]) -> bool {
    let area = area(&known, &unknown);
    println!("{what}: {area:.3} (0.5 tells nothing)");
    (area - 0.5).abs() > FAR
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_an_answer_does_not_tell_whether_an_account_exists() {
    let server = Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let ada = founder(&server).await;
    let emails = [ada.applicant.email.as_str(), "nobody@example.org"];
    let post = async |path: &str, from: &str, body: serde_json::Value| {
        let request = server.request(Method::POST, &format!("/api/v1{path}")).header("x-forwarded-for", from);
        assert_eq!(server.send(request.json(&body)).await.status, 200);
    };
    let start = login_start(&Password::new("not the right password").unwrap(), &mut rng()).unwrap();
    let sign_in = async |from: &str, which: usize| {
        let credential_request = B64(start.message.clone());
        post("/sign-in/start", from, json!({ "email": emails[which], "credential_request": credential_request })).await;
    };
    // From a stranger's address, and from the one that the account is known to use.
    for from in ["203.0.113.9", "127.0.0.1"] {
        let recovery = async |which: usize| post("/recovery/start", from, json!({ "email": emails[which] })).await;
        let sign_in = async |which: usize| sign_in(from, which).await;
        assert!(!told_apart(&format!("sign-in from {from}"), measure(&server, sign_in).await));
        assert!(!told_apart(&format!("recovery from {from}"), measure(&server, recovery).await));
    }
    // One of the two also reads one's own account. A leak much smaller than a request stays below this measure.
    let leaky = async |which: usize| {
        sign_in("203.0.113.9", which).await;
        if which == 0 {
            server.get("/account", Some(&ada.token)).await;
        }
    };
    assert!(told_apart("a request more", measure(&server, leaky).await), "the measure can find something");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_code_at_sign_up_does_not_tell_whether_an_account_exists() {
    let server = Server::start_with(|config| config.mail = Some(nowhere())).await;
    let ada = founder(&server).await;
    let emails = [ada.applicant.email.as_str(), "nobody@example.org"];
    let ask = async |which: usize| {
        let asked = server.post("/sign-up/code", None, &json!({ "email": emails[which] })).await;
        assert_eq!(asked.status, 200, "{}", asked.text);
        asked.json()["secret"].clone()
    };
    let ask_only = async |which: usize| drop(ask(which).await);
    assert!(!told_apart("asking for a code", measure(&server, ask_only).await));
    let ask_and_type = async |which: usize| {
        let typed = json!({ "secret": ask(which).await, "code": "12345678" });
        assert_eq!(server.post("/sign-up/code/check", None, &typed).await.code(), "sign_up_code_wrong");
    };
    assert!(!told_apart("asking for a code and typing one", measure(&server, ask_and_type).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_wrong_recovery_kit_does_not_tell_whether_an_account_exists() {
    let server = Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let ada = founder(&server).await;
    let emails = [ada.applicant.email.as_str(), "nobody@example.org"];
    let post = async |path: &str, body: serde_json::Value| {
        let request = server.request(Method::POST, &format!("/api/v1{path}")).header("x-forwarded-for", "203.0.113.9");
        server.send(request.json(&body)).await
    };
    // Well made by a kit that is nobody's: no shape gives it away.
    let kit = RecoveryKit::generate(&mut rng());
    let request = registration_start(&Password::new("quite another battery staple").unwrap(), &mut rng()).unwrap();
    let recovers = async |which: usize| {
        let started: RecoveryStarted = post("/recovery/start", json!({ "email": emails[which] })).await.body();
        let challenge = Hash32(started.challenge.0.try_into().unwrap());
        let proof = kit.prove(server.instance(), AccountId(started.pseudonym.0), challenge);
        let body = VerifyRecovery {
            recovery_id: started.recovery_id,
            signature: B64::from(proof.as_bytes()),
            registration_request: B64(request.message.clone()),
            second_factor: None,
        };
        let answer = post("/recovery/verify", serde_json::to_value(body).unwrap()).await;
        assert_eq!(answer.code(), "recovery_failed");
    };
    assert!(!told_apart("recovery with a wrong kit", measure(&server, recovers).await));
}
