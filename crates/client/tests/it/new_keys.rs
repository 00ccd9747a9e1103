//! New keys of one's own, of which nothing is heard: the server took them, and its answer was lost.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use api_types::{ReportId, accounts::Role};
use client::{NoSecondFactor, PatientChoice, Vault};
use serde_json::json;

use crate::{
    fake::{Fake, PASSWORD, World, device, email},
    flows::report,
};

/// Ann, who has a report, on a server with a log of keys.
async fn scene() -> (Arc<Fake>, Vault<World>, ReportId) {
    let server = Fake::new();
    server.keep_keys();
    let ann = server.person("Ann Example", Role::Patient).await;
    let id = report(&ann, PatientChoice::Account(ann.account_id())).await;
    (server, ann, id)
}

/// The same, after new keys were made and the connection broke before anything was heard of them.
async fn unheard_of() -> (Arc<Fake>, Vault<World>, ReportId) {
    let (server, ann, id) = scene().await;
    let broken = AtomicBool::new(false);
    server.lie(move |request, value| {
        if request.path.ends_with("/account/keys") {
            broken.store(true, Ordering::Relaxed);
        }
        if request.path.ends_with("/account") && broken.load(Ordering::Relaxed) {
            *value = json!({});
        }
    });
    server.loses_answer.store(true, Ordering::Relaxed);
    assert_eq!(ann.rotate_keys().await.unwrap_err().code(), "offline");
    assert_eq!(ann.key_epoch().0, 0, "not known yet");
    assert_eq!(server.db().accounts[&ann.account_id()].key_records.len(), 2, "but so it is");
    server.be_honest();
    (server, ann, id)
}

/// Here and in a new session what there was is read and something new is written, and nobody is alarmed.
async fn go_on(server: &Arc<Fake>, ann: &Vault<World>, before: &ReportId, epoch: u32) {
    let again = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    for vault in [ann, &again] {
        assert_eq!(vault.key_epoch().0, epoch);
        let after = report(vault, PatientChoice::Account(vault.account_id())).await;
        for id in [before, &after] {
            let open = vault.report(id).await.unwrap();
            vault.version(&open, 1).await.unwrap();
        }
        vault.scan_keys(u64::MAX).await.unwrap();
        assert_eq!(vault.alarms(), []);
    }
}

#[tokio::test]
async fn what_was_not_heard_is_asked_after_at_once() {
    let (server, ann, id) = scene().await;
    server.loses_answer.store(true, Ordering::Relaxed);
    ann.rotate_keys().await.unwrap();
    go_on(&server, &ann, &id, 1).await;
}

#[tokio::test]
async fn the_next_look_at_the_account_finds_it_out() {
    let (server, ann, id) = unheard_of().await;
    ann.refresh().await.unwrap();
    go_on(&server, &ann, &id, 1).await;
}

#[tokio::test]
async fn so_does_the_next_save_after_the_old_keys_signed_once_more() {
    let (server, ann, id) = unheard_of().await;
    let meanwhile = report(&ann, PatientChoice::Account(ann.account_id())).await;
    ann.save_state().await.unwrap();
    go_on(&server, &ann, &id, 1).await;
    ann.report(&meanwhile).await.unwrap();
}

#[tokio::test]
async fn so_does_the_log_of_keys_which_alarms_nobody() {
    let (server, ann, id) = unheard_of().await;
    ann.scan_keys(u64::MAX).await.unwrap();
    assert_eq!(ann.alarms(), []);
    go_on(&server, &ann, &id, 1).await;
}

#[tokio::test]
async fn whoever_makes_new_ones_again_has_made_them_twice() {
    let (server, ann, id) = unheard_of().await;
    ann.rotate_keys().await.unwrap();
    go_on(&server, &ann, &id, 2).await;
}
