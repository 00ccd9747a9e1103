//! What can be guessed gets slower.

use api_types::{
    B64, accounts::Role, passkeys::PasskeySignIn, recovery::StartRecovery, sessions::Carrier, sign_in::StartSignIn,
};
use crypto::opaque::{Password, login_start};
use reqwest::{Method, StatusCode, header};
use serde_json::json;
use server::clock::DAY;

use crate::{
    harness::{Answer, Server},
    honest_client::join,
    passkeys,
    person::{founder, rng, sign_in},
    soft_authenticator::Soft,
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
pub async fn proxied() -> Server {
    Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await
}

/// As [`guess`], from the `n`th of many addresses, each in a network of its own.
async fn guess_from(server: &Server, email: &str, n: u32) -> Answer {
    guess_at(server, email, &std::net::Ipv4Addr::from(0x0a00_0000 + (n << 8)).to_string()).await
}

/// As [`guess`], from there.
async fn guess_at(server: &Server, email: &str, address: &str) -> Answer {
    guess_by(server, email, address, None).await
}

/// As [`guess_at`], on a device that shows this.
async fn guess_by(server: &Server, email: &str, address: &str, device: Option<&str>) -> Answer {
    let start = login_start(&Password::new("not the right password").unwrap(), &mut rng()).unwrap();
    let body = StartSignIn { email: email.to_owned(), credential_request: B64(start.message) };
    let mut request = server.request(Method::POST, "/api/v1/sign-in/start").header("x-forwarded-for", address);
    if let Some(device) = device {
        request = request.header(header::COOKIE, device);
    }
    server.send(request.json(&body)).await
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
            assert!(wait(&server, &answer) <= refused * 4_000, "each of them waits for those before");
        }
    }
    assert!(refused > 50, "they are slowed down: {refused}");
    let (owner, _) = sign_in(&server, email, &ada.applicant.password, Carrier::Bearer).await;
    assert_eq!(owner.status, StatusCode::OK, "where the account was signed in to before, others' guesses don't count");
}

/// A person at a new address, while guessers in networks of their own ask every two seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_at_a_new_address_gets_a_turn_however_often_guessers_ask() {
    let server = proxied().await;
    let ada = founder(&server).await;
    let email = ada.applicant.email.as_str();
    let (guessers, person) = (40, 5_000);
    let mut taken = 0;
    let begun = server.state.clock.now();
    let mut ask_all = async || {
        for n in 0..guessers {
            taken += i64::from(guess_from(&server, email, n).await.status == StatusCode::OK);
        }
        server.state.clock.advance(2_000);
    };
    for _ in 0..4 {
        ask_all().await;
    }
    let first = guess_from(&server, email, person).await;
    let due = first.json()["retry_at"].as_i64().unwrap();
    let longest = (i64::from(guessers) + 1) * 4_000;
    assert!(wait(&server, &first) <= longest, "no longer than all of them before: {}", first.text);
    loop {
        let asked = server.state.clock.now();
        let again = guess_from(&server, email, person).await;
        if again.status == StatusCode::OK {
            break;
        }
        assert!(asked < due, "nobody takes a turn that is somebody's");
        assert_eq!(again.json()["retry_at"].as_i64(), Some(due), "asking again changes nothing");
        ask_all().await;
    }
    let most = 30 + (server.state.clock.now() - begun) / 4_000 + 1;
    assert!((30..=most).contains(&taken), "{taken} guesses, at most {most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_of_ipv6_has_one_turn_however_many_addresses_it_has() {
    let server = proxied().await;
    let ada = founder(&server).await;
    let email = ada.applicant.email.as_str();
    for n in 0..200 {
        guess_at(&server, email, &format!("2001:db8:77:{n:x}::1")).await;
    }
    let person = guess_at(&server, email, "2001:db8:78::1").await;
    assert!(wait(&server, &person) <= 8_000, "one turn was before: {}", person.text);
    // What an address may do at all it may do for the network as well.
    let mut refused = 0;
    for n in 0..520 {
        let body = json!({ "token": "x" });
        let request = server.request(Method::POST, "/api/v1/invitations/look-up");
        let from = format!("2001:db8:79:{:x}::1", n % 65_536);
        for _ in 0..2 {
            let request = request.try_clone().unwrap().header("x-forwarded-for", &from).json(&body);
            refused += u32::from(server.send(request).await.status == StatusCode::TOO_MANY_REQUESTS);
        }
    }
    assert!((1..=120).contains(&refused), "sixteen addresses' worth is free, 960 of 1,040: {refused}");
}

/// What an answer gives a browser, as it shows it from then on.
fn device_given(signed_in: &Answer) -> String {
    let cookies = signed_in.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let device = cookies.filter(|cookie| cookie.starts_with("__Host-device=")).collect::<Vec<_>>();
    let [device] = device[..] else { panic!("{device:?}") };
    device.split(';').next().unwrap().to_owned()
}

/// Whoever shares the owner's address, and even whoever knows everything but the device, keeps no device out.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_known_waits_for_nobody() {
    let server = proxied().await;
    let ada = founder(&server).await;
    let email = ada.applicant.email.as_str();
    let (signed_in, _) = sign_in(&server, email, &ada.applicant.password, Carrier::Cookie).await;
    let device = device_given(&signed_in);
    let device = device.as_str();

    exhaust(&server, email).await;
    for _ in 0..10 {
        guess_at(&server, email, "203.0.113.9").await;
    }
    assert!(wait(&server, &guess_at(&server, email, "203.0.113.9").await) > 0);
    assert_eq!(guess_by(&server, email, "203.0.113.9", Some(device)).await.status, StatusCode::OK, "not even there");
    let other = "__Host-device=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert!(wait(&server, &guess_by(&server, email, "203.0.113.9", Some(other)).await) > 0, "another device waits");
    // Whoever has the device's cookie guesses no faster than from one address.
    let mut taken = 0;
    for n in 0..20 {
        taken += u32::from(guess_by(&server, email, &format!("203.0.113.{n}"), Some(device)).await.status == 200);
    }
    assert!((4..=5).contains(&taken), "five in all, and perhaps one after a second: {taken}");
}

/// A browser that showed nothing before it signed in there with a passkey.
async fn browser_with(server: &Server, soft: &Soft, address: &str) -> String {
    let assertion = passkeys::answer(server, soft).await;
    let body = PasskeySignIn { assertion, carrier: Carrier::Cookie, device: "test".into() };
    let request = server.request(Method::POST, "/api/v1/sign-in/passkey").header("x-forwarded-for", address);
    let signed_in = server.send(request.json(&body)).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.text);
    device_given(&signed_in)
}

/// Whoever signs in with a passkey that unlocks nothing types the password next.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_a_passkey_signed_in_on_waits_for_nobody_either() {
    let server = proxied().await;
    let email = "ada@clinic.example";
    let (ada, _) = join(&server, "Ada Admin", email, Role::Administrator, Some(&server.set_up_token)).await;
    let soft = Soft::new(&server.origin, false);
    ada.add_passkey("Security key", &soft).await.unwrap();
    let here = "203.0.113.9";
    let first = browser_with(&server, &soft, here).await;
    let mut last = String::new();
    for _ in 0..5 {
        last = browser_with(&server, &soft, here).await;
    }
    exhaust(&server, email).await;
    assert!(wait(&server, &guess_at(&server, email, here).await) > 0, "the address is none that is known");
    assert!(wait(&server, &guess_by(&server, email, here, Some(&last)).await) > 0, "few devices a day become known so");
    assert_eq!(guess_by(&server, email, here, Some(&first)).await.status, StatusCode::OK);
}

/// Guesses from ever new networks until all that strangers may do is used up.
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
    // A turn that nobody comes back for is kept for half an hour, and may be taken then.
    let most = 30 + 3 + (server.state.clock.now() - begun) / 4_000;
    assert!((30..=most).contains(&taken), "{taken} tries, at most {most}");
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
    // Whom that concerns gets a turn too.
    server.state.clock.advance(wait(&server, &refused));
    assert_eq!(guess_from(&server, &format!("person{n}@example.org"), n).await.status, StatusCode::OK);
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
