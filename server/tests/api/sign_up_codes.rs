//! Proving an address before it has an account, where mail is sent: who asks learns nothing of whom an address belongs to.

use std::{collections::BTreeMap, time::Duration};

use api_types::{
    accounts::Role,
    invitations::{CreateInvitation, CreatedInvitation, InvitationInfo},
    sign_in::SignedIn,
    sign_up::{AskSignUpCode, CheckSignUpCode, FinishSignUp, SignUpCodeAsked},
};
use client::{Client, ProvedAddress, native::Native};
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use server::{
    clock::{HOUR, MINUTE},
    config::Config,
    storage::sign_up_codes,
    upkeep,
};

use crate::{
    harness::{Answer, Server},
    mail_server::{Mail, MailServer, Post, Smtp, outbox, with_mail, with_mail_and},
    person::{Applicant, Person, founder},
};

const CODE: &str = "your code to create an account";
const TAKEN: &str = "this address has an account, or had one";
const PAT: &str = "pat.patient@example.org";
const ADA: &str = "ada.founder@example.org";
/// How long a message may take to be in hand, before whoever signs up goes on without it.
const IN_HAND: Duration = Duration::from_secs(3);

pub async fn ask(server: &Server, email: &str, invitation: Option<&str>) -> Answer {
    let body = AskSignUpCode { email: email.to_owned(), invitation: invitation.map(str::to_owned) };
    server.post("/sign-up/code", None, &body).await
}

async fn check(server: &Server, secret: &str, code: &str) -> Answer {
    let body = CheckSignUpCode { secret: secret.to_owned(), code: code.to_owned() };
    server.post("/sign-up/code/check", None, &body).await
}

/// The code that was asked for last for an address, from the server itself: not every test reads its mail. The message is in
/// hand by then, as it would be if it had been read.
async fn newest(server: &Server, email: &str) -> String {
    use entities::{outbox as mails, sign_up_codes as codes};
    let key = email.trim().to_lowercase();
    let deadline = tokio::time::Instant::now() + IN_HAND;
    loop {
        let waiting = mails::Entity::find().filter(mails::Column::AddressKey.eq(key.as_str()));
        let waiting = waiting.filter(mails::Column::Kind.eq("sign_up_code")).all(server.state.db.read()).await.unwrap();
        let in_hand = |row: &mails::Model| row.leased_until > 0 || row.attempts > 0;
        if waiting.iter().all(in_hand) || tokio::time::Instant::now() > deadline {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let query = codes::Entity::find()
        .filter(codes::Column::AddressKey.eq(key.as_str()))
        .filter(codes::Column::Proved.eq(false));
    let found = query.order_by_desc(codes::Column::ExpiresAt).one(server.state.db.read()).await.unwrap().unwrap();
    made(server, &found.id.try_into().unwrap()).await
}

/// The code of a row, mailed or not.
async fn made(server: &Server, id: &[u8; 16]) -> String {
    let row = sign_up_codes::get(server.state.db.read(), id).await.unwrap().unwrap();
    server.state.mail_key.sign_up_code(&row).unwrap().to_string()
}

/// What proves an address, where the server asks for it.
pub async fn proof(server: &Server, email: &str, invitation: Option<&str>) -> Option<String> {
    server.state.mailer.as_ref()?;
    if let Some(token) = invitation {
        let info = server.post("/invitations/look-up", None, &serde_json::json!({ "token": token })).await;
        if info.json()["asks_code"] != true {
            return None;
        }
    }
    let asked: SignUpCodeAsked = ask(server, email, invitation).await.body();
    let code = newest(server, email).await;
    assert_eq!(check(server, &asked.secret, &code).await.status, 204);
    Some(asked.secret)
}

/// The same for the honest client.
pub async fn proved(
    server: &Server,
    client: &Client<Native>,
    email: &str,
    token: Option<&str>,
) -> Option<ProvedAddress> {
    server.state.mailer.as_ref()?;
    if !client.asks_sign_up_code(token).await.unwrap() {
        return None;
    }
    let asked = client.ask_sign_up_code(email, token).await.unwrap();
    assert_eq!(asked.email(), email);
    Some(client.prove_address(&asked, &newest(server, email).await).await.unwrap())
}

/// The code that stands in a message, alone in its line.
fn code_in(message: &Mail) -> String {
    let line = message.body.lines().find(|line| line.starts_with("    ")).unwrap_or_else(|| panic!("{}", message.body));
    let (first, last) = line.trim().split_once(' ').unwrap();
    assert!([first, last].iter().all(|part| part.len() == 4 && part.bytes().all(|b| b.is_ascii_digit())), "{line}");
    format!("{first}{last}")
}

/// Another code than that.
fn not(code: &str) -> String {
    format!("{:08}", (code.parse::<u32>().unwrap() + 1) % 100_000_000)
}

/// A server with mail and its administrator, whose first message is taken.
async fn opened(post: &Post) -> (Server, MailServer, Person) {
    let (server, mut mail) = with_mail(post, Smtp::StartTls).await;
    let ada = founder(&server).await;
    assert_eq!(mail.next().await.subject(), "confirm your e-mail address", "nobody else is there who could be asked");
    (server, mail, ada)
}

async fn mailed(mail: &mut MailServer, to: &str, subject: &str) -> Mail {
    let message = mail.next().await;
    assert_eq!((message.to.as_slice(), message.subject()), (&[to.to_owned()][..], subject), "{}", message.body);
    message
}

async fn finish(server: &Server, body: &FinishSignUp, proof: Option<&str>) -> Answer {
    let body = FinishSignUp { email_proof: proof.map(str::to_owned), ..body.clone() };
    server.post("/sign-up", None, &body).await
}

/// A sign-up that lacks nothing but its proof; the message with the code is taken.
async fn prepared(server: &Server, mail: &mut MailServer, applicant: &Applicant) -> (FinishSignUp, String) {
    let mut body = applicant.prepare(server, None).await.unwrap();
    mailed(mail, &applicant.email, CODE).await;
    let proof = body.email_proof.take().unwrap();
    (body, proof)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_code_proves_the_address_and_the_account_is_verified_at_once() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada) = opened(&post).await;
    let asked: SignUpCodeAsked = ask(&server, " Pat.Patient@Example.org ", None).await.body();
    let message = mailed(&mut mail, "Pat.Patient@Example.org", CODE).await;
    let code = code_in(&message);
    for mark in ["Pat Patient", "Ada", asked.secret.as_str()] {
        assert!(!message.raw.contains(mark), "{mark} in {}", message.raw);
    }
    assert!((9 * MINUTE..=10 * MINUTE).contains(&(asked.expires_at - server.state.clock.now())));
    assert_eq!(check(&server, &asked.secret, &not(&code)).await.code(), "sign_up_code_wrong");
    let typed = format!(" {} {}", &code[..4], &code[4..]);
    assert_eq!(check(&server, &asked.secret, &typed).await.status, 204);
    assert_eq!(check(&server, &asked.secret, &code).await.status, 204, "as after an answer that was lost");

    let pat = Applicant::new("Pat Patient", Role::Patient);
    let (body, other) = prepared(&server, &mut mail, &pat).await;
    let made: SignedIn = finish(&server, &body, Some(&asked.secret)).await.body();
    assert!(made.account.email_verified_at.is_some());
    mail.nothing().await;
    let events = server.get("/admin/events?action=sign_up", Some(&ada.token)).await.json();
    let subject = events["items"][0]["subject"].as_str().unwrap().to_owned();
    assert_eq!(subject, "role=patient status=active email_verified=true");

    let again = Applicant::new("Pat Patient", Role::Patient).prepare_unproved(&server, None).await.unwrap();
    assert_eq!(finish(&server, &again, Some(&asked.secret)).await.code(), "sign_up_code_expired", "it serves once");
    assert_eq!(finish(&server, &again, Some(&other)).await.code(), "email_taken", "whoever reads the mail may know");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_has_an_account_is_answered_like_any_other() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, _) = opened(&post).await;
    let (known, unknown) = (ask(&server, "ADA.Founder@example.org", None).await, ask(&server, PAT, None).await);
    assert_eq!((known.status.as_u16(), unknown.status.as_u16()), (200, 200));
    assert_eq!(shape(&known), shape(&unknown));
    let mut messages = [mail.next().await, mail.next().await];
    messages.sort_by_key(|message| message.to[0].to_lowercase());
    let [told, coded] = messages;
    assert_eq!((told.subject(), coded.subject()), (TAKEN, CODE));
    assert!(told.body.contains("/sign-in") && told.body.contains("/recover"), "{}", told.body);
    let digits = |line: &str| line.split_whitespace().any(|word| word.len() == 4 && word.parse::<u32>().is_ok());
    assert!(!told.body.lines().any(|line| line.starts_with("    ") && digits(line)), "no code: {}", told.body);

    let [known, unknown] = [known.body::<SignUpCodeAsked>(), unknown.body::<SignUpCodeAsked>()];
    let right = code_in(&coded);
    for n in 0..5 {
        let answers = [&known, &unknown].map(|asked| asked.secret.clone());
        let [yes, no] =
            [check(&server, &answers[0], &not(&right)).await, check(&server, &answers[1], &not(&right)).await];
        assert_eq!((yes.code(), no.code()), ("sign_up_code_wrong".into(), "sign_up_code_wrong".into()), "{n}");
        assert_eq!(shape(&yes), shape(&no));
    }
    for (asked, code) in [(&known, "12345678"), (&unknown, right.as_str())] {
        assert_eq!(check(&server, &asked.secret, code).await.code(), "sign_up_code_expired", "the sixth, right or not");
    }

    // Not even the code that was never mailed.
    let asked: SignUpCodeAsked = ask(&server, ADA, None).await.body();
    let hash = server::random::token_hash(&asked.secret);
    let row = sign_up_codes::by_secret(server.state.db.read(), &hash).await.unwrap().unwrap();
    let code = made(&server, &row.id).await;
    assert_eq!(check(&server, &asked.secret, &code).await.code(), "sign_up_code_wrong");
}

/// What a stranger sees of an answer, but for what is random or the time.
fn shape(answer: &Answer) -> BTreeMap<String, String> {
    let headers = answer.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    let mut seen: BTreeMap<_, _> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    for (name, value) in answer.json().as_object().unwrap() {
        seen.insert(format!("body: {name}"), value.to_string().len().to_string());
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_proof_nothing_is_made_and_nothing_told() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, _) = opened(&post).await;
    let (free, proof) = prepared(&server, &mut mail, &Applicant::new("Pat Patient", Role::Patient)).await;
    let taken = FinishSignUp { email: ADA.into(), ..free.clone() };
    let asked: SignUpCodeAsked = ask(&server, ADA, None).await.body();
    mailed(&mut mail, ADA, TAKEN).await;
    for body in [&free, &taken] {
        assert_eq!(finish(&server, body, None).await.code(), "sign_up_code_required");
        for made_up in ["", "unknown", &"A".repeat(43), &"x".repeat(100_000), &asked.secret] {
            assert_eq!(finish(&server, body, Some(made_up)).await.code(), "sign_up_code_expired", "{made_up:.80}");
        }
    }
    let refused = finish(&server, &taken, Some(&proof)).await;
    assert_eq!((refused.code(), &refused.json()["pointer"]), ("invalid_field".into(), &"/email".into()));
    // An hour is enough to write a recovery kit down.
    server.state.clock.advance(HOUR);
    assert_eq!(finish(&server, &free, Some(&proof)).await.code(), "sign_up_code_expired");
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_whose_asked_for_it_and_ends_with_ten_minutes() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, _) = opened(&post).await;
    let first: SignUpCodeAsked = ask(&server, PAT, None).await.body();
    let first_code = code_in(&mailed(&mut mail, PAT, CODE).await);
    // A stranger who asks for the same address neither voids it nor can use it.
    let second: SignUpCodeAsked = ask(&server, PAT, None).await.body();
    let second_code = code_in(&mailed(&mut mail, PAT, CODE).await);
    assert_ne!((&first.secret, &first_code), (&second.secret, &second_code));
    assert_eq!(check(&server, &second.secret, &first_code).await.code(), "sign_up_code_wrong");
    for made_up in ["", "unknown", &"A".repeat(43), &"x".repeat(100_000)] {
        assert_eq!(check(&server, made_up, &first_code).await.code(), "sign_up_code_expired", "{made_up:.80}");
    }
    for typed in ["", "1234567", "123456789", "not a code", &"1".repeat(100_000)] {
        let asked: SignUpCodeAsked = ask(&server, "pia.patient@example.org", None).await.body();
        assert_eq!(check(&server, &asked.secret, typed).await.code(), "sign_up_code_wrong", "{typed:.80}");
        mailed(&mut mail, "pia.patient@example.org", CODE).await;
        server.state.clock.advance(MINUTE);
        if typed.is_empty() {
            assert_eq!(check(&server, &first.secret, &first_code).await.status, 204);
        }
        server.state.clock.advance(20 * MINUTE);
    }
    assert_eq!(check(&server, &second.secret, &second_code).await.code(), "sign_up_code_expired", "too late");
    upkeep::once(&server.state).await.unwrap();
    let left = entities::sign_up_codes::Entity::find().all(server.state.db.read()).await.unwrap();
    assert!(left.is_empty(), "{}", left.len());
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_and_again_is_slowed_down_for_every_address_alike() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada) = opened(&post).await;
    for n in 0..4 {
        let answers = [ask(&server, ADA, None).await, ask(&server, PAT, None).await];
        if n < 3 {
            assert!(answers.iter().all(|answer| answer.status == 200), "{n}");
            mail.next().await;
            mail.next().await;
        } else {
            assert_eq!(answers.each_ref().map(Answer::code), ["throttled", "throttled"]);
            assert!(answers.iter().all(|answer| answer.headers.contains_key("retry-after")));
        }
    }
    // What is asked for later is mailed, as often as it is granted.
    for minutes in [1, 2, 4, 8, 16, 16] {
        server.state.clock.advance(minutes * MINUTE);
        assert_eq!(ask(&server, PAT, None).await.status, 200, "{minutes}");
        mailed(&mut mail, PAT, CODE).await;
    }
    mail.nothing().await;
    // And from one network, whatever the address.
    server.state.clock.advance(3 * HOUR);
    let mut refused = None;
    for n in 0..62 {
        let answer = check(&server, "unknown", "12345678").await;
        if answer.code() == "throttled" {
            refused = Some(n);
            break;
        }
    }
    assert_eq!(refused, Some(60));
    assert_eq!(ask(&server, "new@example.org", None).await.code(), "throttled");
    upkeep::once(&server.state).await.unwrap();
    let events = server.get("/admin/events?outcome=denied", Some(&ada.token)).await.text;
    assert!(events.contains("throttled="), "denials are summed: {events}");
}

/// As [`ask`], from there, which a proxy says.
async fn ask_from(server: &Server, email: &str, from: &str) -> Answer {
    let body = AskSignUpCode { email: email.to_owned(), invitation: None };
    let request = server.request(Method::POST, "/api/v1/sign-up/code").header("x-forwarded-for", from);
    server.send(request.json(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_first_whenever_they_may_keeps_nobody_from_signing_up() {
    let Some(post) = Post::new() else { return };
    let proxied = |it: &mut Config| it.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let (server, mut mail) = with_mail_and(&post, Smtp::StartTls, proxied).await;
    founder(&server).await;
    mail.next().await;
    let owner = "203.0.113.7";
    // Of one network, at many addresses.
    let strangers = async || {
        for n in 1..=10 {
            ask_from(&server, PAT, &format!("198.51.100.{n}")).await;
        }
    };
    strangers().await;
    let refused = ask_from(&server, PAT, owner).await;
    assert_eq!(refused.code(), "throttled");
    let due = refused.json()["retry_at"].as_i64().unwrap();
    assert!(due - server.state.clock.now() <= 20 * MINUTE, "no longer than a message to their network, and this one");
    while server.state.clock.now() < due {
        server.state.clock.advance(MINUTE);
        strangers().await;
    }
    let asked: SignUpCodeAsked = ask_from(&server, PAT, owner).await.body();
    let hash = server::random::token_hash(&asked.secret);
    let row = sign_up_codes::by_secret(server.state.db.read(), &hash).await.unwrap().unwrap();
    let code = made(&server, &row.id).await;
    while code_in(&mail.next().await) != code {}
    assert_eq!(check(&server, &asked.secret, &code).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_are_in_the_audit() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada) = opened(&post).await;
    let asked: SignUpCodeAsked = ask(&server, PAT, None).await.body();
    let code = code_in(&mailed(&mut mail, PAT, CODE).await);
    check(&server, &asked.secret, &not(&code)).await;
    upkeep::once(&server.state).await.unwrap();
    let events = server.get("/admin/events?outcome=denied", Some(&ada.token)).await.json();
    assert_eq!(events["items"][0]["subject"], "denials=1 sign_up_code_wrong=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_otherwise_that_they_may_have_the_address_needs_no_code() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let look_up = async |token: &str| -> InvitationInfo {
        server.post("/invitations/look-up", None, &serde_json::json!({ "token": token })).await.body()
    };
    assert!(!look_up(&server.set_up_token).await.asks_code);
    assert_eq!(ask(&server, ADA, Some(&server.set_up_token)).await.code(), "conflict");
    assert_eq!(ask(&server, ADA, None).await.code(), "unavailable", "before anybody is there");
    let ada = founder(&server).await;
    assert_eq!(ada.signed_in.account.email_verified_at, None, "the operator's word is not the mailbox's");
    mail.next().await;

    let dora = "dora.doctor@example.org";
    let body = CreateInvitation { role: Role::Doctor, email: Some(dora.into()), placeholder: None, expires_in: None };
    let created: CreatedInvitation = server.post("/invitations", Some(&ada.token), &body).await.body();
    let by_mail = mail.next().await.token(&format!("{}/sign-up#invite=", server.origin));
    assert!(!look_up(&by_mail).await.asks_code && look_up(&created.token).await.asks_code);
    assert_eq!(ask(&server, dora, Some(&by_mail)).await.code(), "conflict");
    assert_eq!(ask(&server, PAT, Some(&created.token)).await.code(), "invitation_invalid", "it is for another address");
    assert_eq!(ask(&server, dora, Some("unknown")).await.code(), "invitation_invalid");
    mail.nothing().await;
    assert_eq!(ask(&server, dora, Some(&created.token)).await.status, 200);
    mailed(&mut mail, dora, CODE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_sign_up_mails_nothing_to_strangers() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail_and(&post, Smtp::StartTls, |it| it.open_sign_up = false).await;
    founder(&server).await;
    mail.next().await;
    for email in [ADA, PAT] {
        assert_eq!(ask(&server, email, None).await.code(), "forbidden");
    }
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_no_code_is_asked_for() {
    let server = Server::start().await;
    founder(&server).await;
    for email in [ADA, PAT] {
        assert_eq!(ask(&server, email, None).await.code(), "conflict");
    }
    assert_eq!(check(&server, "unknown", "12345678").await.code(), "sign_up_code_expired");
    assert_eq!(ask(&server, "no address", None).await.code(), "invalid_field");
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    assert_eq!(pat.signed_in.account.email_verified_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_proved_one_address_one_has_the_account() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, _) = opened(&post).await;
    let mut twins = Vec::new();
    for _ in 0..2 {
        twins.push(prepared(&server, &mut mail, &Applicant::new("Pat Patient", Role::Patient)).await);
    }
    let [a, b] = [&twins[0], &twins[1]];
    let (a, b) = tokio::join!(finish(&server, &a.0, Some(&a.1)), finish(&server, &b.0, Some(&b.1)));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", a.text, b.text);
    let refused = if a.status == 409 { a } else { b };
    assert_eq!(refused.code(), "email_taken");
    mail.nothing().await;
    assert_eq!(outbox(&server).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_no_code_and_no_secret() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, _) = opened(&post).await;
    let asked: SignUpCodeAsked = ask(&server, PAT, None).await.body();
    let code = code_in(&mailed(&mut mail, PAT, CODE).await);
    let secrets = [
        asked.secret.clone().into_bytes(),
        api_types::B64::decode(&asked.secret).unwrap().0,
        code.clone().into_bytes(),
        format!("{} {}", &code[..4], &code[4..]).into_bytes(),
    ];
    let folder = server.stop().await;
    let mut read = 0;
    for file in std::fs::read_dir(folder.path()).unwrap().flatten().filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        read += bytes.len();
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "in {:?}", file.file_name());
        }
    }
    assert!(read > 100_000 || crate::harness::on_postgres(), "{read} bytes");
}
