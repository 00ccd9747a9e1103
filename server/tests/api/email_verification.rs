//! Whose address is verified: by a link that was mailed to it, once, and by nothing else.

use api_types::{
    accounts::{AccountList, AdminAccountList, OwnAccount, Role, VerifyEmail},
    instance::Instance,
};
use entities::{accounts, email_verifications};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use server::clock::{DAY, HOUR};

use crate::{
    harness::{Answer, Server},
    mail_server::{Mail, MailServer, Post, Smtp, with_mail},
    person::{Applicant, Person, founder},
};

const INVALID: &str = "email_verification_invalid";

fn token(server: &Server, message: &Mail) -> String {
    message.token(&format!("{}/verify-email#token=", server.origin))
}

async fn verify(server: &Server, session: Option<&str>, token: &str) -> Answer {
    server.post("/email-verification", session, &VerifyEmail { token: token.to_owned() }).await
}

async fn send(server: &Server, who: &Person) -> Answer {
    server.post("/account/email/verification", Some(&who.token), &()).await
}

async fn verified(server: &Server, who: &Person) -> bool {
    let account: OwnAccount = server.get("/account", Some(&who.token)).await.body();
    account.email_verified_at.is_some()
}

/// As accounts are from before the server sent mail.
async fn unverify(server: &Server, who: &Person) {
    let tx = server.state.db.begin_write().await.unwrap();
    let before = accounts::Entity::update_many().col_expr(accounts::Column::EmailVerifiedAt, Expr::value(None::<i64>));
    before.filter(accounts::Column::Id.eq(who.id.0.to_vec())).exec(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

/// A patient with an account whose address isn't verified, and the token of the link that was mailed.
async fn patient(server: &Server, mail: &mut MailServer, name: &str) -> (Person, String) {
    let person = Applicant::new(name, Role::Patient).sign_up(server, None).await;
    assert_eq!(mail.next().await.subject(), "your code to create an account");
    unverify(server, &person).await;
    assert_eq!(send(server, &person).await.status, 204);
    let message = mail.next().await;
    assert_eq!(message.to, std::slice::from_ref(&person.applicant.email));
    (person, token(server, &message))
}

/// A server with a mail server, its administrator, and the token of theirs.
async fn opened(post: &Post) -> (Server, MailServer, Person, String) {
    let (server, mut mail) = with_mail(post, Smtp::StartTls).await;
    let ada = founder(&server).await;
    let link = token(&server, &mail.next().await);
    (server, mail, ada, link)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_verifies_its_address_once() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada, _) = opened(&post).await;
    let instance: Instance = server.get("/instance", None).await.body();
    assert!(instance.mail);
    let (pat, link) = patient(&server, &mut mail, "Pat Patient").await;
    assert!(!verified(&server, &pat).await);
    let shown = async || -> (bool, Option<bool>) {
        let list: AdminAccountList = server.get("/admin/accounts", Some(&ada.token)).await.body();
        let row = list.items.into_iter().find(|row| row.account.id == pat.id).unwrap();
        let path = "/accounts?email=pat.patient@example.org";
        let found: AccountList = server.get(path, Some(&ada.token)).await.body();
        (row.email_verified_at.is_some(), found.email_verified)
    };
    assert_eq!(shown().await, (false, Some(false)));

    assert_eq!(verify(&server, None, &link).await.status, 204);
    assert!(verified(&server, &pat).await);
    assert_eq!(shown().await, (true, Some(true)));
    assert_eq!(verify(&server, None, &link).await.code(), INVALID, "it counts once");
    assert_eq!(send(&server, &pat).await.code(), "conflict", "nothing is left to verify");
    mail.nothing().await;

    let by_name: AccountList = server.get("/accounts?name=pat", Some(&ada.token)).await.body();
    assert_eq!(by_name.email_verified, None, "only who knew the address is told");
    let events = server.get("/admin/events?action=account_change", Some(&ada.token)).await.json();
    let events: Vec<_> = events["items"].as_array().unwrap().iter().collect();
    let event = events.iter().find(|event| event["subject"] == "what=email_verified way=link").unwrap();
    assert_eq!(event["actor"], pat.id.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn links_end_with_their_day() {
    let Some(post) = Post::new() else { return };
    let (server, _mail, ada, link) = opened(&post).await;
    server.state.clock.advance(DAY);
    assert_eq!(verify(&server, None, &link).await.code(), INVALID);
    assert!(!verified(&server, &ada).await);
    server::upkeep::once(&server.state).await.unwrap();
    let left = email_verifications::Entity::find().all(server.state.db.read()).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_more_link_can_be_asked_for_and_the_first_used_ends_the_others() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada, first) = opened(&post).await;
    assert_eq!(send(&server, &ada).await.status, 204);
    let second = token(&server, &mail.next().await);
    assert_ne!(first, second);
    assert_eq!(verify(&server, Some(&ada.token), &first).await.status, 204, "the mail that came late still counts");
    assert_eq!(verify(&server, Some(&ada.token), &second).await.code(), INVALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_and_again_is_slowed_down() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada, _) = opened(&post).await;
    for _ in 0..3 {
        assert_eq!(send(&server, &ada).await.status, 204);
        mail.next().await;
    }
    let answer = send(&server, &ada).await;
    assert_eq!(answer.code(), "throttled");
    assert!(answer.headers.contains_key("retry-after"));
    mail.nothing().await;
    server.state.clock.advance(HOUR);
    assert_eq!(send(&server, &ada).await.status, 204);
    mail.next().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_an_address_that_was_left_is_dead() {
    let Some(post) = Post::new() else { return };
    let (server, _mail, ada, link) = opened(&post).await;
    // By hand: the routes that change an address end such links themselves.
    let tx = server.state.db.begin_write().await.unwrap();
    let left =
        accounts::Entity::update_many().col_expr(accounts::Column::EmailKey, Expr::value("ada@elsewhere.example"));
    left.filter(accounts::Column::Id.eq(ada.id.0.to_vec())).exec(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(verify(&server, None, &link).await.code(), INVALID);
    assert!(!verified(&server, &ada).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_to_another_account_is_told_and_nothing_happens() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada, _) = opened(&post).await;
    let (pat, link) = patient(&server, &mut mail, "Pat Patient").await;
    let answer = verify(&server, Some(&ada.token), &link).await;
    assert_eq!(answer.code(), INVALID);
    assert!(answer.json()["detail"].as_str().unwrap().contains("another account"));
    assert!(!verified(&server, &ada).await && !verified(&server, &pat).await);
    assert_eq!(verify(&server, Some(&pat.token), &link).await.status, 204, "it wasn't used up");
    assert!(!verified(&server, &ada).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_can_be_made_up() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada, link) = opened(&post).await;
    let (_, other) = patient(&server, &mut mail, "Pat Patient").await;
    let mut tries = vec![String::new(), "unknown".into(), "A".repeat(64), "x".repeat(100_000)];
    // The row of one, the rest of another; and one character changed.
    tries.push(format!("{}{}", &link[..21], &other[21..]));
    for at in [0, 22, 40, 63] {
        let mut bytes = link.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        tries.push(String::from_utf8(bytes).unwrap());
    }
    for made_up in &tries {
        assert_eq!(verify(&server, None, made_up).await.code(), INVALID, "{made_up:.80}");
    }
    assert!(!verified(&server, &ada).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_no_token() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail, ada, link) = opened(&post).await;
    let body = serde_json::json!({ "role": "doctor", "email": "dora.doctor@example.org" });
    assert_eq!(server.post("/invitations", Some(&ada.token), &body).await.status, 201);
    let invitation = mail.next().await.token("/sign-up#invite=");
    // An id of a link does lie there; of the rest, nothing in any form.
    let decode = |text: &str| api_types::B64::decode(text).unwrap().0;
    let secrets = [
        link.as_bytes()[22..].to_vec(),
        decode(&link)[16..].to_vec(),
        invitation.clone().into_bytes(),
        decode(&invitation),
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

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_nothing_is_offered_and_nothing_breaks() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let instance: Instance = server.get("/instance", None).await.body();
    assert!(!instance.mail);
    assert_eq!(send(&server, &ada).await.code(), "conflict");
    let path = "/accounts?email=ada.founder@example.org";
    let found: AccountList = server.get(path, Some(&ada.token)).await.body();
    assert_eq!((found.items.len(), found.email_verified), (1, None));
    let body = serde_json::json!({ "role": "doctor", "email": "dora.doctor@example.org" });
    let created = server.post("/invitations", Some(&ada.token), &body).await.json();
    assert_eq!(created["mailed"], false);
    assert!(crate::mail_server::outbox(&server).await.is_empty());
}
