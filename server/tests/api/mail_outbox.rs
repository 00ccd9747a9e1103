//! The outbox: a mail server that is away, slow, in a bad mood or somebody else's delays nothing and loses nothing.

use std::time::{Duration, Instant};

use server::{
    clock::{DAY, HOUR, MINUTE},
    mail::{MailConfig, MailKind, outbox as sender},
    services::notices,
    storage::{
        accounts,
        lease_time::Times,
        outbox::{self as rows, OutboxRow},
    },
    upkeep,
};

use crate::{
    harness::Server,
    mail_given_up::waiting,
    mail_server::{MailServer, Post, Smtp, free_port, later, outbox, until_outbox, with_mail},
    person::{Applicant, Person, founder, sign_in},
};
use api_types::{accounts::Role, mail::MailState, sessions::Carrier};

pub const FOUNDER: &str = "ada.founder@example.org";
pub const WAITS: &str = "email_verification";
pub const TELLS: &str = "second_factor_added";

pub async fn start(config: MailConfig) -> Server {
    Server::start_with(|it| it.mail = Some(config)).await
}

async fn patient(server: &Server, name: &str) -> Person {
    Applicant::new(name, Role::Patient).sign_up(server, None).await
}

/// One message for the founder, and no other.
pub async fn founder_is_told_once(server: &Server, mail: &mut MailServer) {
    assert_eq!(mail.next().await.to, [FOUNDER]);
    until_outbox(server, <[_]>::is_empty).await;
    later(server, DAY);
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_down_delays_nothing_and_gets_the_message_later() {
    let Some(post) = Post::new() else { return };
    let port = free_port();
    let server = start(post.config(Smtp::StartTls, port)).await;
    let ada = founder(&server).await;
    until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 1, false)]).await;
    let (signed_in, _) = sign_in(&server, &ada.applicant.email, &ada.applicant.password, Carrier::Bearer).await;
    assert_eq!(signed_in.status, 200);
    for attempts in 2..4 {
        later(&server, 4 * MINUTE);
        until_outbox(&server, |rows| rows == [(WAITS.to_owned(), attempts, false)]).await;
    }
    let mut mail = post.serve(Smtp::StartTls, port, &[]);
    later(&server, 4 * MINUTE);
    founder_is_told_once(&server, &mut mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_says_nothing_delays_nobody() {
    let Some(post) = Post::new() else { return };
    // It takes connections and is silent.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server =
        start(post.config_at(Smtp::StartTls, silent.local_addr().unwrap().port(), "127.0.0.1", "ca.pem")).await;
    let begun = Instant::now();
    let ada = founder(&server).await;
    for n in 0..3 {
        patient(&server, &format!("Pat Number{n}")).await;
        let (signed_in, _) = sign_in(&server, &ada.applicant.email, &ada.applicant.password, Carrier::Bearer).await;
        assert_eq!(signed_in.status, 200);
    }
    // A wait for the mail server would take half a minute each.
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    let begun = Instant::now();
    let folder = server.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(25), "it ends: {:?}", begun.elapsed());
    // What was in hand then is tried anew.
    let mut mail = post.serve(Smtp::StartTls, 0, &[]);
    let config = post.config(Smtp::StartTls, mail.port);
    let server = Server::start_in(folder, |it| it.mail = Some(config)).await;
    later(&server, 11 * MINUTE);
    // The others' codes have ended by now, and their accounts were made.
    founder_is_told_once(&server, &mut mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_nothing() {
    let Some(post) = Post::new() else { return };
    let port = free_port();
    let server = start(post.config(Smtp::Tls, port)).await;
    founder(&server).await;
    until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 1, false)]).await;
    let folder = server.stop().await;
    let mut mail = post.serve(Smtp::Tls, port, &[]);
    let config = post.config(Smtp::Tls, port);
    let server = Server::start_in(folder, |it| it.mail = Some(config)).await;
    later(&server, MINUTE);
    founder_is_told_once(&server, &mut mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_while_mail_was_sent_waits_until_it_is_again() {
    let Some(post) = Post::new() else { return };
    let port = free_port();
    let server = start(post.config(Smtp::Tls, port)).await;
    founder(&server).await;
    let folder = server.stop().await;
    let server = Server::start_in(folder, |_| ()).await;
    assert_eq!(outbox(&server).await.len(), 1);
    let folder = server.stop().await;
    let mut mail = post.serve(Smtp::Tls, port, &[]);
    let config = post.config(Smtp::Tls, port);
    let server = Server::start_in(folder, |it| it.mail = Some(config)).await;
    later(&server, 11 * MINUTE);
    founder_is_told_once(&server, &mut mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_off_is_tried_again() {
    let Some(post) = Post::new() else { return };
    let mut mail = post.serve(Smtp::StartTls, 0, &["--defer", "2"]);
    let server = start(post.config(Smtp::StartTls, mail.port)).await;
    founder(&server).await;
    until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 1, false)]).await;
    later(&server, MINUTE / 2);
    mail.nothing().await;
    later(&server, MINUTE);
    until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 2, false)]).await;
    later(&server, 2 * MINUTE);
    founder_is_told_once(&server, &mut mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_refused_holds_up_no_other_and_is_given_up_after_three_days() {
    let Some(post) = Post::new() else { return };
    let mut mail = post.serve(Smtp::StartTls, 0, &["--refuse", FOUNDER]);
    let server = start(post.config(Smtp::StartTls, mail.port)).await;
    founder(&server).await;
    until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 1, false)]).await;
    patient(&server, "Pat Patient").await;
    assert_eq!(mail.next().await.to, ["pat.patient@example.org"]);
    let rows = |attempts, failed| {
        move |rows: &[(String, i32, bool)]| rows == [("second_factor_added".to_owned(), attempts, failed)]
    };
    // A message whose link ended is of no use; this one tells of something.
    later(&server, DAY + MINUTE);
    until_outbox(&server, <[_]>::is_empty).await;
    tell(&server, FOUNDER, MailKind::SecondFactorAdded).await;
    until_outbox(&server, rows(1, false)).await;
    later(&server, 2 * DAY);
    until_outbox(&server, rows(2, false)).await;
    later(&server, DAY);
    until_outbox(&server, rows(3, true)).await;
    later(&server, 10 * DAY);
    mail.nothing().await;
    upkeep::once(&server.state).await.unwrap();
    assert!(rows(3, true)(&outbox(&server).await), "kept for whoever looks");
    server.state.clock.advance(21 * DAY);
    upkeep::once(&server.state).await.unwrap();
    assert_eq!(outbox(&server).await, []);
}

/// As administrators are told.
async fn state(server: &Server, ada: &Person) -> MailState {
    server.get("/admin/mail", Some(&ada.token)).await.body()
}

/// Until it is this.
pub async fn until_state(server: &Server, ada: &Person, is: impl Fn(&MailState) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found = state(server, ada).await;
        if is(&found) {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_fails_for_weeks_loses_nothing_and_administrators_see_since_when() {
    let Some(post) = Post::new() else { return };
    let port = free_port();
    let server = start(post.config(Smtp::StartTls, port)).await;
    let ada = founder(&server).await;
    until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 1, false)]).await;
    // A message whose link ended is of no use; this one tells of something.
    later(&server, DAY + MINUTE);
    until_outbox(&server, <[_]>::is_empty).await;
    let begun = server.state.clock.now();
    tell(&server, FOUNDER, MailKind::SecondFactorAdded).await;
    let waits = |attempts| move |rows: &[(String, i32, bool)]| rows == [(TELLS.to_owned(), attempts, false)];
    until_outbox(&server, waits(1)).await;
    for attempts in 2..12 {
        later(&server, 2 * DAY);
        until_outbox(&server, waits(attempts)).await;
    }
    // Sessions have ended meanwhile.
    let (again, _) = sign_in(&server, FOUNDER, &ada.applicant.password, Carrier::Bearer).await;
    let ada = Person { token: again.json()["token"].as_str().unwrap().to_owned(), ..ada };
    let found = state(&server, &ada).await;
    assert_eq!((found.sends, found.waiting, found.given_up), (true, 1, 0), "{found:?}");
    let since = found.failing_since.unwrap();
    assert!((begun..begun + MINUTE).contains(&since), "{since} {begun}");

    let mut mail = post.serve(Smtp::StartTls, port, &[]);
    later(&server, 5 * HOUR);
    founder_is_told_once(&server, &mut mail).await;
    until_state(&server, &ada, |found| (found.failing_since, found.waiting) == (None, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_the_mail_server_refuses_is_nobodys_refusal() {
    let Some(post) = Post::new() else { return };
    let server = {
        let wrong = post.serve(Smtp::StartTls, 0, &["--password", "another"]);
        let server = start(post.config(Smtp::StartTls, wrong.port)).await;
        let ada = founder(&server).await;
        until_outbox(&server, |rows| rows == [(WAITS.to_owned(), 1, false)]).await;
        later(&server, DAY + MINUTE);
        until_outbox(&server, <[_]>::is_empty).await;
        tell(&server, FOUNDER, MailKind::SecondFactorAdded).await;
        for attempts in 1..6 {
            until_outbox(&server, move |rows| rows == [(TELLS.to_owned(), attempts, false)]).await;
            later(&server, DAY);
        }
        let (again, _) = sign_in(&server, FOUNDER, &ada.applicant.password, Carrier::Bearer).await;
        let ada = Person { token: again.json()["token"].as_str().unwrap().to_owned(), ..ada };
        assert!(state(&server, &ada).await.failing_since.is_some());
        server
    };
    // Whoever starts it anew has mended it: nothing waits for hours.
    let folder = server.stop().await;
    let mut mail = post.serve(Smtp::StartTls, 0, &[]);
    let config = post.config(Smtp::StartTls, mail.port);
    let server = Server::start_in(folder, |it| it.mail = Some(config)).await;
    founder_is_told_once(&server, &mut mail).await;
}

/// An address that is refused says nothing of the mail server, and what waited for that leaves with the first that it takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_no_failure() {
    let Some(post) = Post::new() else { return };
    let port = free_port();
    let server = start(post.config(Smtp::StartTls, port)).await;
    let ada = founder(&server).await;
    patient(&server, "Pat Patient").await;
    // The code that was asked for at sign-up is of no use any more; this tells of something.
    tell(&server, "pat.patient@example.org", MailKind::SecondFactorAdded).await;
    let tried =
        |rows: &[(String, i32, bool)]| rows.iter().any(|row| row.0 == TELLS) && rows.iter().all(|row| row.1 > 0);
    until_outbox(&server, tried).await;
    assert!(state(&server, &ada).await.failing_since.is_some());
    let mut mail = post.serve(Smtp::StartTls, port, &["--refuse", FOUNDER]);
    later(&server, 2 * MINUTE);
    assert_eq!(mail.next().await.to, ["pat.patient@example.org"]);
    until_state(&server, &ada, |found| (found.failing_since, found.waiting) == (None, 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_send_one_sends() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::Plain).await;
    let others = [(); 3].map(|()| sender::start(server.state.clone()).unwrap());
    let mut expected = vec![FOUNDER.to_owned()];
    founder(&server).await;
    for n in 0..6 {
        expected.push(patient(&server, &format!("Pat Number{n}")).await.applicant.email);
        (0..4).for_each(|_| server.state.db.mail().notify_waiters());
    }
    let mut to = Vec::new();
    for _ in 0..expected.len() {
        to.extend(mail.next().await.to);
    }
    to.sort();
    expected.sort();
    assert_eq!(to, expected);
    mail.nothing().await;
    for other in others {
        other.stop().await;
    }
}

/// Queues a notice, as a change would.
pub async fn tell(server: &Server, email: &str, kind: MailKind) {
    let row = accounts::by_email(server.state.db.read(), email).await.unwrap().unwrap();
    let mut tx = server.state.db.begin_write().await.unwrap();
    notices::tell(&server.state, &mut tx, &row, kind).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rolled_back_is_told_to_nobody() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let ada = founder(&server).await;
    mail.next().await;
    let row = accounts::get(server.state.db.read(), ada.id).await.unwrap().unwrap();
    let mut tx = server.state.db.begin_write().await.unwrap();
    notices::tell(&server.state, &mut tx, &row, MailKind::PasswordChanged).await.unwrap();
    drop(tx);
    later(&server, MINUTE);
    mail.nothing().await;
    // An address that got an account meanwhile: the transaction of the sign-up ends before it has done anything.
    let again = Applicant::new("Pat Patient", Role::Patient).prepare(&server, None).await.unwrap();
    mail.next().await;
    patient(&server, "Pat Patient").await;
    mail.next().await;
    assert_eq!(server.post("/sign-up", None, &again).await.code(), "email_taken");
    mail.nothing().await;
    assert_eq!(outbox(&server).await, []);
}

/// By the database's clock; by its own every server finds all of these due.
fn at(leases: i64) -> Times {
    Times { own: 5_000, leases }
}

/// A server that was asleep while another took its message over neither takes it back nor ends it; and one whose own clock is ahead
/// takes none.
#[tokio::test(flavor = "multi_thread")]
async fn who_lost_a_message_to_another_server_changes_nothing_of_it() {
    let server = Server::start().await;
    let row = waiting(7, None, None);
    let mut tx = server.state.db.begin_write().await.unwrap();
    tx.queue_mail(&row).await.unwrap();
    let id = &row.id;
    assert!(rows::lease(tx.conn(), id, at(1_000), 2_000).await.unwrap());
    assert!(!rows::lease(tx.conn(), id, at(1_999), 2_999).await.unwrap(), "it is in somebody's hands");
    assert!(rows::lease(tx.conn(), id, at(2_000), 3_000).await.unwrap());
    rows::delete(tx.conn(), (id, 2_000)).await.unwrap();
    rows::put_off(tx.conn(), 2_000, &OutboxRow { attempts: 9, ..row.clone() }).await.unwrap();
    rows::fail(tx.conn(), (id, 2_000), 9, 2_500).await.unwrap();
    assert!(rows::due(tx.conn(), at(2_999), 10).await.unwrap().is_empty(), "it stays in the second one's");
    let left = rows::due(tx.conn(), at(3_000), 10).await.unwrap();
    assert_eq!((left.len(), left[0].attempts), (1, 0));
    rows::delete(tx.conn(), (id, 3_000)).await.unwrap();
    assert!(rows::due(tx.conn(), at(3_000), 10).await.unwrap().is_empty());
    tx.commit().await.unwrap();
}
