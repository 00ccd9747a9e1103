//! Whoever is pinned must be shown with the newest keys that the log has of them.

use std::sync::Arc;

use api_types::{AccountId, B64, accounts::Role};
use client::{AlarmKind, KeysRead, PatientChoice, Refusal, Scanned, Share};
use crypto::{
    account::{KeyChain, KeyRecord, Keyring},
    sign::Signed,
};
use serde_json::json;
use tlog::leaf::KeyTreeLeaf;
use tokio::sync::Notify;

use super::{ALL, Clinic, alarm, clinic, log_record, put};
use crate::{
    fake::{email, rng},
    flows::report,
    lies::{refusal, stranger},
};

/// Somebody with two epochs, pinned by Ann at the first.
async fn pinned_at_first(clinic: &Clinic) -> (AccountId, Signed<KeyRecord>, u64) {
    let (mut keyring, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record.clone()]).unwrap();
    let next = keyring.rotate(&chain, 2, &mut rng()).unwrap();
    let id = put(&clinic.server, "Rita Rotated", &[&record]);
    log_record(&clinic.server, id, 0, &record);
    let person = clinic.ann.person(&id).await.unwrap();
    clinic.ann.mark_verified(&person).await.unwrap();
    let leaf = log_record(&clinic.server, id, 1, &next);
    (id, next, leaf)
}

#[tokio::test]
async fn keys_older_than_the_logs_are_refused_and_an_alarm() {
    let clinic = clinic().await;
    let id = report(&clinic.dora, PatientChoice::Account(clinic.ann.account_id())).await;
    let (rita, next, leaf) = pinned_at_first(&clinic).await;
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: rita, epoch: 1 })]);
    let older = Refusal::KeyRecordOlder { account: rita.to_string() };
    assert_eq!(refusal(clinic.ann.share(&id, &Share::with_code(rita)).await), older);
    assert!(!clinic.asked_to_seal());
    // On another device too.
    clinic.ann.save_state().await.unwrap();
    assert_eq!(refusal(clinic.again().await.person(&rita).await), older);
    clinic.server.db().accounts.get_mut(&rita).unwrap().key_records.push(B64::from(next.as_bytes()));
    clinic.again().await.person(&rita).await.unwrap();
}

#[tokio::test]
async fn newer_keys_that_are_given_out_are_no_alarm() {
    let clinic = clinic().await;
    let (rita, next, _) = pinned_at_first(&clinic).await;
    clinic.server.db().accounts.get_mut(&rita).unwrap().key_records.push(B64::from(next.as_bytes()));
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), []);
}

/// An honest server tells of a patient by id only to those who have a report in common. It can't be told from one that keeps newer keys
/// back, until that shows the person anywhere.
#[tokio::test]
async fn of_whom_nothing_is_told_nobody_is_alarmed_before_older_keys_of_theirs_are_shown() {
    let clinic = clinic().await;
    let (rita, _, leaf) = pinned_at_first(&clinic).await;
    let shown = clinic.ann.api().get_account_by_id(&rita).await.unwrap();
    clinic.server.db().accounts.remove(&rita);
    for _ in 0..2 {
        clinic.ann.scan_keys(ALL).await.unwrap();
        assert_eq!((clinic.ann.alarms(), clinic.ann.keys_read()), (vec![], KeysRead::UpTo { left: 0 }));
    }
    clinic.server.lie(move |request, value| {
        if request.path.contains("accounts?name=") {
            *value = json!({ "items": [shown] });
        }
    });
    let older = Refusal::KeyRecordOlder { account: rita.to_string() };
    for _ in 0..2 {
        assert_eq!(refusal(clinic.ann.find_doctors("Rita").await), older);
        assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: rita, epoch: 1 })]);
    }
    // On every device.
    clinic.ann.save_state().await.unwrap();
    assert_eq!(clinic.again().await.alarms().len(), 1);
}

/// Somebody makes new keys while an answer with the ones before is on its way, and the tree is read meanwhile. What is asked for after
/// that has them.
#[tokio::test]
async fn an_answer_that_newer_keys_overtake_on_its_way_is_refused_and_no_alarm() {
    let clinic = clinic().await;
    let (rita, _, leaf) = pinned_at_first(&clinic).await;
    let shown = clinic.ann.api().get_account_by_id(&rita).await.unwrap();
    clinic.server.db().accounts.remove(&rita);
    clinic.server.lie(move |request, value| {
        if request.path.contains("accounts?name=") {
            *value = json!({ "items": [shown] });
        }
    });
    let arrives = Arc::new(Notify::new());
    *clinic.server.held.lock().unwrap() = Some(("accounts?name=Rita", Arc::clone(&arrives)));
    let meanwhile = async {
        clinic.ann.scan_keys(ALL).await.unwrap();
        *clinic.server.held.lock().unwrap() = None;
        arrives.notify_one();
    };
    let (found, ()) = tokio::join!(clinic.ann.find_doctors("Rita"), meanwhile);
    let older = Refusal::KeyRecordOlder { account: rita.to_string() };
    assert_eq!(refusal(found), older);
    assert_eq!(clinic.ann.alarms(), []);
    assert_eq!(refusal(clinic.ann.find_doctors("Rita").await), older);
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: rita, epoch: 1 })]);
}

/// What a session remembers of a look-up is its own word, and may be from before somebody made new keys.
#[tokio::test]
async fn a_look_up_from_before_the_newer_keys_is_not_what_the_server_shows() {
    let clinic = clinic().await;
    let (rita, _, _) = pinned_at_first(&clinic).await;
    let address = email("Rita Rotated");
    clinic.server.with_keys(|keys| keys.bind(&address, rita));
    clinic.ann.find_by_email(&address).await.unwrap().unwrap();
    clinic.server.db().accounts.remove(&rita);
    assert_eq!(clinic.ann.person(&rita).await.unwrap().id, rita, "as it was found");
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.person(&rita).await.unwrap_err().code(), "not_found");
    assert_eq!(clinic.ann.alarms(), []);
}

#[tokio::test]
async fn who_sees_everybody_is_alarmed_about_whom_the_server_says_it_does_not_have() {
    let clinic = clinic().await;
    let (rita, _, leaf) = pinned_at_first(&clinic).await;
    clinic.server.db().accounts.get_mut(&clinic.ann.account_id()).unwrap().role = Role::Administrator;
    clinic.ann.refresh().await.unwrap();
    clinic.server.db().accounts.remove(&rita);
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: rita, epoch: 1 })]);
}

#[tokio::test]
async fn newer_keys_that_do_not_follow_are_an_alarm() {
    let clinic = clinic().await;
    let (_, record) = Keyring::create(1, &mut rng());
    let id = put(&clinic.server, "Rita Rotated", &[&record]);
    log_record(&clinic.server, id, 0, &record);
    let person = clinic.ann.person(&id).await.unwrap();
    clinic.ann.mark_verified(&person).await.unwrap();
    // Somebody else's, given out where the log has them.
    let (_, other) = stranger();
    let leaf = log_record(&clinic.server, id, 1, other.current());
    let records = B64::from(other.current().as_bytes());
    clinic.server.db().accounts.get_mut(&id).unwrap().key_records.push(records);
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: id, epoch: 1 })]);
}

/// A server that is broken says nothing of anybody's keys. It is asked again, and until then nobody is told that all is well.
#[tokio::test]
async fn newer_keys_of_which_nothing_is_heard_are_known_as_unread() {
    let clinic = clinic().await;
    let (rita, _, leaf) = pinned_at_first(&clinic).await;
    let path = format!("/accounts/{rita}");
    clinic.server.lie(move |request, value| {
        if request.path.ends_with(&path) {
            *value = json!({});
        }
    });
    for times in 1..=2 {
        assert_eq!(clinic.ann.scan_keys(ALL).await.unwrap_err().code(), "answer");
        assert_eq!((clinic.ann.alarms(), clinic.ann.keys_read()), (vec![], KeysRead::Failed { times }));
        assert_eq!(clinic.ann.stopped(), None);
    }
    clinic.server.be_honest();
    assert_eq!(clinic.ann.scan_keys(ALL).await.unwrap(), Scanned { read: 0, left: 0 });
    assert_eq!(clinic.ann.keys_read(), KeysRead::UpTo { left: 0 });
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: rita, epoch: 1 })]);
}

#[tokio::test]
async fn whoever_made_new_keys_and_deleted_their_account_alarms_nobody() {
    let clinic = clinic().await;
    let dora = clinic.dora.account_id();
    let person = clinic.ann.person(&dora).await.unwrap();
    clinic.ann.mark_verified(&person).await.unwrap();
    clinic.dora.rotate_keys().await.unwrap();
    clinic.dora.delete_account(&email("Dora Doctor")).await.unwrap();
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!((clinic.ann.alarms(), clinic.ann.keys_read()), (vec![], KeysRead::UpTo { left: 0 }));
    assert!(clinic.ann.person(&dora).await.unwrap().closed_by.is_some());
}

#[tokio::test]
async fn another_record_of_a_pinned_epoch_is_an_alarm() {
    let clinic = clinic().await;
    let dora = clinic.dora.account_id();
    let person = clinic.ann.person(&dora).await.unwrap();
    clinic.ann.mark_verified(&person).await.unwrap();
    let leaf = clinic.server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&dora.0, 0, b"another")));
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: dora, epoch: 0 })]);
}
