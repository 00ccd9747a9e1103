//! Whoever makes things happen again and again floods no mailbox and fills no disk.

use entities::outbox::{Column, Entity as Mails};
use sea_orm::{EntityTrait, QueryOrder, sea_query::Expr};
use server::{
    clock::{HOUR, MINUTE},
    mail::MailKind,
    services::notices::KEPT,
};

use crate::{
    harness::Server,
    mail_outbox::{FOUNDER, start, tell},
    mail_server::{Post, Smtp, free_port, later, outbox, until_outbox, with_mail},
    person::founder,
};

/// As messages say what time it is.
fn time(server: &Server) -> String {
    let minutes = server.state.clock.now() / MINUTE % (24 * 60);
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_fills_neither_the_mailbox_nor_the_disk() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    founder(&server).await;
    mail.next().await;
    for _ in 0..30 {
        tell(&server, FOUNDER, MailKind::NewDevice).await;
    }
    for _ in 0..6 {
        assert_eq!(mail.next().await.subject(), "signed in on a new device");
    }
    mail.nothing().await;
    until_outbox(&server, |rows| rows == [("new_device".to_owned(), 0, false)]).await;
    tell(&server, FOUNDER, MailKind::PasswordChanged).await;
    assert_eq!(mail.next().await.subject(), "your password was changed", "another kind has its own room");
    server.state.clock.advance(2 * MINUTE);
    tell(&server, FOUNDER, MailKind::NewDevice).await;
    let last = time(&server);
    mail.nothing().await;
    later(&server, 3 * MINUTE);
    let message = mail.next().await;
    assert_eq!(message.subject(), "signed in on a new device", "the last one came to its turn");
    assert!(message.body.contains(&last), "of {last}: {}", message.body);
    mail.nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_while_the_mail_server_is_down_is_bounded() {
    let Some(post) = Post::new() else { return };
    let server = start(post.config(Smtp::StartTls, free_port())).await;
    founder(&server).await;
    for _ in 0..40 {
        for kind in MailKind::ALL.into_iter().filter(|kind| !matches!(kind, MailKind::Invitation)) {
            tell(&server, FOUNDER, kind).await;
        }
        server.state.clock.advance(40 * MINUTE);
    }
    let rows = outbox(&server).await;
    for kind in MailKind::ALL {
        let name = server::audit::enum_name(&kind);
        let most = if kind == MailKind::ReportShared { 1 } else { KEPT };
        assert!(rows.iter().filter(|row| row.0 == name).count() <= most, "{name}: {rows:?}");
    }
}

/// What keeps a mail server down may be who signs in meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_that_happened_while_the_mail_server_was_down_is_told_of() {
    let Some(post) = Post::new() else { return };
    let port = free_port();
    let server = start(post.config(Smtp::StartTls, port)).await;
    founder(&server).await;
    for _ in 0..40 {
        server.state.clock.advance(40 * MINUTE);
        tell(&server, FOUNDER, MailKind::NewDevice).await;
    }
    let last = time(&server);
    let mut mail = post.serve(Smtp::StartTls, port, &[]);
    later(&server, 5 * HOUR);
    let mut bodies = Vec::new();
    while bodies.len() < KEPT {
        let message = mail.next().await;
        if message.subject() == "signed in on a new device" {
            bodies.push(message.body);
        }
    }
    mail.nothing().await;
    assert!(bodies.iter().any(|body| body.contains(&last)), "of {last}: {bodies:?}");
}

/// What happens while a mail server is slow sends nothing twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_sent_is_not_queued_once_more() {
    let Some(post) = Post::new() else { return };
    // It is silent, so that whatever the server tries meanwhile holds on: one that fails would be let go of when the clock of that
    // try is hours behind the one that says what is in hand.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let server = start(post.config_at(Smtp::StartTls, port, "127.0.0.1", "ca.pem")).await;
    founder(&server).await;
    for kind in [MailKind::ReportShared, MailKind::NewDevice] {
        for _ in 0..KEPT {
            tell(&server, FOUNDER, kind).await;
            server.state.clock.advance(HOUR);
        }
    }
    let in_hand = server.state.clock.now() + 9 * MINUTE;
    let held = Mails::update_many().col_expr(Column::LeasedUntil, Expr::value(in_hand));
    let tx = server.state.db.begin_write().await.unwrap();
    held.exec(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let before = ids(&server).await;
    for kind in [MailKind::ReportShared, MailKind::NewDevice] {
        tell(&server, FOUNDER, kind).await;
    }
    assert_eq!(ids(&server).await, before);
}

async fn ids(server: &Server) -> Vec<Vec<u8>> {
    let rows = Mails::find().order_by_asc(Column::Id).all(server.state.db.read()).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}
