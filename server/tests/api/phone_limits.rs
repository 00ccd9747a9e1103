//! How many codes somebody can make the server send.

use api_types::{
    B64,
    accounts::Role,
    second_factors::{SecondFactorKind, SecondFactorProof},
    sessions::Carrier,
    sign_in::{FinishSignIn, SignInStarted, StartSignIn},
};
use crypto::opaque::{Password, login_finish, login_start};
use reqwest::Method;
use server::{
    clock::{DAY, HOUR, MINUTE},
    sms::SmsConfig,
};

use crate::{
    harness::{Answer, Server},
    honest_client::{PASSWORD, clinic, join},
    person::{DEVICE, input, rng},
    phone_sign_in::{Browser, signs_in_by},
    phones::{NUMBER, OTHER, code, not},
    sms_gateway::{Gateway, opened, opened_with},
};

/// How long a refused try must wait, milliseconds.
#[track_caller]
fn wait(server: &Server, refused: &Answer) -> i64 {
    assert_eq!(refused.code(), "throttled");
    refused.json()["retry_at"].as_i64().unwrap() - server.state.clock.now()
}

/// A browser that has asked for nothing before.
async fn asks(server: &Server, number: &str) -> Answer {
    Browser::default().start(server, number).await
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_to_one_number_come_slower_and_slower_whether_it_signs_in_or_not() {
    let (gateway, server, [_, _, ann]) = opened().await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    let mut waits = Vec::new();
    for number in [NUMBER, OTHER] {
        for _ in 0..3 {
            assert_eq!(asks(&server, number).await.status, 200);
            // A code that is voided before it left isn't sent.
            if number == NUMBER {
                gateway.next().await;
            }
        }
        waits.push(wait(&server, &asks(&server, number).await));
    }
    assert!(waits.iter().all(|wait| (20_000..=30_000).contains(wait)), "{waits:?}");
    server.state.clock.advance(MINUTE);
    assert_eq!(asks(&server, NUMBER).await.status, 200);
    let longer = wait(&server, &asks(&server, NUMBER).await);
    assert!(longer > 50_000, "{longer}");
    gateway.next().await;
    gateway.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_codes_sent_to_a_few_numbers_only() {
    let (gateway, _server, [_, _, ann]) = opened().await;
    for n in 0..5 {
        ann.add_phone(&format!("+4915123456{n}00")).await.unwrap();
        gateway.next().await;
    }
    assert_eq!(code(ann.add_phone("+4915123456900").await), "throttled");
    gateway.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_gets_so_many_a_day() {
    let (gateway, server, [_, _, ann]) = opened_with(|sms| sms.daily_per_number = 4).await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    // From one address half of them, whether it is known there or not.
    for number in [NUMBER, OTHER] {
        for _ in 0..2 {
            assert_eq!(asks(&server, number).await.status, 200);
        }
        let left = wait(&server, &asks(&server, number).await);
        assert!(left > DAY - HOUR, "{left}");
    }
    server.state.clock.advance(DAY);
    assert_eq!(asks(&server, NUMBER).await.status, 200);
}

/// A server behind a proxy that it believes.
async fn proxied(gateway: &Gateway, change: impl FnOnce(&mut SmsConfig)) -> Server {
    let mut sms = gateway.config();
    change(&mut sms);
    Server::start_with(|config| {
        config.sms = Some(sms);
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await
}

/// A browser that asks for codes from somewhere else.
async fn start_from(server: &Server, browser: &mut Browser, from: &str, number: &str) -> Answer {
    let request = server.request(Method::POST, "/api/v1/sign-in/phone/start").header("x-forwarded-for", from);
    browser.send(server, request.json(&serde_json::json!({ "number": number }))).await
}

/// The same, on the device that the tests' people signed up on.
async fn start_on_device(server: &Server, browser: &mut Browser, from: &str, number: &str) -> Answer {
    let request = server.request(Method::POST, "/api/v1/sign-in/phone/start").header("x-forwarded-for", from);
    let request = request.header("healthsecure-device", DEVICE);
    browser.send(server, request.json(&serde_json::json!({ "number": number }))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_ask_for_a_numbers_codes_keep_its_holder_out_of_nothing() {
    let gateway = Gateway::start().await;
    let server = proxied(&gateway, |sms| sms.daily_per_number = 4).await;
    let [_, _, ann] = clinic(&server).await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    // Her code waits while strangers have others sent.
    let mut hers = Browser::default();
    assert_eq!(hers.start(&server, NUMBER).await.status, 200);
    let code = gateway.next().await.code();
    let mut taken = 0;
    for n in 0..12 {
        let asked = start_from(&server, &mut Browser::default(), &format!("203.0.{n}.9"), NUMBER).await;
        if asked.status == 200 {
            taken += 1;
            gateway.next().await;
        }
        server.state.clock.advance(30_000);
    }
    assert_eq!(taken, 4, "all strangers together wake her so often a day");
    assert_eq!(hers.types(&server, &code).await.status, 200, "nobody else's code voids hers");
    // Where she is known she gets another, and a stranger, there as elsewhere, doesn't.
    let mut again = Browser::default();
    assert_eq!(again.start(&server, NUMBER).await.status, 200);
    assert_eq!(again.types(&server, &gateway.next().await.code()).await.status, 200);
    server.state.clock.advance(2 * HOUR);
    let late = start_from(&server, &mut Browser::default(), "198.51.100.7", NUMBER).await;
    assert!(wait(&server, &late) > DAY - 3 * HOUR, "{}", late.text);
    assert!(wait(&server, &hers.start(&server, NUMBER).await) > 0, "half of a day's is hers");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_password_keeps_nobody_from_the_phones_code() {
    let gateway = Gateway::start().await;
    let server = proxied(&gateway, |sms| sms.daily_per_number = 4).await;
    let [_, dora, _] = clinic(&server).await;
    gateway.add(&dora, OTHER).await;
    dora.use_phone(true, false).await.unwrap();
    let hers = Proving::start(&server, DORA, None).await;
    assert_eq!(hers.send(&server).await.code(), "second_factor_required");
    let code = gateway.next().await.code();
    let mut taken = 0;
    for n in 0..6 {
        let thief = Proving::start(&server, DORA, Some(format!("203.0.{n}.9"))).await;
        let sent = thief.send(&server).await.code();
        if sent == "second_factor_required" {
            taken += 1;
            let other = gateway.next().await.code();
            let refused = ["second_factor_wrong", "throttled"];
            assert!(code == other || refused.contains(&&*thief.types(&server, &code).await.code()), "it is hers");
            // Guesses at the account's second factor from everywhere.
            thief.types(&server, &not(&other)).await;
        }
    }
    assert_eq!(taken, 4);
    assert_eq!(hers.types(&server, &code).await.status, 200, "neither voided nor kept waiting");
    let again = Proving::start(&server, DORA, None).await;
    assert_eq!(again.send(&server).await.code(), "second_factor_required");
    assert_eq!(again.types(&server, &gateway.next().await.code()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_so_many_a_day_in_common_and_a_quarter_at_least_is_kept_for_second_factors() {
    let (gateway, server, [_, dora, ann]) = opened_with(|sms| sms.daily = 8).await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    gateway.add(&dora, OTHER).await;
    dora.use_phone(true, false).await.unwrap();
    // What is a number's own uses up nothing of what is in common.
    for _ in 0..3 {
        assert_eq!(asks(&server, "+4915100000000").await.status, 200);
        server.state.clock.advance(20 * MINUTE);
    }
    // Three of its own, and a quarter of what is in common.
    for _ in 0..5 {
        assert_eq!(asks(&server, NUMBER).await.status, 200);
        gateway.next().await;
        server.state.clock.advance(20 * MINUTE);
    }
    for other in ["+4915100000001", "+4915100000002"] {
        for _ in 0..3 {
            assert_eq!(asks(&server, other).await.status, 200, "what is a number's own is left");
        }
        server.state.clock.advance(20 * MINUTE);
        assert!(wait(&server, &asks(&server, other).await) > DAY - 3 * HOUR, "alike");
    }

    // Her number's own, and all the rest, of which known devices asked for nothing.
    for n in 0..10 {
        let sent = send_factor(&server, 1).await;
        assert_eq!(sent.code(), if n < 9 { "second_factor_required" } else { "throttled" });
        if n < 9 {
            assert_eq!(gateway.next().await.to, OTHER);
        }
    }
    gateway.nothing().await;
    server.state.clock.advance(DAY);
    assert_eq!(asks(&server, NUMBER).await.status, 200);
}

/// Whoever asks for one number's codes and looks what is left for another's, and since when.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_in_common_does_not_tell_whose_numbers_sign_in() {
    let mut waits = Vec::new();
    for number in [NUMBER, OTHER] {
        let (gateway, server, [_, _, ann]) = opened_with(|sms| sms.daily = 8).await;
        signs_in_by(&gateway, &ann, NUMBER).await;
        // The fourth and the fifth are in common, and all that strangers get of it.
        for _ in 0..5 {
            assert_eq!(asks(&server, number).await.status, 200);
            server.state.clock.advance(20 * MINUTE);
        }
        for _ in 0..3 {
            assert_eq!(asks(&server, "+4915100000001").await.status, 200);
        }
        server.state.clock.advance(20 * MINUTE);
        waits.push(wait(&server, &asks(&server, "+4915100000001").await));
    }
    assert!(waits[0] > 0 && waits[0].abs_diff(waits[1]) < MINUTE.unsigned_abs(), "{waits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_at_their_limit_stop_no_known_device_and_no_session_that_adds_a_number() {
    let gateway = Gateway::start().await;
    let server = proxied(&gateway, |sms| sms.daily = 8).await;
    let [_, dora, ann] = clinic(&server).await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    for n in 0..5 {
        let asked = start_from(&server, &mut Browser::default(), &format!("203.0.{n}.9"), NUMBER).await;
        assert_eq!(asked.status, 200, "{}", asked.text);
        gateway.next().await;
    }
    for n in 0..3 {
        let asked = start_from(&server, &mut Browser::default(), &format!("203.0.{n}.9"), OTHER).await;
        assert_eq!(asked.status, 200, "{}", asked.text);
    }
    // Nor is anything told of which numbers sign in, or are known at an address.
    for (from, number) in [("203.0.2.9", NUMBER), ("203.0.2.9", OTHER), ("127.0.0.1", NUMBER), ("127.0.0.1", OTHER)] {
        let refused = start_from(&server, &mut Browser::default(), from, number).await;
        assert!(wait(&server, &refused) > DAY - HOUR, "{from} {number} {}", refused.text);
    }
    gateway.nothing().await;

    // On the device that Ann signed up on, wherever it is; it has a part of its own.
    let mut hers = Browser::default();
    assert_eq!(start_on_device(&server, &mut hers, "198.51.100.7", NUMBER).await.status, 200);
    assert_eq!(hers.types(&server, &gateway.next().await.code()).await.status, 200);
    assert_eq!(start_on_device(&server, &mut hers, "198.51.100.7", NUMBER).await.status, 200);
    gateway.next().await;
    // So has a session, and what is left is for second factors.
    gateway.add(&dora, OTHER).await;
    dora.use_phone(true, false).await.unwrap();
    assert_eq!(send_factor(&server, 0).await.code(), "second_factor_required");
    assert_eq!(gateway.next().await.to, OTHER);
}

/// Twelve accounts with numbers of their own, which they have codes sent to from everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_dozen_numbers_keeps_nobody_elses_from_its_codes() {
    let gateway = Gateway::start().await;
    let server = proxied(&gateway, |sms| sms.daily = 40).await;
    let [_, _, ann] = clinic(&server).await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    let mut numbers = Vec::new();
    for n in 0..12 {
        let (mallory, number) = (format!("mallory{n}@elsewhere.example"), format!("+491520000{n:04}"));
        let (mallory, _) = join(&server, "Mallory Many", &mallory, Role::Patient, None).await;
        signs_in_by(&gateway, &mallory, &number).await;
        numbers.push(number);
    }
    let mut sent = 0;
    for (n, number) in numbers.iter().enumerate() {
        for k in 0..5 {
            let asked = start_from(&server, &mut Browser::default(), &format!("203.{n}.{k}.9"), number).await;
            if asked.status == 200 {
                sent += 1;
                gateway.next().await;
            } else {
                assert!(wait(&server, &asked) > DAY - HOUR, "{}", asked.text);
            }
        }
    }
    assert_eq!(sent, 12 * 3 + 40 / 4, "their own, and a quarter of what is in common");

    // On a device that isn't known, from where nobody is.
    let mut new = Browser::default();
    for _ in 0..2 {
        assert_eq!(start_from(&server, &mut new, "198.51.100.7", NUMBER).await.status, 200);
        let message = gateway.next().await;
        assert_eq!(message.to, NUMBER);
        assert_eq!(new.types(&server, &message.code()).await.status, 200);
    }
    // Of a number that is nobody's no more is told than of hers.
    assert_eq!(start_from(&server, &mut new, "198.51.100.8", NUMBER).await.status, 200);
    gateway.next().await;
    for _ in 0..3 {
        assert_eq!(start_from(&server, &mut Browser::default(), "198.51.100.7", OTHER).await.status, 200);
    }
    for number in [NUMBER, OTHER] {
        let refused = start_from(&server, &mut Browser::default(), "198.51.100.9", number).await;
        assert!(wait(&server, &refused) > DAY - HOUR, "{number} {}", refused.text);
    }
    gateway.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_adds_number_after_number_keeps_nobody_else_from_adding_one() {
    let (gateway, _server, [ada, dora, ann]) = opened_with(|sms| sms.daily = 8).await;
    // Three are each account's own, and a quarter is in common.
    for n in 0..5 {
        dora.add_phone(&format!("+491520000000{n}")).await.unwrap();
        gateway.next().await;
    }
    for n in 0..3 {
        ada.add_phone(&format!("+491520000001{n}")).await.unwrap();
        gateway.next().await;
    }
    assert_eq!(code(ada.add_phone("+4915200000019").await), "throttled");
    gateway.add(&ann, NUMBER).await;
    gateway.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_a_day_than_ten_times_what_is_in_common() {
    let (gateway, server, [ada, dora, ann]) = opened_with(|sms| sms.daily = 1).await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    for n in 0..3 {
        for person in [&ada, &dora] {
            person.add_phone(&format!("+491520000000{n}")).await.unwrap();
            gateway.next().await;
        }
    }
    // Seven so far.
    for _ in 0..3 {
        assert_eq!(asks(&server, NUMBER).await.status, 200);
        gateway.next().await;
    }
    let (bea, _) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    assert_eq!(code(bea.add_phone(OTHER).await), "throttled");
    // A number that is nobody's is told the same.
    assert!(wait(&server, &asks(&server, OTHER).await) > DAY - HOUR);
    gateway.nothing().await;
}

/// Signs Dora in as far as the second factor, and has a code sent.
async fn send_factor(server: &Server, n: i64) -> Answer {
    server.state.clock.advance(n * 20 * MINUTE);
    Proving::start(server, DORA, None).await.send(server).await
}

const DORA: &str = "dora@clinic.example";

/// A sign-in that has the password right, from where the tests are or from elsewhere.
pub struct Proving {
    from: Option<String>,
    finish: FinishSignIn,
}

impl Proving {
    pub async fn start(server: &Server, email: &str, from: Option<String>) -> Self {
        let password = Password::new(PASSWORD).unwrap();
        let start = login_start(&password, &mut rng()).unwrap();
        let asked = StartSignIn { email: email.to_owned(), credential_request: B64(start.message.clone()) };
        let started: SignInStarted = post(server, &from, "/sign-in/start", &asked).await.body();
        let input = input(server, start.state, password, started.credential_response.0);
        let finish = FinishSignIn {
            sign_in_id: started.sign_in_id,
            credential_finalization: B64(login_finish(&input, &mut rng()).unwrap().finalization),
            second_factor: None,
            carrier: Carrier::Bearer,
            device: "test".into(),
        };
        Self { from, finish }
    }

    pub async fn proves(&self, server: &Server, proof: SecondFactorProof) -> Answer {
        let finish = FinishSignIn { second_factor: Some(proof), ..self.finish.clone() };
        post(server, &self.from, "/sign-in/finish", &finish).await
    }

    /// Has a code sent.
    async fn send(&self, server: &Server) -> Answer {
        self.proves(server, SecondFactorProof::send_to_phone()).await
    }

    async fn types(&self, server: &Server, code: &str) -> Answer {
        self.proves(server, SecondFactorProof::code(SecondFactorKind::Phone, code)).await
    }
}

async fn post(server: &Server, from: &Option<String>, path: &str, body: &impl serde::Serialize) -> Answer {
    let request = server.request(Method::POST, &format!("/api/v1{path}")).json(body);
    server.send(from.iter().fold(request, |request, from| request.header("x-forwarded-for", from))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_asks_for_a_few_only() {
    let gateway = Gateway::start().await;
    let server = proxied(&gateway, |sms| sms.daily = 1_000).await;
    let start =
        async |from: &str, n: u32| start_from(&server, &mut Browser::default(), from, &format!("+49151{n:08}")).await;
    for n in 0..30 {
        assert_eq!(start("203.0.113.9", n).await.status, 200);
    }
    let mut refused = 0;
    for n in 30..40 {
        refused += u32::from(start("203.0.113.9", n).await.status == 429);
    }
    assert!(refused >= 8, "{refused}");
    assert_eq!(start("198.51.100.7", 50).await.status, 200, "another doesn't wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn countries_that_are_not_named_get_nothing() {
    let (gateway, server, [_, _, ann]) = opened_with(|sms| sms.prefixes = vec!["+49".into()]).await;
    assert_eq!(code(ann.add_phone(OTHER).await), "invalid_field");
    signs_in_by(&gateway, &ann, NUMBER).await;
    assert_eq!(asks(&server, OTHER).await.status, 200, "nothing is told");
    gateway.nothing().await;
}
