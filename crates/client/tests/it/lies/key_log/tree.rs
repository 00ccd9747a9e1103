//! The log itself: denied, with forged entries, shorter than it was, or another one.

use std::time::Duration;

use api_types::accounts::Role;
use client::{NoSecondFactor, Refusal};

use super::{ALL, clinic, leave_out};
use crate::{
    fake::{PASSWORD, device, email},
    lies::{log::stopped, refusal},
};

#[tokio::test]
async fn a_server_that_denies_its_log_is_refused_by_whoever_never_saw_it() {
    let clinic = clinic().await;
    leave_out(&clinic.server, &["log_keys_key", "log_vrf_key"]);
    let nina = clinic.server.person("Nina Newcomer", Role::Patient).await;
    let (refused, evidence) = stopped(&nina).await;
    assert_eq!((refused, evidence.key.as_str()), (Refusal::LogDenied, ""));
    assert!(evidence.shown.is_some(), "it gives out the log all the same");
    // Whoever comes without looking at the log first.
    let nina = clinic.server.client();
    let nina = nina.sign_in(&email("Nina Newcomer"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(refusal(nina.find_by_email(&email("Dora Doctor")).await), Refusal::LogDenied);
    assert_eq!(refusal(nina.find_doctors("Dora").await), Refusal::LogDenied);
    assert_eq!(refusal(nina.scan_keys(ALL).await), Refusal::LogDenied);
    assert_eq!(nina.stopped().unwrap().refusal, Refusal::LogDenied);
}

#[tokio::test]
async fn a_log_that_was_seen_is_not_denied() {
    let clinic = clinic().await;
    clinic.ann.check_log().await.unwrap();
    clinic.ann.save_state().await.unwrap();
    leave_out(&clinic.server, &["log_keys_key"]);
    assert_eq!(stopped(&clinic.again().await).await.0, Refusal::LogSignerUnknown);
}

#[tokio::test]
async fn what_stops_a_session_is_told_to_whoever_waits_for_it() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| keys.others(200));
    let ann = clinic.ann.clone();
    let waiting = tokio::spawn(async move { ann.when_stopped().await });
    clinic.ann.scan_keys(ALL).await.unwrap();
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    clinic.server.with_keys(|keys| keys.leaves.truncate(300));
    let refused = refusal(clinic.ann.check_log().await);
    let told = tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("it is told").unwrap();
    assert_eq!(refused, Refusal::LogRolledBack { seen: 404, shown: 300 });
    assert_eq!(told.refusal, refused);
}

#[tokio::test]
async fn forged_entries_end_the_session() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| {
        keys.others(200);
        keys.lie = Some(|path, file| {
            if path.contains("entries") {
                file[60] ^= 1;
            }
        });
    });
    let refused = refusal(clinic.ann.scan_keys(ALL).await);
    assert!(matches!(&refused, Refusal::LogTileForged { path } if path == "tile/entries/000"), "{refused:?}");
    assert_eq!(clinic.ann.stopped().unwrap().refusal, refused);
}

#[tokio::test]
async fn a_shorter_or_another_tree_of_keys_ends_the_session() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| keys.others(200));
    clinic.ann.check_log().await.unwrap();
    clinic.ann.save_state().await.unwrap();
    clinic.server.with_keys(|keys| keys.leaves.truncate(300));
    assert!(matches!(
        refusal(clinic.again().await.check_log().await),
        Refusal::LogRolledBack { seen: 404, shown: 300 }
    ));
    clinic.server.with_keys(|keys| keys.others(200));
    assert!(matches!(refusal(clinic.again().await.check_log().await), Refusal::LogForked { seen: 404 }));
}
