//! How many codes somebody can make the server send.

use reqwest::Method;
use server::clock::{DAY, HOUR, MINUTE};

use crate::{
    harness::{Answer, Server},
    honest_client::clinic,
    phone_sign_in::{Browser, signs_in_by},
    phones::{NUMBER, OTHER, code},
    sms_gateway::Gateway,
};

/// How long a refused try must wait, milliseconds.
#[track_caller]
fn wait(server: &Server, refused: &Answer) -> i64 {
    assert_eq!(refused.code(), "throttled");
    refused.json()["retry_at"].as_i64().unwrap() - server.state.clock.now()
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_to_one_number_come_slower_and_slower_whether_it_signs_in_or_not() {
    let gateway = Gateway::start().await;
    let server = gateway.server().await;
    let [_, _, ann] = clinic(&server).await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    let mut waits = Vec::new();
    for number in [NUMBER, OTHER] {
        for _ in 0..3 {
            assert_eq!(Browser::default().start(&server, number).await.status, 200);
            // A code that is voided before it left isn't sent.
            if number == NUMBER {
                gateway.next().await;
            }
        }
        waits.push(wait(&server, &Browser::default().start(&server, number).await));
    }
    assert!(waits.iter().all(|wait| (20_000..=30_000).contains(wait)), "{waits:?}");
    server.state.clock.advance(MINUTE);
    assert_eq!(Browser::default().start(&server, NUMBER).await.status, 200);
    let longer = wait(&server, &Browser::default().start(&server, NUMBER).await);
    assert!(longer > 50_000, "{longer}");
    gateway.next().await;
    gateway.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_codes_sent_to_a_few_numbers_only() {
    let gateway = Gateway::start().await;
    let server = gateway.server().await;
    let [_, _, ann] = clinic(&server).await;
    for n in 0..5 {
        ann.add_phone(&format!("+4915123456{n}00")).await.unwrap();
        gateway.next().await;
    }
    assert_eq!(code(ann.add_phone("+4915123456900").await), "throttled");
    gateway.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_gets_so_many_a_day() {
    let gateway = Gateway::start().await;
    let server = gateway.server_with(|sms| sms.daily_per_number = 2).await;
    let [_, _, ann] = clinic(&server).await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    for number in [NUMBER, OTHER] {
        for _ in 0..2 {
            assert_eq!(Browser::default().start(&server, number).await.status, 200);
        }
        let left = wait(&server, &Browser::default().start(&server, number).await);
        assert!(left > DAY - HOUR, "{left}");
    }
    server.state.clock.advance(DAY);
    assert_eq!(Browser::default().start(&server, NUMBER).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_so_many_a_day_in_all_and_half_are_kept_for_second_factors() {
    let gateway = Gateway::start().await;
    let server = gateway.server_with(|sms| sms.daily = 6).await;
    let [_, dora, ann] = clinic(&server).await;
    // Two to verify the numbers, one to sign in: half.
    signs_in_by(&gateway, &ann, NUMBER).await;
    gateway.add(&dora, OTHER).await;
    dora.use_phone(true, false).await.unwrap();
    // Numbers that get nothing use up nothing.
    for _ in 0..3 {
        assert_eq!(Browser::default().start(&server, "+4915100000000").await.status, 200);
    }
    assert_eq!(Browser::default().start(&server, NUMBER).await.status, 200);
    gateway.next().await;
    assert!(wait(&server, &Browser::default().start(&server, NUMBER).await) > DAY - HOUR);
    assert!(wait(&server, &Browser::default().start(&server, "+4915100000001").await) > DAY - HOUR, "alike");
    assert_eq!(code(ann.add_phone("+4915100000002").await), "throttled");

    // The other half.
    for n in 0..4 {
        let sent = send_factor(&server, n).await;
        assert_eq!(sent.code(), if n < 3 { "second_factor_required" } else { "throttled" });
        if n < 3 {
            assert_eq!(gateway.next().await.to, OTHER);
        }
    }
    gateway.nothing().await;
    server.state.clock.advance(DAY);
    assert_eq!(Browser::default().start(&server, NUMBER).await.status, 200);
}

/// Signs Dora in as far as the second factor, and has a code sent.
async fn send_factor(server: &Server, n: i64) -> Answer {
    use api_types::{
        B64,
        second_factors::SecondFactorProof,
        sessions::Carrier,
        sign_in::{FinishSignIn, SignInStarted, StartSignIn},
    };
    use crypto::opaque::{Password, login_finish, login_start};

    use crate::{
        honest_client::PASSWORD,
        person::{input, rng},
    };

    server.state.clock.advance(n * 20 * MINUTE);
    let password = Password::new(PASSWORD).unwrap();
    let start = login_start(&password, &mut rng()).unwrap();
    let asked = StartSignIn { email: "dora@clinic.example".into(), credential_request: B64(start.message.clone()) };
    let started: SignInStarted = server.post("/sign-in/start", None, &asked).await.body();
    let done = login_finish(&input(server, start.state, password, started.credential_response.0), &mut rng()).unwrap();
    let finish = FinishSignIn {
        sign_in_id: started.sign_in_id,
        credential_finalization: B64(done.finalization),
        second_factor: Some(SecondFactorProof::send_to_phone()),
        carrier: Carrier::Bearer,
        device: "test".into(),
    };
    server.post("/sign-in/finish", None, &finish).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_asks_for_a_few_only() {
    let gateway = Gateway::start().await;
    let mut sms = gateway.config();
    sms.daily = 1_000;
    let server = Server::start_with(|config| {
        config.sms = Some(sms);
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let start = async |from: &str, n: u32| {
        let body = serde_json::json!({ "number": format!("+49151{n:08}") });
        let request = server.request(Method::POST, "/api/v1/sign-in/phone/start").header("x-forwarded-for", from);
        server.send(request.json(&body)).await
    };
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
    let gateway = Gateway::start().await;
    let server = gateway.server_with(|sms| sms.prefixes = vec!["+49".into()]).await;
    let [_, _, ann] = clinic(&server).await;
    assert_eq!(code(ann.add_phone(OTHER).await), "invalid_field");
    signs_in_by(&gateway, &ann, NUMBER).await;
    assert_eq!(Browser::default().start(&server, OTHER).await.status, 200, "nothing is told");
    gateway.nothing().await;
}
