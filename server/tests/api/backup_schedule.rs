//! Backups that a server makes by itself, and who hears where it doesn't.

use std::{fs, time::Duration};

use server::{
    backup::schedule,
    clock::{DAY, HOUR, MINUTE},
    services,
};

use crate::{
    backup::{Vaulted, events},
    harness::Server,
    mail_kinds::opened,
    mail_server::{Post, Smtp, with_mail_and},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_stops_no_schedule() {
    let vaulted = Vaulted::new();
    let plan = vaulted.schedule(None);
    let server = Server::start_with(|it| it.backup = Some(plan)).await;
    // The server makes the first one by itself.
    while events(&server, "what=backup %").await < 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.state.clock.advance(DAY);
    assert!(schedule::once(&server.state).await.unwrap().is_some(), "by a clock that is ahead");
    server.state.clock.advance(HOUR + MINUTE - DAY);
    assert!(schedule::once(&server.state).await.unwrap().is_some(), "it is right again, and one is due");
    assert!(schedule::once(&server.state).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_overdue_is_said_though_a_clock_that_was_ahead_said_so_of_another() {
    let server = Server::start().await;
    let overdue = async || {
        services::backups::alert_overdue(&server.state).await.unwrap();
        events(&server, "what=backup_overdue").await
    };
    server.state.clock.advance(2 * DAY);
    assert_eq!(overdue().await, 1);
    assert_eq!(overdue().await, 1, "once for as long");
    server.state.clock.advance(-2 * DAY);
    assert_eq!(overdue().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_backups_and_hear_of_those_that_fail() {
    let Some(post) = Post::new() else { return };
    let vaulted = Vaulted::new();
    let plan = vaulted.schedule(Some("24h"));
    let (server, mut mail) = with_mail_and(&post, Smtp::StartTls, |it| it.backup = Some(plan)).await;
    let [administrator, ..] = opened(&server, &mut mail).await;
    // The server makes the first one by itself.
    let first = loop {
        match administrator.api().get_backups().await.unwrap() {
            status if status.last.is_some() => break status,
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let good = first.last.unwrap();
    assert!(first.failed.is_none() && !first.overdue && good.bytes > 0, "{good:?}");
    assert_eq!(first.next_at, Some(good.began_at + HOUR));
    assert!(schedule::once(&server.state).await.unwrap().is_none(), "not yet");

    // The place is gone.
    let elsewhere = vaulted.folder.path().join("elsewhere");
    fs::rename(vaulted.path(), &elsewhere).unwrap();
    fs::write(vaulted.path(), "no folder").unwrap();
    server.state.clock.advance(HOUR + MINUTE);
    assert!(schedule::once(&server.state).await.unwrap().is_none());
    server.state.db.mail().notify_one();
    let message = mail.next().await;
    assert_eq!((message.to.as_slice(), message.subject()), (&["ada@clinic.example".to_owned()][..], "a backup failed"));
    let status = administrator.api().get_backups().await.unwrap();
    assert_eq!(status.last.as_ref(), Some(&good));
    assert!(!status.failed.unwrap().error.is_empty() && !status.overdue);

    server.state.clock.advance(HOUR + MINUTE);
    schedule::once(&server.state).await.unwrap();
    schedule::once(&server.state).await.unwrap();
    server.state.db.mail().notify_one();
    let mut subjects = [mail.next().await.subject().to_owned(), mail.next().await.subject().to_owned()];
    subjects.sort();
    assert_eq!(subjects, ["a backup failed", "a backup is overdue"]);
    assert_eq!(events(&server, "what=backup_overdue").await, 1, "once a day");
    assert!(administrator.api().get_backups().await.unwrap().overdue);

    fs::remove_file(vaulted.path()).unwrap();
    fs::rename(&elsewhere, vaulted.path()).unwrap();
    server.state.clock.advance(HOUR);
    // It goes on, whoever looks first: the server does so by itself as well.
    schedule::once(&server.state).await.unwrap();
    loop {
        let status = administrator.api().get_backups().await.unwrap();
        if status.last != Some(good.clone()) {
            assert!(status.failed.is_none() && !status.overdue);
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
