//! Another e-mail address for an account: both addresses confirm, everything else stays, and nobody is alarmed.

use api_types::{
    accounts::Role,
    email_change::{AddressSide, AnswerEmailChange, EmailChangeAnswered},
};
use client::{ClientError, NoSecondFactor, PatientChoice, Recover};
use server::storage::log_keys;

use crate::{
    harness::{Answer, Server},
    honest_client::{PASSWORD, Person, client, clinic, device, join, read, write},
    mail_kinds::opened,
    mail_server::{MailServer, Post, Smtp, with_mail},
    phones::code,
};

pub const ANN: &str = "ann@clinic.example";
pub const NEW: &str = "ann@elsewhere.example";

/// A server with mail, and a clinic whose link and codes that verify addresses are taken.
pub async fn with_clinic(post: &Post) -> (Server, MailServer, [Person; 3]) {
    let (server, mut mail) = with_mail(post, Smtp::StartTls).await;
    let people = opened(&server, &mut mail).await;
    (server, mail, people)
}

/// The tokens of the two links that were mailed, the old address's first.
pub async fn links(server: &Server, mail: &mut MailServer, [old, new]: [&str; 2]) -> [String; 2] {
    let mut found = [None::<String>, None];
    for _ in 0..2 {
        let message = mail.next().await;
        let to_old = message.to == [old.to_owned()];
        assert!(to_old || message.to == [new.to_owned()], "{:?}", message.to);
        let page = format!("{}/change-email#{}=", server.origin, if to_old { "old" } else { "new" });
        found[usize::from(!to_old)] = Some(message.token(&page));
    }
    found.map(Option::unwrap)
}

pub async fn answer(server: &Server, session: Option<&str>, token: &str, side: AddressSide, stop: bool) -> Answer {
    let body = AnswerEmailChange { token: token.to_owned(), side, stop };
    server.post("/email-change", session, &body).await
}

/// Whether the account has the new address by this answer.
pub async fn confirm(server: &Server, token: &str, side: AddressSide) -> bool {
    answer(server, None, token, side, false).await.body::<EmailChangeAnswered>().changed
}

/// Asks for another address; both confirm, and both are told.
pub async fn change(server: &Server, mail: &mut MailServer, person: &Person, [old, new]: [&str; 2]) {
    person.change_email(new).await.unwrap();
    let [of_old, of_new] = links(server, mail, [old, new]).await;
    assert!(!confirm(server, &of_old, AddressSide::Old).await);
    assert!(confirm(server, &of_new, AddressSide::New).await);
    let mut told: Vec<_> = [mail.next().await, mail.next().await]
        .map(|message| (message.to[0].clone(), message.subject().to_owned()))
        .to_vec();
    told.sort();
    let mut expected = vec![
        (old.to_owned(), "your account has another e-mail address now".to_owned()),
        (new.to_owned(), "this is the e-mail address of your account now".to_owned()),
    ];
    expected.sort();
    assert_eq!(told, expected);
    person.refresh().await.unwrap();
}

async fn calm(people: &[&Person]) {
    for person in people {
        person.scan_keys(10_000).await.unwrap();
        assert_eq!((person.alarms(), person.stopped()), (vec![], None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_changes_once_both_have_confirmed() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, [_, dora, ann]) = with_clinic(&post).await;
    let found = dora.find_by_email(ANN).await.unwrap().unwrap();
    let report = write(&dora, PatientChoice::Account(found.id)).await;
    mail.next().await;
    let other = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let locked = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap().lock();
    calm(&[&ann, &other, &dora]).await;

    ann.change_email(&format!("  {NEW} ")).await.unwrap();
    let [of_old, of_new] = links(&server, &mut mail, [ANN, NEW]).await;
    assert!(!confirm(&server, &of_new, AddressSide::New).await, "one side alone changes nothing");
    let pending = ann.email_change().await.unwrap().unwrap();
    assert_eq!((pending.email.as_str(), pending.old_confirmed, pending.new_confirmed), (NEW, false, true));
    ann.refresh().await.unwrap();
    assert_eq!(ann.who().email, ANN);
    assert!(dora.find_by_email(NEW).await.unwrap().is_none());
    assert!(confirm(&server, &of_old, AddressSide::Old).await);
    mail.next().await;
    mail.next().await;
    assert_eq!(ann.email_change().await.unwrap(), None);

    ann.refresh().await.unwrap();
    assert_eq!(ann.who().email, NEW);
    assert!(ann.api().get_account().await.unwrap().email_verified_at.is_some());
    // Whoever looks for the old address finds nobody; for the new one, this account, bound to it in the log.
    assert!(dora.find_by_email(ANN).await.unwrap().is_none());
    let found = dora.find_by_email(NEW).await.unwrap().unwrap();
    assert_eq!((found.id, found.email_verified), (ann.account_id(), Some(true)));
    // Password, keys and what was shared stay; sessions go on, a locked one too.
    let old = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await;
    assert!(matches!(old, Err(ClientError::WrongPassword)));
    let again = client(&server).sign_in(NEW, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let unlocked = locked.unlock(PASSWORD, &NoSecondFactor).await.unwrap();
    for person in [&ann, &other, &again, &unlocked, &dora] {
        read(person, &report).await.unwrap();
    }
    other.refresh().await.unwrap();
    calm(&[&ann, &other, &again, &unlocked, &dora]).await;
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_kit_goes_with_the_new_address() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, _) = with_clinic(&post).await;
    let (bea, words) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    mail.next().await;
    change(&server, &mut mail, &bea, ["bea@clinic.example", "bea@elsewhere.example"]).await;
    let words = words.join(" ");
    let recover = |email| Recover { email, words: &words, password: "another password here", device: device() };
    let old = client(&server).recover(recover("bea@clinic.example"), &NoSecondFactor).await;
    assert!(old.is_err());
    let again = client(&server).recover(recover("bea@elsewhere.example"), &NoSecondFactor).await.unwrap();
    assert_eq!(again.account_id(), bea.account_id());
    calm(&[&again]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_left_is_nobodys_but_may_be_taken_again() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, [_, dora, ann]) = with_clinic(&post).await;
    change(&server, &mut mail, &ann, [ANN, NEW]).await;
    let count = async || log_keys::count(server.state.db.read()).await.unwrap();
    assert_eq!(count().await, 7, "a record and an address each, and the new address");

    // Nobody else gets it: neither by signing up, nor by a change, which looks as if it were free.
    let kit = client(&server).new_kit();
    let sign_up = client::SignUp {
        name: "Eve Evil",
        email: ANN,
        password: PASSWORD,
        role: Role::Patient,
        kit: &kit,
        token: None,
        device: device(),
    };
    assert_eq!(code(client(&server).sign_up(sign_up).await), "sign_up_code_required");
    client(&server).ask_sign_up_code(ANN, None).await.unwrap();
    let told = mail.next().await;
    assert_eq!((&told.to[..], told.subject()), (&[ANN.to_owned()][..], "this address has an account, or had one"));
    dora.change_email(ANN).await.unwrap();
    assert_eq!(mail.next().await.to, ["dora@clinic.example"]);
    mail.nothing().await;

    // Back again: it is bound to this account already.
    change(&server, &mut mail, &ann, [NEW, ANN]).await;
    assert_eq!(count().await, 7);
    assert_eq!(dora.find_by_email(ANN).await.unwrap().unwrap().id, ann.account_id());
    assert!(dora.find_by_email(NEW).await.unwrap().is_none());
    calm(&[&ann, &dora]).await;

    // The key of labels is recognised at the next start, though the newest binding is of an address that was left.
    let folder = server.stop().await;
    let server = Server::start_in(folder, |_| ()).await;
    let ann = client(&server).sign_in(ANN, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    calm(&[&ann]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_it_is_not_offered() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    assert_eq!(code(ann.change_email(NEW).await), "conflict");
    assert_eq!(ann.email_change().await.unwrap(), None);
}
