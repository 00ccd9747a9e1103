//! Codes on their way: a gateway that is away, slow or in a bad mood delays nothing, and what nobody can use is not sent.

use std::time::{Duration, Instant};

use client::NoSecondFactor;
use server::clock::MINUTE;

use crate::{
    harness::Server,
    honest_client::{PASSWORD, clinic},
    phone_sign_in::{Browser, signs_in_by},
    phones::{NUMBER, OTHER, code},
    sms_gateway::{Gateway, Mood, SECRET, TOKEN, opened},
};

/// Moves the clock on, and lets the outbox look.
fn later(server: &Server, by: i64) {
    server.state.clock.advance(by);
    server.state.db.sms().notify_one();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_signed_messages_with_an_id() {
    let gateway = Gateway::start().await;
    let webhook = gateway.webhook();
    let server = gateway.server_with(|sms| sms.gateway = webhook).await;
    let [_, _, ann] = clinic(&server).await;
    gateway.is(Mood::Answers(503));
    ann.add_phone(NUMBER).await.unwrap();
    gateway.until_asked(1).await;
    gateway.is(Mood::Takes);
    later(&server, 6_000);
    let message = gateway.next().await;
    assert_eq!((message.to.as_str(), message.id.as_ref().map(String::len)), (NUMBER, Some(32)));
    ann.verify_phone(&message.code()).await.unwrap();
    ann.add_phone(OTHER).await.unwrap();
    assert_ne!(gateway.next().await.id, message.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_messaging_service_sends_as_a_number_does() {
    let gateway = Gateway::start().await;
    for from in [gateway.twilio(), gateway.twilio_by_service()] {
        let server = gateway.server_with(|sms| sms.gateway = from).await;
        let [_, _, ann] = clinic(&server).await;
        ann.add_phone(NUMBER).await.unwrap();
        let message = gateway.next().await;
        assert_eq!((message.to.as_str(), message.id.as_ref()), (NUMBER, None));
        ann.verify_phone(&message.code()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_down_delays_nothing_and_is_tried_again() {
    let (gateway, server, [_, _, ann]) = opened().await;
    for (n, mood) in [Mood::Answers(500), Mood::Answers(429)].into_iter().enumerate() {
        gateway.is(mood);
        ann.add_phone(NUMBER).await.unwrap();
        gateway.until_asked(3 * n + 1).await;
        gateway.nothing().await;
        later(&server, 11_000);
        gateway.until_asked(3 * n + 2).await;
        gateway.is(Mood::Takes);
        later(&server, 45_000);
        ann.verify_phone(&gateway.next().await.code()).await.unwrap();
        assert_eq!(gateway.asked(), 3 * n + 3);
        later(&server, MINUTE);
        gateway.nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_says_nothing_delays_nobody() {
    let (gateway, server, [_, _, ann]) = opened().await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    gateway.is(Mood::Hangs);
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(Browser::default().start(&server, NUMBER).await.status, 200);
    }
    ann.add_phone(OTHER).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    gateway.until_asked(2).await;
    let begun = Instant::now();
    server.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(25), "it ends: {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_use_any_more_is_given_up() {
    let (gateway, server, [_, _, ann]) = opened().await;
    gateway.is(Mood::Answers(503));
    ann.add_phone(NUMBER).await.unwrap();
    gateway.until_asked(1).await;
    gateway.is(Mood::Takes);
    // After its ten minutes.
    later(&server, 10 * MINUTE);
    gateway.nothing().await;
    assert_eq!(gateway.asked(), 1);
    server::upkeep::once(&server.state).await.unwrap();
    assert_eq!(waiting(&server).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_clock_that_was_ahead_is_over() {
    let (gateway, server, [_, _, ann]) = opened().await;
    later(&server, 60 * MINUTE);
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ann.add_phone(NUMBER).await.unwrap();
    let sent = gateway.next().await.code();
    later(&server, -60 * MINUTE);
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    // It would count for more than an hour, and one that was not sent yet would wait for as long.
    assert_eq!(code(ann.verify_phone(&sent).await), "phone_code_expired");
    assert_eq!(waiting(&server).await, 1);
    server::upkeep::once(&server.state).await.unwrap();
    assert_eq!(waiting(&server).await, 0);
    ann.add_phone(NUMBER).await.unwrap();
    ann.verify_phone(&gateway.next().await.code()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_not_tried_again() {
    let (gateway, server, [_, _, ann]) = opened().await;
    gateway.is(Mood::Answers(400));
    ann.add_phone(NUMBER).await.unwrap();
    gateway.until_asked(1).await;
    gateway.is(Mood::Takes);
    later(&server, MINUTE);
    gateway.nothing().await;
    assert_eq!(gateway.asked(), 1);
    // A voided one isn't sent either.
    gateway.is(Mood::Answers(503));
    ann.add_phone(NUMBER).await.unwrap();
    gateway.until_asked(2).await;
    gateway.is(Mood::Takes);
    ann.add_phone(OTHER).await.unwrap();
    assert_eq!(gateway.next().await.to, OTHER);
    later(&server, MINUTE);
    gateway.nothing().await;
}

/// Codes that live.
async fn waiting(server: &Server) -> usize {
    use sea_orm::EntityTrait;
    entities::phone_codes::Entity::find().all(server.state.db.read()).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_code_nor_a_secret_lies_in_the_data() {
    let (gateway, server, [_, _, ann]) = opened().await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    let mut browser = Browser::default();
    browser.start(&server, NUMBER).await;
    let message = gateway.next().await;
    assert_eq!(waiting(&server).await, 1);
    let cookie = browser.cookie.clone().unwrap();
    let folder = server.stop().await;
    let secrets = [
        cookie,
        format!("#{}", message.code()),
        format!("{} is your code", message.code()),
        "is your code".into(),
        TOKEN.into(),
        SECRET.into(),
    ];
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
