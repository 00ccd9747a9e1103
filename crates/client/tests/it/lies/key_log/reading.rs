//! How far the log was read: on from where it was, said where it can't be, and at what cost.

use std::time::Instant;

use client::{AlarmKind, KeysRead, PatientChoice, Scanned};

use super::{ALL, alarm, clinic};
use crate::{fake::email, flows::report, lies::straight};

#[tokio::test]
async fn a_scan_goes_on_where_the_last_one_ended() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| keys.others(500));
    assert_eq!(clinic.ann.scan_keys(1).await.unwrap(), Scanned { read: 256, left: 748 });
    assert_eq!(clinic.ann.scan_keys(300).await.unwrap(), Scanned { read: 512, left: 236 });
    clinic.ann.save_state().await.unwrap();
    let leaf = clinic.server.with_keys(|keys| keys.bind(&email("Ann Example"), clinic.dora.account_id()));
    let next = clinic.again().await;
    clinic.server.with_keys(|keys| keys.asked.clear());
    assert_eq!(next.scan_keys(ALL).await.unwrap(), Scanned { read: 237, left: 0 });
    let asked = clinic.server.with_keys(|keys| keys.asked.clone());
    let bundles = asked.iter().filter(|(path, _)| path.contains("entries"));
    assert_eq!(bundles.count(), 1, "{asked:?}");
    assert_eq!(next.alarms(), [alarm(leaf, AlarmKind::OwnAddress { other: true })]);
}

/// A server that gives out the log's head, and not what stands there, hides an alarm. What it can't hide is that.
#[tokio::test]
async fn a_log_that_is_not_given_out_is_known_as_unread() {
    let clinic = clinic().await;
    assert_eq!(clinic.ann.keys_read(), KeysRead::NotYet);
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.keys_read(), KeysRead::UpTo { left: 0 });
    let leaf = clinic.server.with_keys(|keys| keys.bind(&email("Ann Example"), clinic.dora.account_id()));
    for (times, part) in (1..).zip(["tile/entries", "tile/entries", "checkpoint"]) {
        clinic.server.with_keys(|keys| keys.unavailable = Some(part));
        assert_eq!(clinic.ann.scan_keys(ALL).await.unwrap_err().code(), "answer", "{part}");
        assert_eq!((clinic.ann.keys_read(), clinic.ann.alarms()), (KeysRead::Failed { times }, vec![]), "{part}");
        assert_eq!(clinic.ann.stopped(), None, "it may be broken");
    }
    clinic.server.with_keys(|keys| keys.unavailable = None);
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.keys_read(), KeysRead::UpTo { left: 0 });
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OwnAddress { other: true })]);
    clinic.server.with_keys(|keys| keys.others(500));
    clinic.ann.scan_keys(1).await.unwrap();
    assert_eq!(clinic.ann.keys_read(), KeysRead::UpTo { left: 749 });
}

#[tokio::test]
async fn shares_and_reports_are_as_quick_as_the_people_in_them_are_few() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| keys.others(5_000));
    let id = report(&clinic.dora, PatientChoice::Account(clinic.ann.account_id())).await;
    clinic.ann.share(&id, &straight(&clinic.dora)).await.unwrap();
    let asked = clinic.server.with_keys(|keys| std::mem::take(&mut keys.asked));
    assert!(asked.len() < 20, "{asked:?}");
    clinic.ann.report(&id).await.unwrap();
    let asked = clinic.server.with_keys(|keys| std::mem::take(&mut keys.asked));
    assert!(asked.is_empty(), "whoever is known isn't asked about again: {asked:?}");
}

/// What it costs a new device to read all of a large clinic's log, and then a day's change.
#[tokio::test]
async fn a_hundred_thousand_accounts_are_no_burden() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| {
        keys.others(100_000);
        keys.asked.clear();
    });
    let scan = async || {
        let begun = Instant::now();
        let scanned = clinic.ann.scan_keys(ALL).await.unwrap();
        let asked = clinic.server.with_keys(|keys| std::mem::take(&mut keys.asked));
        let bytes: usize = asked.iter().map(|(_, length)| length).sum();
        println!("{} entries: {} files, {bytes} bytes, {:?}", scanned.read, asked.len(), begun.elapsed());
        (asked.len(), bytes)
    };
    let (files, bytes) = scan().await;
    assert!(files < 800 && bytes < 18_000_000, "{files} {bytes}");
    clinic.server.with_keys(|keys| keys.others(50));
    let (files, bytes) = scan().await;
    assert!(files < 12 && bytes < 80_000, "{files} {bytes}");
    assert_eq!(clinic.ann.alarms(), []);
}
