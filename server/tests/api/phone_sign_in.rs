//! Signing in with a phone: whom it signs in, how far, and whom it doesn't.

use api_types::{
    ErrorCode,
    accounts::AccountStatus,
    phones::{PhoneSignIn, PhoneSignInStarted, StartPhoneSignIn},
    second_factors::{SecondFactorKind, SecondFactorProof},
    sessions::Carrier,
    sign_in::SignedIn,
};
use client::{NoSecondFactor, SignedIn as Session, api::ListQuery};
use reqwest::{Method, header};
use server::clock::MINUTE;

use crate::{
    harness::{Answer, Server},
    honest_client::{PASSWORD, Person, client},
    live::{hears_of, open_page},
    phones::{NUMBER, OTHER, code, not},
    second_factor::add_app,
    sms_gateway::{Gateway, opened},
};

/// A browser: what is kept there of a sign-in with a phone.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    pub cookie: Option<String>,
}

impl Browser {
    pub async fn send(&mut self, server: &Server, request: reqwest::RequestBuilder) -> Answer {
        let request = match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, format!("__Host-phone={cookie}")),
            None => request,
        };
        let answer = server.send(request).await;
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let Some(rest) = set.to_str().unwrap().strip_prefix("__Host-phone=") else { continue };
            for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
                assert!(rest.contains(attribute), "{rest}");
            }
            let value = rest.split(';').next().unwrap();
            self.cookie = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
        answer
    }

    /// Asks for a code.
    pub async fn start(&mut self, server: &Server, number: &str) -> Answer {
        let request = server.request(Method::POST, "/api/v1/sign-in/phone/start");
        self.send(server, request.json(&StartPhoneSignIn { number: number.to_owned() })).await
    }

    /// Types it.
    pub async fn types(&mut self, server: &Server, code: &str) -> Answer {
        self.types_with(server, code, None).await
    }

    pub async fn types_with(&mut self, server: &Server, code: &str, second: Option<SecondFactorProof>) -> Answer {
        let body = PhoneSignIn {
            code: code.to_owned(),
            second_factor: second,
            carrier: Carrier::Bearer,
            device: "test".into(),
        };
        let request = server.request(Method::POST, "/api/v1/sign-in/phone").json(&body);
        self.send(server, request).await
    }
}

/// Somebody whose number signs in.
pub async fn signs_in_by(gateway: &Gateway, person: &Person, number: &str) {
    gateway.add(person, number).await;
    person.use_phone(false, true).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_is_locked_and_confirms_nothing() {
    let (gateway, server, [ada, _, ann]) = opened().await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    let mut browser = Browser::default();
    let started: PhoneSignInStarted = browser.start(&server, "+49 151 23456789").await.body();
    let left = started.expires_at - server.state.clock.now();
    assert!((9 * MINUTE..=10 * MINUTE).contains(&left), "{left}");
    let message = gateway.next().await;
    assert_eq!(message.to, NUMBER);
    assert!(message.text.contains(" to sign in at localhost. Never tell it to anybody."), "{}", message.text);
    let kept = browser.clone();
    let mut page = open_page(&server, ann.token().unwrap()).await;
    let signed_in: SignedIn = browser.types(&server, &message.code()).await.body();
    hears_of(&mut page, signed_in.session.id).await;
    assert_eq!(browser.cookie, None);
    assert_eq!(kept.clone().types(&server, &message.code()).await.code(), "phone_code_expired", "it counts once");
    assert_eq!(signed_in.account.public.id, ann.account_id());
    let token = signed_in.token.unwrap();

    // What changes how one gets in needs the password.
    for (method, path) in [(Method::DELETE, "/account/phone"), (Method::POST, "/account/passkeys/start")] {
        let answer = server.call(method, path, Some(&token), None::<&()>).await;
        assert_eq!(answer.code(), "confirmation_required", "{path}");
    }
    let locked: Session<_> = client(&server).resume(Some(&token)).await.unwrap().unwrap();
    let wrong = locked.unlock("another password entirely", &NoSecondFactor).await.err().unwrap();
    assert_eq!(wrong.code(), "wrong_password");
    let open = locked.unlock(PASSWORD, &NoSecondFactor).await.unwrap();
    assert!(open.list(&ListQuery::default()).await.is_ok());
    assert!(open.phone().await.unwrap().unwrap().last_used_at.is_some());

    let token = ada.token().unwrap().to_owned();
    let events = server.get("/admin/events", Some(&token)).await.json();
    let subjects: Vec<_> = events["items"].as_array().unwrap().iter().filter_map(|e| e["subject"].as_str()).collect();
    assert!(subjects.contains(&"way=phone"), "{subjects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_number_is_answered_like_a_known_one() {
    let (gateway, server, [_, _, ann]) = opened().await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    let (mut known, mut unknown) = (Browser::default(), Browser::default());
    let (yes, no) = (known.start(&server, NUMBER).await, unknown.start(&server, OTHER).await);
    assert_eq!((yes.status, no.status), (reqwest::StatusCode::OK, reqwest::StatusCode::OK));
    let keys = |answer: &Answer| answer.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&yes), keys(&no));
    let right = gateway.next().await.code();
    gateway.nothing().await;
    let wrong = not(&right);
    for _ in 0..5 {
        assert_eq!(known.types(&server, &wrong).await.code(), "phone_code_wrong");
        assert_eq!(unknown.types(&server, &wrong).await.code(), "phone_code_wrong");
    }
    assert_eq!(known.types(&server, &right).await.code(), "phone_code_expired", "the sixth try, right or not");
    assert_eq!(unknown.types(&server, &wrong).await.code(), "phone_code_expired");
    for bad in ["", "0151 23456789", "+49 call me"] {
        assert_eq!(known.start(&server, bad).await.code(), "invalid_field", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_its_browsers_alone_and_a_new_one_voids_it() {
    let (gateway, server, [_, _, ann]) = opened().await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    let mut browser = Browser::default();
    assert_eq!(browser.types(&server, "123456").await.code(), "phone_code_expired", "none was asked for");
    browser.start(&server, NUMBER).await;
    let first = gateway.next().await.code();
    let before = browser.clone();
    let mut other = Browser::default();
    assert_eq!(other.types(&server, &first).await.code(), "phone_code_expired", "without a cookie");
    other.start(&server, OTHER).await;
    assert_eq!(other.types(&server, &first).await.code(), "phone_code_wrong", "another's cookie");

    browser.start(&server, NUMBER).await;
    let second = gateway.next().await.code();
    assert_eq!(before.clone().types(&server, &first).await.code(), "phone_code_expired", "a later one voids it");
    let late = browser.clone();
    assert_eq!(browser.types(&server, &second).await.status, 200);
    assert_eq!(late.clone().types(&server, &second).await.code(), "phone_code_expired");

    server.state.clock.advance(60 * MINUTE);
    browser.start(&server, NUMBER).await;
    let third = gateway.next().await.code();
    server.state.clock.advance(10 * MINUTE);
    assert_eq!(browser.types(&server, &third).await.code(), "phone_code_expired", "too late");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_that_is_not_the_phone() {
    let (gateway, server, [_, _, ann]) = opened().await;
    gateway.add(&ann, NUMBER).await;
    ann.use_phone(true, true).await.unwrap();
    let mut browser = Browser::default();
    browser.start(&server, NUMBER).await;
    let sent = gateway.next().await.code();
    assert_eq!(browser.types(&server, &not(&sent)).await.code(), "phone_code_wrong", "only the right code tells");
    assert_eq!(browser.types(&server, &sent).await.code(), "phone_only_factor");

    let (app, _) = add_app(&server, &ann).await;
    let asked = browser.types(&server, &sent).await;
    assert_eq!(asked.code(), "second_factor_required");
    assert_eq!(asked.json()["second_factors"], serde_json::json!(["totp", "recovery_code"]));
    assert_eq!(asked.json()["phone"], serde_json::Value::Null);
    for again in [SecondFactorProof::send_to_phone(), SecondFactorProof::code(SecondFactorKind::Phone, sent.clone())] {
        assert_eq!(browser.types_with(&server, &sent, Some(again)).await.code(), "second_factor_wrong");
    }
    gateway.nothing().await;
    let totp = SecondFactorProof::code(SecondFactorKind::Totp, app.code(&server, 0));
    let signed_in: SignedIn = browser.types_with(&server, &sent, Some(totp)).await.body();
    // It was proved: unlocking doesn't ask again.
    let locked = client(&server).resume(signed_in.token.as_deref()).await.unwrap().unwrap();
    assert!(locked.unlock(PASSWORD, &NoSecondFactor).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_administrator_signs_in_by_phone() {
    let (gateway, server, [ada, _, _]) = opened().await;
    gateway.add(&ada, NUMBER).await;
    assert_eq!(code(ada.use_phone(false, true).await), "forbidden");
    assert!(ada.use_phone(true, false).await.is_ok(), "as a second factor it does");
    let mut browser = Browser::default();
    assert_eq!(browser.start(&server, NUMBER).await.status, 200);
    gateway.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_signs_in_as_long_as_its_holder_says_so() {
    let (gateway, server, [_, _, ann]) = opened().await;
    signs_in_by(&gateway, &ann, NUMBER).await;
    let mut browser = Browser::default();
    browser.start(&server, NUMBER).await;
    let sent = gateway.next().await.code();
    ann.use_phone(false, false).await.unwrap();
    assert_eq!(browser.types(&server, &sent).await.code(), "phone_code_expired", "what was sent before, too");
    browser.start(&server, NUMBER).await;
    gateway.nothing().await;

    ann.use_phone(false, true).await.unwrap();
    server.state.clock.advance(9 * MINUTE);
    browser.start(&server, NUMBER).await;
    let sent = gateway.next().await.code();
    ann.remove_phone().await.unwrap();
    assert_eq!(browser.types(&server, &sent).await.code(), "phone_code_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_gets_a_session_that_may_nothing() {
    let (gateway, server, [ada, dora, _]) = opened().await;
    signs_in_by(&gateway, &dora, NUMBER).await;
    ada.api().disable_account(&dora.account_id()).await.unwrap();
    let mut browser = Browser::default();
    browser.start(&server, NUMBER).await;
    let signed_in: SignedIn = browser.types(&server, &gateway.next().await.code()).await.body();
    assert_eq!(signed_in.account.public.status, AccountStatus::Disabled);
    let token = signed_in.token.unwrap();
    assert_eq!(server.get("/drafts", Some(&token)).await.code(), "account_disabled");
}

#[test]
fn every_refusal_has_a_name_of_its_own() {
    let named = |code: &ErrorCode| serde_json::to_value(code).unwrap().as_str().unwrap().starts_with("phone_");
    assert_eq!(ErrorCode::ALL.iter().filter(|code| named(code)).count(), 5);
}
