//! Phone numbers of accounts: how one comes and goes, and its codes as a second factor.

use std::sync::Mutex;

use api_types::{
    accounts::Role,
    policies::Policies,
    second_factors::{SecondFactorKind, SecondFactorProof},
};
use client::{AskSecondFactor, NoSecondFactor, Recover, SecondFactorAsked, WhyAsked, api::ListQuery};
use server::clock::MINUTE;

use crate::{
    harness::Server,
    honest_client::{PASSWORD, Person, client, clinic, device, join},
    mail_server::{Post, Smtp, with_mail_and},
    phone_sign_in::Browser,
    second_factor::add_app,
    sms_gateway::{Gateway, Message, opened},
};

pub const NUMBER: &str = "+4915123456789";
pub const OTHER: &str = "+4366412345678";
const NEW_PASSWORD: &str = "another password entirely";
const SHORT: &str = "kV9?teR3&bo";

pub fn code(result: client::Result<impl Sized>) -> String {
    result.err().expect("it is refused").code()
}

/// Another code than that.
pub fn not(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Has a code sent, and types what comes; first something else, so often.
struct ByPhone<'a> {
    gateway: &'a Gateway,
    wrong: Mutex<usize>,
    last: Mutex<String>,
    asked: Mutex<Vec<SecondFactorAsked>>,
}

impl<'a> ByPhone<'a> {
    fn new(gateway: &'a Gateway, wrong: usize) -> Self {
        Self { gateway, wrong: Mutex::new(wrong), last: Mutex::default(), asked: Mutex::default() }
    }

    fn why(&self) -> Vec<WhyAsked> {
        self.asked.lock().unwrap().iter().map(|asked| asked.why).collect()
    }
}

impl AskSecondFactor for ByPhone<'_> {
    async fn ask(&self, asked: SecondFactorAsked) -> Option<SecondFactorProof> {
        let why = asked.why;
        self.asked.lock().unwrap().push(asked);
        match why {
            WhyAsked::Needed => return Some(SecondFactorProof::send_to_phone()),
            WhyAsked::Sent => {
                let sent = self.gateway.next().await.code();
                *self.last.lock().unwrap() = sent;
            }
            WhyAsked::Wrong => {}
            WhyAsked::Wait(_) => return None,
        }
        let last = self.last.lock().unwrap().clone();
        let mut wrong = self.wrong.lock().unwrap();
        let typed = if *wrong > 0 { not(&last) } else { last };
        *wrong = wrong.saturating_sub(1);
        Some(SecondFactorProof::code(SecondFactorKind::Phone, typed))
    }
}

async fn signs_in(server: &Server, email: &str, ask: &impl AskSecondFactor) -> client::Result<Person> {
    client(server).sign_in(email, PASSWORD, device(), ask).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_an_accounts_after_its_code() {
    let (gateway, server, [ada, _, ann]) = opened().await;
    assert!(ann.api().get_instance().await.unwrap().phone);
    assert!(ann.phone().await.unwrap().is_none());
    for bad in ["", "015123456789", "+49", "+49 151 call me", "+1234567890123456"] {
        assert_eq!(code(ann.add_phone(bad).await), "invalid_field", "{bad}");
    }
    assert_eq!(code(ann.verify_phone("123456").await), "phone_code_expired", "none was sent");
    let sent = ann.add_phone(" +49 (151) 234-567.89 ").await.unwrap();
    assert_eq!(sent.ending, "89");
    let message: Message = gateway.next().await;
    assert_eq!(message.to, NUMBER);
    let right = message.code();
    assert_eq!(
        message.text,
        format!(
            "{right} is your code to add this number at localhost. Never tell it to anybody.\n\n@localhost #{right}"
        )
    );
    assert_eq!(code(ann.verify_phone(&not(&right)).await), "phone_code_wrong");
    assert_eq!(code(ada.verify_phone(&right).await), "phone_code_expired", "somebody else's");
    assert!(ann.phone().await.unwrap().is_none());
    ann.verify_phone(&format!("{} {}", &right[..3], &right[3..])).await.unwrap();
    assert_eq!(code(ann.verify_phone(&right).await), "phone_code_expired", "it counts once");
    let phone = ann.phone().await.unwrap().unwrap();
    assert_eq!((phone.number.as_str(), phone.second_factor, phone.sign_in), (NUMBER, false, false));
    assert!(ann.second_factors().await.unwrap().items.is_empty(), "it is for nothing yet");
    assert!(signs_in(&server, "ann@clinic.example", &NoSecondFactor).await.is_ok());

    gateway.add(&ann, OTHER).await;
    assert_eq!(ann.phone().await.unwrap().unwrap().number, OTHER, "in the place of the other");
    ann.remove_phone().await.unwrap();
    assert!(ann.phone().await.unwrap().is_none());
    assert_eq!(code(ann.remove_phone().await), "not_found");
    assert_eq!(code(ann.use_phone(true, false).await), "not_found");
    let token = ada.token().unwrap().to_owned();
    let events = server.get("/admin/events?action=account_change", Some(&token)).await.json();
    let subjects: Vec<_> = events["items"].as_array().unwrap().iter().filter_map(|e| e["subject"].as_str()).collect();
    for what in ["phone_code_sent", "phone_added factor=", "phone_replaced factor=", "phone_removed factor="] {
        assert!(subjects.iter().any(|s| s.starts_with(&format!("what={what}"))), "{what}: {subjects:?}");
    }
    assert!(subjects.iter().all(|s| !s.contains("151") || !s.contains("23456789")), "{subjects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_gateway_there_are_no_phones() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    assert!(!ann.api().get_instance().await.unwrap().phone);
    assert!(ann.phone().await.unwrap().is_none());
    assert_eq!(code(ann.add_phone(NUMBER).await), "not_found");
    assert_eq!(code(ann.verify_phone("123456").await), "not_found");
    assert_eq!(code(client(&server).start_phone(NUMBER).await), "not_found");
    assert_eq!(code(client(&server).sign_in_with_phone("123456", device(), &NoSecondFactor).await), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_tries_a_new_code_or_ten_minutes_end_a_code() {
    let (gateway, server, [_, _, ann]) = opened().await;
    ann.add_phone(NUMBER).await.unwrap();
    let first = gateway.next().await.code();
    for _ in 0..5 {
        assert_eq!(code(ann.verify_phone(&not(&first)).await), "phone_code_wrong");
    }
    assert_eq!(code(ann.verify_phone(&first).await), "phone_code_expired", "the sixth try, right or not");

    ann.add_phone(NUMBER).await.unwrap();
    let second = gateway.next().await.code();
    ann.add_phone(OTHER).await.unwrap();
    let third = gateway.next().await.code();
    if second != third {
        assert_eq!(code(ann.verify_phone(&second).await), "phone_code_wrong", "a later one voids it");
    }
    server.state.clock.advance(10 * MINUTE);
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(code(ann.verify_phone(&third).await), "phone_code_expired");
    gateway.add(&ann, OTHER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_session_changes_nothing() {
    let (gateway, server, [_, _, ann]) = opened().await;
    gateway.add(&ann, NUMBER).await;
    ann.add_phone(OTHER).await.unwrap();
    let sent = gateway.next().await.code();
    server.state.clock.advance(11 * MINUTE);
    for refused in [
        code(ann.add_phone(OTHER).await),
        code(ann.verify_phone(&sent).await),
        code(ann.use_phone(true, true).await),
        code(ann.remove_phone().await),
    ] {
        assert_eq!(refused, "confirmation_required");
    }
    assert_eq!(ann.phone().await.unwrap().unwrap().number, NUMBER);
    gateway.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_code_is_a_second_factor_and_the_weaker_one() {
    let (gateway, server, [_, _, ann]) = opened().await;
    let email = "ann@clinic.example";
    let other = signs_in(&server, email, &NoSecondFactor).await.unwrap();
    gateway.add(&ann, NUMBER).await;
    let codes = ann.use_phone(true, false).await.unwrap().codes;
    assert_eq!(codes.len(), 10, "the first second factor");
    assert!(ann.use_phone(true, false).await.unwrap().codes.is_empty(), "again changes nothing");
    assert_eq!(code(other.sessions().await), "signed_out", "a session without it has ended");
    let listed = ann.second_factors().await.unwrap().items;
    assert_eq!((listed[0].kind, listed[0].label.as_str(), listed[0].weaker), (SecondFactorKind::Phone, "…89", true));

    assert_eq!(code(signs_in(&server, email, &NoSecondFactor).await), "second_factor_required");
    let asks = ByPhone::new(&gateway, 2);
    let again = signs_in(&server, email, &asks).await.unwrap();
    assert_eq!(asks.why(), [WhyAsked::Needed, WhyAsked::Sent, WhyAsked::Wrong, WhyAsked::Wrong]);
    {
        let asked = asks.asked.lock().unwrap();
        assert_eq!(asked[0].kinds, [SecondFactorKind::Phone, SecondFactorKind::RecoveryCode]);
        let sent: Vec<_> = asked.iter().map(|asked| asked.phone.clone().unwrap()).map(|p| (p.ending, p.sent)).collect();
        assert_eq!(sent[0], ("89".to_owned(), false));
        assert!(sent[1..].iter().all(|sent| *sent == ("89".to_owned(), true)));
    }
    // It proved it: unlocking doesn't ask again, and the code doesn't count twice.
    assert!(again.lock().unlock(PASSWORD, &NoSecondFactor).await.is_ok());
    let replay = SecondFactorProof::code(SecondFactorKind::Phone, asks.last.lock().unwrap().clone());
    assert_eq!(code(signs_in(&server, email, &Once(replay)).await), "second_factor_wrong");
    assert!(ann.phone().await.unwrap().unwrap().last_used_at.is_some());

    let factor = listed[0].id;
    ann.remove_second_factor(&factor).await.unwrap();
    assert!(!ann.phone().await.unwrap().unwrap().second_factor, "the number stays");
    assert!(signs_in(&server, email, &NoSecondFactor).await.is_ok());
    assert_eq!(ann.second_factors().await.unwrap().recovery_codes_left, 0);
    gateway.nothing().await;
}

/// Gives this, whatever is asked.
struct Once(SecondFactorProof);

impl AskSecondFactor for Once {
    async fn ask(&self, asked: SecondFactorAsked) -> Option<SecondFactorProof> {
        (asked.why == WhyAsked::Needed).then(|| self.0.clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn six_wrong_tries_end_a_code_that_is_a_second_factor() {
    let (gateway, server, [_, _, ann]) = opened().await;
    gateway.add(&ann, NUMBER).await;
    ann.use_phone(true, false).await.unwrap();
    // The tries at second factors are free five times; then one waits, and the code is over as well.
    let asks = ByPhone::new(&gateway, 5);
    assert_eq!(code(signs_in(&server, "ann@clinic.example", &asks).await), "throttled");
    server.state.clock.advance(5 * MINUTE);
    let last = SecondFactorProof::code(SecondFactorKind::Phone, asks.last.lock().unwrap().clone());
    assert_eq!(code(signs_in(&server, "ann@clinic.example", &Once(last)).await), "second_factor_wrong");
    server.state.clock.advance(30 * MINUTE);
    assert!(signs_in(&server, "ann@clinic.example", &ByPhone::new(&gateway, 0)).await.is_ok(), "a new one does");
}

#[tokio::test(flavor = "multi_thread")]
async fn confirming_and_recovering_ask_for_it_as_well() {
    let (gateway, server, _) = opened().await;
    let (bea, words) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    gateway.add(&bea, NUMBER).await;
    bea.use_phone(true, false).await.unwrap();
    server.state.clock.advance(11 * MINUTE);
    assert_eq!(code(bea.confirm(PASSWORD, &NoSecondFactor).await), "second_factor_required");
    bea.confirm(PASSWORD, &ByPhone::new(&gateway, 0)).await.unwrap();
    assert!(bea.renew_recovery_codes().await.is_ok());

    let words = words.join(" ");
    let input = || Recover { email: "bea@clinic.example", words: &words, password: NEW_PASSWORD, device: device() };
    assert_eq!(code(client(&server).recover(input(), &NoSecondFactor).await), "second_factor_required");
    let recovered = client(&server).recover(input(), &ByPhone::new(&gateway, 1)).await.unwrap();
    assert!(recovered.phone().await.unwrap().unwrap().second_factor);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_password_needs_something_stronger_beside_it() {
    let (gateway, server, [_, _, ann]) = opened().await;
    gateway.add(&ann, NUMBER).await;
    ann.use_phone(true, false).await.unwrap();
    assert_eq!(code(ann.change_password(SHORT).await), "field", "a phone is not enough");
    let (_, codes) = add_app(&server, &ann).await;
    assert!(codes.is_empty(), "those that came with the phone stay good");
    ann.change_password(SHORT).await.unwrap();
    let listed = ann.second_factors().await.unwrap().items;
    let of = |kind| listed.iter().find(|factor| factor.kind == kind).unwrap().id;
    assert_eq!(code(ann.remove_second_factor(&of(SecondFactorKind::Totp)).await), "short_password");
    ann.remove_second_factor(&of(SecondFactorKind::Phone)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_satisfies_a_policy_as_long_as_it_stays() {
    let (gateway, server, [ada, dora, _]) = opened().await;
    ada.api().put_policies(&Policies { second_factor_roles: vec![Role::Doctor] }).await.unwrap();
    assert_eq!(code(dora.list(&ListQuery::default()).await), "second_factor_due");
    gateway.add(&dora, NUMBER).await;
    dora.use_phone(true, false).await.unwrap();
    assert!(dora.list(&ListQuery::default()).await.is_ok());
    let id = dora.second_factors().await.unwrap().items[0].id;
    for refused in [
        code(dora.use_phone(false, false).await),
        code(dora.remove_phone().await),
        code(dora.remove_second_factor(&id).await),
    ] {
        assert_eq!(refused, "conflict", "the last one stays");
    }
    // A lost phone: an administrator takes it off with the others.
    ada.api().remove_account_second_factors(&dora.account_id()).await.unwrap();
    assert_eq!(code(dora.sessions().await), "signed_out");
    let anew = signs_in(&server, "dora@clinic.example", &NoSecondFactor).await.unwrap();
    assert!(anew.phone().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_breach_of_a_policy_it_becomes_a_second_factor_by_a_fresh_code_and_signs_in_no_more() {
    let (gateway, server, [ada, dora, _]) = opened().await;
    gateway.add(&dora, NUMBER).await;
    dora.use_phone(false, true).await.unwrap();
    ada.api().put_policies(&Policies { second_factor_roles: vec![Role::Doctor] }).await.unwrap();
    gateway.add(&dora, OTHER).await;
    assert!(!dora.phone().await.unwrap().unwrap().sign_in, "another number is another way in");
    assert_eq!(code(dora.use_phone(false, true).await), "second_factor_due");
    assert_eq!(code(dora.use_phone(true, true).await), "second_factor_due");

    // Nobody knows who has a number that was verified a while ago.
    server.state.clock.advance(11 * MINUTE);
    dora.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(code(dora.use_phone(true, false).await), "phone_code_required");
    let before = dora.second_factors().await.unwrap();
    assert!(before.items.is_empty() && before.required);
    assert_eq!(code(dora.list(&ListQuery::default()).await), "second_factor_due");
    gateway.add(&dora, OTHER).await;
    assert_eq!(dora.use_phone(true, false).await.unwrap().codes.len(), 10);
    assert!(dora.list(&ListQuery::default()).await.is_ok(), "the session has proved it");
    assert!(dora.refresh().await.is_ok() && !dora.who().second_factor_due);
    let token = ada.token().unwrap().to_owned();
    let events = server.get("/admin/events?action=account_change", Some(&token)).await.json();
    let subjects: Vec<_> = events["items"].as_array().unwrap().iter().filter_map(|e| e["subject"].as_str()).collect();
    let again = subjects.iter().filter(|subject| subject.starts_with("what=phone_verified factor="));
    assert_eq!(again.count(), 1, "{subjects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_shares_a_number_but_it_signs_in_to_one_account() {
    let (gateway, server, [_, dora, ann]) = opened().await;
    for person in [&ann, &dora] {
        gateway.add(person, NUMBER).await;
    }
    ann.use_phone(false, true).await.unwrap();
    assert_eq!(code(dora.use_phone(false, true).await), "phone_taken");
    dora.use_phone(true, false).await.unwrap();
    assert!(signs_in(&server, "dora@clinic.example", &ByPhone::new(&gateway, 0)).await.is_ok());
    // Whose number is changed to that of somebody who signs in with it no more signs in by phone.
    server.state.clock.advance(10 * MINUTE);
    let (bea, _) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    gateway.add(&bea, OTHER).await;
    bea.use_phone(false, true).await.unwrap();
    gateway.add(&bea, NUMBER).await;
    assert!(!bea.phone().await.unwrap().unwrap().sign_in);
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ann.remove_phone().await.unwrap();
    bea.use_phone(false, true).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_of_each_change() {
    let Some(post) = Post::new() else { return };
    let gateway = Gateway::start().await;
    let sms = gateway.config();
    let (server, mut mail) = with_mail_and(&post, Smtp::StartTls, |it| it.sms = Some(sms)).await;
    let [_, _, ann] = clinic(&server).await;
    for _ in 0..3 {
        mail.next().await;
    }
    gateway.add(&ann, NUMBER).await;
    assert_eq!(mail.next().await.subject(), "a phone number was added");
    ann.use_phone(false, true).await.unwrap();
    let told = mail.next().await;
    assert_eq!(told.subject(), "signing in with your phone was changed");
    assert!(!told.raw.contains("23456789"), "{}", told.raw);
    let mut browser = Browser::default();
    assert_eq!(browser.start(&server, NUMBER).await.status, 200);
    assert_eq!(browser.types(&server, &gateway.next().await.code()).await.status, 200);
    assert_eq!(mail.next().await.subject(), "signed in on a new device");
    ann.use_phone(true, true).await.unwrap();
    assert_eq!(mail.next().await.subject(), "a second factor was added");
    ann.use_phone(false, true).await.unwrap();
    assert_eq!(mail.next().await.subject(), "a second factor was removed");
    ann.remove_phone().await.unwrap();
    assert_eq!(mail.next().await.subject(), "a phone number was removed");
    mail.nothing().await;
}
