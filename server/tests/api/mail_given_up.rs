//! Mail that is given up: what is refused or put off for days, and what a clock that was ahead says of it.

use server::{
    clock::{DAY, HOUR, MINUTE},
    mail::MailKind,
    services::notices::KEPT,
    storage::{
        lease_time::Times,
        outbox::{self as rows, OutboxRow},
    },
};

use crate::{
    harness::Server,
    mail_outbox::{FOUNDER, TELLS, tell, until_state},
    mail_server::{Post, Smtp, later, nowhere, outbox, until_outbox, with_mail},
    person::{Person, founder, sign_in},
};
use api_types::sessions::Carrier;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_off_for_five_days_is_given_up_and_administrators_see_it() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let ada = founder(&server).await;
    assert_eq!(mail.next().await.to, [FOUNDER]);
    until_outbox(&server, <[_]>::is_empty).await;
    let port = mail.port;
    drop(mail);
    let mail = post.serve(Smtp::StartTls, port, &["--defer", "1000"]);
    tell(&server, FOUNDER, MailKind::SecondFactorAdded).await;
    let waits = |attempts| move |rows: &[(String, i32, bool)]| rows == [(TELLS.to_owned(), attempts, false)];
    until_outbox(&server, waits(1)).await;
    later(&server, DAY);
    until_outbox(&server, waits(2)).await;
    // Four days for which the mail server fails are none of the five.
    drop(mail);
    later(&server, DAY);
    until_outbox(&server, waits(3)).await;
    later(&server, 4 * DAY);
    until_outbox(&server, waits(4)).await;
    let _mail = post.serve(Smtp::StartTls, port, &["--defer", "1000"]);
    for attempts in 5..8 {
        later(&server, DAY);
        until_outbox(&server, waits(attempts)).await;
    }
    later(&server, DAY);
    until_outbox(&server, |rows| rows == [(TELLS.to_owned(), 8, true)]).await;
    let (again, _) = sign_in(&server, FOUNDER, &ada.applicant.password, Carrier::Bearer).await;
    let ada = Person { token: again.json()["token"].as_str().unwrap().to_owned(), ..ada };
    until_state(&server, &ada, |found| (found.waiting, found.given_up) == (0, 1)).await;
}

/// What one message waits for, of a row.
pub fn waiting(id: u8, refused_since: Option<i64>, failing_since: Option<i64>) -> OutboxRow {
    OutboxRow {
        id: [id; 16],
        kind: MailKind::PasswordChanged,
        account: None,
        subject: None,
        address: FOUNDER.into(),
        address_key: FOUNDER.into(),
        created_at: 0,
        due_at: 0,
        attempts: 0,
        refused_since,
        failing_since,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_for_which_the_mail_server_failed_is_none_of_a_refusal() {
    let server = Server::start().await;
    let mut tx = server.state.db.begin_write().await.unwrap();
    let of = [(Some(1_000), Some(5_000)), (None, Some(5_000)), (Some(1_000), None), (Some(1_000), Some(20_000))];
    for (id, (refused, failing)) in (1..).zip(of) {
        tx.queue_mail(&waiting(id, refused, failing)).await.unwrap();
    }
    rows::works(tx.conn(), 9_000).await.unwrap();
    let mut left = rows::due(tx.conn(), Times { own: 9_000, leases: 9_000 }, 10).await.unwrap();
    left.sort_by_key(|row| row.id);
    let found: Vec<_> = left.iter().map(|row| (row.refused_since, row.failing_since)).collect();
    // The last one's was noted by a clock that was ahead.
    assert_eq!(found, [(Some(5_000), None), (None, None), (Some(1_000), None), (Some(1_000), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_keeps_nothing_new_out_and_only_the_newest_of_it_stay() {
    let server = Server::start_with(|it| it.mail = Some(nowhere())).await;
    founder(&server).await;
    let now = server.state.clock.now();
    let mut tx = server.state.db.begin_write().await.unwrap();
    for id in 1..=12 {
        let row = waiting(id, None, None);
        tx.queue_mail(&row).await.unwrap();
        rows::fail(tx.conn(), (&row.id, 0), 1, now + i64::from(id)).await.unwrap();
        rows::keep_failed(tx.conn(), FOUNDER, row.kind, KEPT).await.unwrap();
    }
    tx.commit().await.unwrap();
    tell(&server, FOUNDER, MailKind::PasswordChanged).await;
    let of_kind = outbox(&server).await.into_iter().filter(|row| row.0 == "password_changed");
    let (given_up, waits): (Vec<_>, Vec<_>) = of_kind.partition(|row| row.2);
    assert_eq!((given_up.len(), waits.len()), (KEPT, 1));
}

/// The server that a clock was ahead of was killed with a message in hand, or before the turn of one.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_keeps_no_message_waiting() {
    let server = Server::start().await;
    let mut tx = server.state.db.begin_write().await.unwrap();
    let now = server.state.clock.now();
    let at = Times { own: now, leases: now };
    let due = [now, now + 365 * DAY, now + 4 * HOUR, now];
    for (id, due_at) in (1..).zip(due) {
        tx.queue_mail(&OutboxRow { due_at, ..waiting(id, None, None) }).await.unwrap();
    }
    // Held by a clock that is a little ahead, and by one that was far ahead.
    assert!(rows::lease(tx.conn(), &[4; 16], at, now + 19 * MINUTE).await.unwrap());
    assert!(rows::lease(tx.conn(), &[1; 16], at, now + 365 * DAY).await.unwrap());
    let mut free: Vec<_> = rows::due(tx.conn(), at, 10).await.unwrap().iter().map(|row| row.id[0]).collect();
    free.sort_unstable();
    assert_eq!(free, [1, 2]);
    for id in [1, 2] {
        assert!(rows::lease(tx.conn(), &[id; 16], at, now + 10 * MINUTE).await.unwrap());
        assert!(!rows::lease(tx.conn(), &[id; 16], at, now + 10 * MINUTE).await.unwrap(), "it is in hand now");
    }
    // Who held the first one by that clock ends nothing of it any more.
    rows::delete(tx.conn(), (&[1; 16], now + 365 * DAY)).await.unwrap();
    let after = Times { own: now + 10 * MINUTE, leases: now + 10 * MINUTE };
    assert_eq!(rows::due(tx.conn(), after, 10).await.unwrap().len(), 2);
}
