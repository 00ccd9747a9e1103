//! What is mailed to whom: each kind to its one address, and nothing in it that isn't meant to be.

use api_types::{
    B64,
    accounts::Role,
    sessions::Carrier,
    sign_in::{FinishSignIn, SignInStarted, StartSignIn},
    tokens::{NewApiToken, Scope},
};
use client::{Client, Device, NoSecondFactor, PatientChoice, Recover, Share, native::Native};
use crypto::opaque::{Password, login_finish, login_start};
use reqwest::{Method, header};

use crate::{
    harness::{Answer, Server},
    honest_client::{PASSWORD, Person, approve, client, client_on, clinic, device, join, write},
    mail_server::{Mail, MailServer, Post, Smtp, later, with_mail},
    person::{DEVICE, input, rng},
    second_factor::add_app,
    soft_authenticator::Soft,
};

const NEW_PASSWORD: &str = "another password entirely";
const DEVICE_NAME: &str = "Marked Browser on Marked System";
/// What no message may hold: names, what devices call themselves, what reports say, passwords.
pub const MARKS: [&str; 10] = [
    "Ann Example",
    "Dora",
    "Ada",
    "Chest X-ray",
    "No finding",
    "R-17",
    "Marked",
    PASSWORD,
    NEW_PASSWORD,
    "marked-smtp-password",
];

/// Takes the next message: to this one address, of this subject, with all headers, and no mark.
async fn told(mail: &mut MailServer, to: &str, subject: &str) -> Mail {
    let message = mail.next().await;
    assert_eq!((message.to.as_slice(), message.subject()), (&[to.to_owned()][..], subject), "{}", message.body);
    assert_eq!((message.header("To"), message.from.as_str()), (to, "no-reply@clinic.example"));
    assert!(message.header("From").contains("no-reply@clinic.example"));
    assert_eq!(message.header("Auto-Submitted"), "auto-generated");
    assert!(message.header("Date").ends_with(" +0000"), "{}", message.header("Date"));
    assert!(message.header("Message-ID").ends_with("@localhost>"), "{}", message.header("Message-ID"));
    let content_type = message.header("Content-Type").replace('"', "");
    assert_eq!(content_type, "text/plain; charset=utf-8");
    assert!(message.tls, "over TLS");
    assert_eq!(message.user.as_deref(), Some("clinic@example.org"));
    for mark in MARKS {
        assert!(!message.body.contains(mark) && !message.raw.contains(mark), "{mark} in {}", message.raw);
    }
    message
}

const ADA: &str = "ada@clinic.example";
const DORA: &str = "dora@clinic.example";
const ANN: &str = "ann@clinic.example";
const CODE: &str = "your code to create an account";

/// A clinic, whose link and codes that verify their addresses are taken.
pub async fn opened(server: &Server, mail: &mut MailServer) -> [Person; 3] {
    let people = clinic(server).await;
    let mut to: Vec<_> = [mail.next().await, mail.next().await, mail.next().await].map(|m| m.to).concat();
    to.sort();
    assert_eq!(to, [ADA, ANN, DORA]);
    people
}

/// Another than the tests'.
const OTHER_DEVICE: &str = "YW5vdGhlciBkZXZpY2UgZm9yIHRoZSBzYW1lIHRlc3Q";

/// On the device of that token, if it shows one, which says of itself what all of them say.
async fn signs_in(server: &Server, email: &str, token: Option<&str>) -> Person {
    let client = match token {
        Some(token) => client_on(server, token),
        None => Client::new(Native::new(&server.origin).unwrap()),
    };
    client.sign_in(email, PASSWORD, Device { name: DEVICE_NAME.to_owned(), ..device() }, &NoSecondFactor).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_of_changes_of_the_ways_in() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [administrator, doctor, _] = opened(&server, &mut mail).await;
    let (bea, words) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    let mail = &mut mail;
    told(mail, "bea@clinic.example", CODE).await;

    let (_, _) = add_app(&server, &doctor).await;
    told(mail, DORA, "a second factor was added").await;
    doctor.renew_recovery_codes().await.unwrap();
    told(mail, DORA, "new recovery codes").await;
    let factor = doctor.second_factors().await.unwrap().items[0].id;
    doctor.remove_second_factor(&factor).await.unwrap();
    told(mail, DORA, "a second factor was removed").await;
    doctor.change_password(NEW_PASSWORD).await.unwrap();
    told(mail, DORA, "your password was changed").await;
    doctor.change_recovery_kit(&client(&server).new_kit()).await.unwrap();
    told(mail, DORA, "your recovery kit was changed").await;
    doctor.rotate_keys().await.unwrap();
    told(mail, DORA, "your keys were made anew").await;
    add_app(&server, &doctor).await;
    told(mail, DORA, "a second factor was added").await;
    administrator.api().remove_account_second_factors(&doctor.account_id()).await.unwrap();
    let taken_off = told(mail, DORA, "your second factor was taken off").await;
    assert!(taken_off.body.contains("If it wasn't"), "what to do: {}", taken_off.body);
    administrator.api().disable_account(&doctor.account_id()).await.unwrap();
    told(mail, DORA, "your account was disabled").await;
    administrator.api().enable_account(&doctor.account_id()).await.unwrap();
    told(mail, DORA, "your account is enabled again").await;

    let recover =
        Recover { email: "bea@clinic.example", words: &words.join(" "), password: NEW_PASSWORD, device: device() };
    client(&server).recover(recover, &NoSecondFactor).await.unwrap();
    let recovered = told(mail, "bea@clinic.example", "your account was recovered").await;
    // A single one may be a word of the text.
    assert!(words.windows(2).all(|two| !recovered.body.contains(&two.join(" "))), "{}", recovered.body);
    drop(bea);
    mail.nothing().await;
}

/// What gets in, or sends, without the password.
#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_of_tokens_devices_and_passkeys() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [_, doctor, _] = opened(&server, &mut mail).await;
    let mail = &mut mail;
    let new = NewApiToken { name: "Marked backup".into(), scopes: vec![Scope::AccountRead], expires_in_days: 30 };
    let made = doctor.create_api_token(&new).await.unwrap();
    let message = told(mail, DORA, "an API token was made").await;
    assert!(!message.raw.contains(&made.secret) && !message.body.contains(&made.secret), "{}", message.body);
    doctor.remove_api_token(&made.token.id).await.unwrap();
    told(mail, DORA, "an API token was removed").await;

    let added = doctor.add_device(&server.origin, "Marked laboratory", 30).await.unwrap();
    told(mail, DORA, "a device that sends was added").await;
    doctor.remove_device(&added.device.id).await.unwrap();
    told(mail, DORA, "a device that sends was removed").await;

    let soft = Soft::new(&server.origin, true);
    doctor.add_passkey("Marked phone", &soft).await.unwrap();
    let message = told(mail, DORA, "a second factor was added").await;
    assert!(message.body.contains("it signs in without your password"), "{}", message.body);
    let elsewhere = Device { name: DEVICE_NAME.to_owned(), ..device() };
    assert!(client_on(&server, OTHER_DEVICE).sign_in_with_passkey(elsewhere, &soft).await.is_ok());
    told(mail, DORA, "signed in on a new device").await;
    let passkey = doctor.second_factors().await.unwrap().items[0].id;
    doctor.remove_passkey(&passkey).await.unwrap();
    told(mail, DORA, "a second factor was removed").await;
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_of_the_end_of_an_account() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [administrator, doctor, patient] = opened(&server, &mut mail).await;
    let mail = &mut mail;
    doctor.pause_account(DORA).await.unwrap();
    told(mail, DORA, "your account is paused").await;
    administrator.request_removal(&doctor.account_id()).await.unwrap();
    told(mail, DORA, "your account will be deleted in 30 days").await;
    patient.delete_account(ANN).await.unwrap();
    told(mail, ANN, "your account was deleted").await;
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_of_a_new_device_once() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::Tls).await;
    let [_, _, ann] = opened(&server, &mut mail).await;
    let again = signs_in(&server, ANN, Some(DEVICE)).await;
    mail.nothing().await;
    again.sign_out().await.unwrap();
    ann.sign_out().await.unwrap();
    signs_in(&server, ANN, Some(DEVICE)).await.sign_out().await.unwrap();
    mail.nothing().await;
    let new = signs_in(&server, ANN, Some(OTHER_DEVICE)).await;
    let told_of = told(&mut mail, ANN, "signed in on a new device").await;
    assert!(told_of.body.contains(" UTC") && told_of.body.contains("/recover"), "{}", told_of.body);
    new.sign_out().await.unwrap();
    signs_in(&server, ANN, Some(OTHER_DEVICE)).await.sign_out().await.unwrap();
    mail.nothing().await;
    // The same browser in somebody else's account is new there.
    signs_in(&server, DORA, Some(OTHER_DEVICE)).await;
    told(&mut mail, DORA, "signed in on a new device").await;
    later(&server, 91 * server::clock::DAY);
    signs_in(&server, ANN, Some(OTHER_DEVICE)).await;
    told(&mut mail, ANN, "signed in on a new device").await;
}

/// Somebody with the same browser on the same system, beside an open session of its kind.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_says_of_itself_makes_it_known_to_nobody() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::Tls).await;
    let [_, _, ann] = opened(&server, &mut mail).await;
    signs_in(&server, ANN, Some(DEVICE)).await;
    mail.nothing().await;
    for _ in 0..2 {
        signs_in(&server, ANN, None).await;
        told(&mut mail, ANN, "signed in on a new device").await;
    }
    assert_eq!(ann.sessions().await.unwrap().len(), 4);
}

/// A browser is given a cookie with its first session, which it shows from then on.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_known_by_its_cookie_alone() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::Tls).await;
    opened(&server, &mut mail).await;
    let (first, cookie) = by_browser(&server, ANN, None).await;
    assert_eq!(first.status, 200);
    told(&mut mail, ANN, "signed in on a new device").await;
    let (_, again) = by_browser(&server, ANN, Some(&cookie)).await;
    assert_eq!(again, cookie, "the same for longer");
    mail.nothing().await;
    let (_, other) = by_browser(&server, ANN, None).await;
    assert_ne!(other, cookie);
    told(&mut mail, ANN, "signed in on a new device").await;
}

/// Signs in as a browser does; gives the device's cookie that came.
async fn by_browser(server: &Server, email: &str, shown: Option<&str>) -> (Answer, String) {
    let password = Password::new(PASSWORD).unwrap();
    let start = login_start(&password, &mut rng()).unwrap();
    let asked = StartSignIn { email: email.to_owned(), credential_request: B64(start.message.clone()) };
    let started: SignInStarted = server.post("/sign-in/start", None, &asked).await.body();
    let input = input(server, start.state, password, started.credential_response.0);
    let finish = FinishSignIn {
        sign_in_id: started.sign_in_id,
        credential_finalization: B64(login_finish(&input, &mut rng()).unwrap().finalization),
        second_factor: None,
        carrier: Carrier::Cookie,
        device: DEVICE_NAME.to_owned(),
    };
    let mut request = server.request(Method::POST, "/api/v1/sign-in/finish").json(&finish);
    if let Some(shown) = shown {
        request = request.header(header::COOKIE, shown);
    }
    let answer = server.send(request).await;
    let cookies = answer.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned());
    let device: Vec<_> = cookies.filter(|cookie| cookie.starts_with("__Host-device=")).collect();
    let [device] = &device[..] else { panic!("{device:?}") };
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=34560000"] {
        assert!(device.contains(attribute), "{device}");
    }
    let device = device.split(';').next().unwrap().to_owned();
    (answer, device)
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_that_something_was_shared_at_most_every_ten_minutes() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [_, doctor, ann] = opened(&server, &mut mail).await;
    let (otto, _) = join(&server, "Otto Other", "otto@clinic.example", Role::Patient, None).await;
    let mail = &mut mail;
    told(mail, "otto@clinic.example", CODE).await;
    doctor.find_by_email(ANN).await.unwrap();
    let id = write(&doctor, PatientChoice::Account(ann.account_id())).await;
    told(mail, ANN, "something was shared with you").await;

    let found = ann.find_by_email("otto@clinic.example").await.unwrap().unwrap();
    let shared = ann.share(&id, &Share::with_code(found.id)).await.unwrap();
    let message = told(mail, "otto@clinic.example", "something was shared with you").await;
    for secret in [shared.code.unwrap().as_str(), &shared.grant.to_string(), &id.to_string()] {
        assert!(!message.raw.contains(secret), "{secret}");
    }
    for _ in 0..3 {
        ann.share(&id, &Share::with_code(found.id)).await.unwrap();
    }
    mail.nothing().await;
    later(&server, 9 * 60_000);
    mail.nothing().await;
    later(&server, 61_000);
    told(mail, "otto@clinic.example", "something was shared with you").await;
    mail.nothing().await;
    drop(otto);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_tells_who_is_invited_into_a_team_and_who_is_removed() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [administrator, dora, _] = opened(&server, &mut mail).await;
    let (otto, _) = join(&server, "Otto Other", "otto@clinic.example", Role::Doctor, None).await;
    let mail = &mut mail;
    told(mail, "otto@clinic.example", CODE).await;
    approve(&administrator, &otto).await;
    let team = dora.create_team("Marked Ward").await.unwrap();
    mail.nothing().await;
    dora.add_to_team(&team, &otto.account_id()).await.unwrap();
    let invited = told(mail, "otto@clinic.example", "you are invited into a care team").await;
    assert!(invited.body.contains("/teams") && !invited.body.contains(&team.to_string()), "{}", invited.body);
    otto.accept_team(&team).await.unwrap();
    mail.nothing().await;
    dora.remove_from_team(&team, &otto.account_id()).await.unwrap();
    told(mail, "otto@clinic.example", "you are no longer in a care team").await;
    dora.add_to_team(&team, &otto.account_id()).await.unwrap();
    told(mail, "otto@clinic.example", "you are invited into a care team").await;
    otto.leave_team(&team).await.unwrap();
    dora.tend_teams().await.unwrap();
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shares_with_nobody_else_is_told_nothing() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [_, doctor, ann] = opened(&server, &mut mail).await;
    write(&ann, PatientChoice::Account(ann.account_id())).await;
    write(&doctor, PatientChoice::New).await;
    mail.nothing().await;
}
