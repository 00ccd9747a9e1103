//! What is erased ages out of the server's own backups by the date that was said before.

use std::{fs, time::Duration};

use client::InBackups;
use server::{
    backup::{
        self, BackupError,
        schedule::{self, Schedule},
    },
    clock::{DAY, MINUTE},
    upkeep,
};

use crate::{
    backup::{Vaulted, events, write_some},
    harness::Server,
    honest_client::clinic,
};

/// Bytes of a whole segment: nothing else that these backups hold is as large.
const SEGMENT: u64 = 8 * 1024 * 1024;

/// A day goes by, and the server makes its next backup, by itself or now.
async fn a_day_later(server: &Server, vaulted: &Vaulted) {
    let since = server.state.clock.now() + DAY / 2;
    server.state.clock.advance(DAY);
    loop {
        schedule::once(&server.state).await.unwrap();
        if vaulted.snapshots().await.last().is_some_and(|newest| newest.time() > since) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn largest(vaulted: &Vaulted) -> u64 {
    vaulted.files().first().map_or(0, |path| fs::metadata(path).unwrap().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_in_no_backup_after_the_date_that_was_said() {
    let vaulted = Vaulted::new();
    let plan = Schedule { every: "1d".parse().unwrap(), ..vaulted.schedule(Some("2d")) };
    let server = Server::start_with(|config| config.backup = Some(plan.clone())).await;
    let [_, _, patient] = clinic(&server).await;
    let report = write_some(&patient, 1).await.remove(0);
    let held = loop {
        match backup::take(&plan.order(&server.state)).await {
            Ok(taken) => break taken.id,
            // The server's own first one.
            Err(BackupError::Busy) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(largest(&vaulted) >= SEGMENT, "it is in there");

    let InBackups::Until(said) = patient.erased_in_backups().await.unwrap() else { panic!("no date") };
    let erased_at = server.state.clock.now();
    assert!((said - erased_at - 4 * DAY).abs() < MINUTE, "{said} {erased_at}");
    patient.erase_report(&report).await.unwrap();
    assert_eq!(events(&server, "in_backups_until=%").await, 1, "the record says so, too");
    upkeep::once(&server.state).await.unwrap();

    a_day_later(&server, &vaulted).await;
    assert!(vaulted.snapshots().await.contains(&held) && largest(&vaulted) >= SEGMENT, "not yet");
    while server.state.clock.now() + DAY <= said {
        a_day_later(&server, &vaulted).await;
    }
    let left = vaulted.snapshots().await;
    assert!(!left.is_empty() && left.iter().all(|snapshot| snapshot.time() > erased_at), "{left:?}");
    assert!(largest(&vaulted) < SEGMENT, "nor does an object of it lie there");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_set_an_end_no_date_is_said() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    assert_eq!(patient.erased_in_backups().await.unwrap(), InBackups::NoneKnown);
    vaulted.take(&server).await;
    assert_eq!(patient.erased_in_backups().await.unwrap(), InBackups::NoEnd, "one that was made by hand");

    let vaulted = Vaulted::new();
    let server = Server::start_with(|config| config.backup = Some(vaulted.schedule(None))).await;
    let [_, _, patient] = clinic(&server).await;
    assert_eq!(patient.erased_in_backups().await.unwrap(), InBackups::NoEnd, "all are kept");
    let report = write_some(&patient, 1).await.remove(0);
    patient.erase_report(&report).await.unwrap();
    assert_eq!(events(&server, "%in_backups_until=%").await, 0);
}
