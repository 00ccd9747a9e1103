//! What was learnt just before a vault locks is saved, by keys that are gone by then.

use std::sync::atomic::Ordering;

use api_types::accounts::Role;
use client::{ClientError, NoSecondFactor, PatientChoice, Refusal, api::ListQuery};

use crate::{
    fake::{Fake, PASSWORD, device, email},
    flows::report,
    lies::{Scene, change_report, refusal, scene, straight},
};

#[tokio::test]
async fn a_head_seen_just_before_locking_binds_the_next_device() {
    let Scene { server, patient, doctor, id } = scene().await;
    doctor.share(&id, &straight(&patient)).await.unwrap();
    // The network fails just as it was seen.
    server.takes_state.store(false, Ordering::Relaxed);
    patient.report(&id).await.unwrap();
    server.takes_state.store(true, Ordering::Relaxed);
    let unsaved = patient.unsaved().unwrap();
    let locked = patient.lock();
    unsaved.send().await.unwrap();
    // The counter is remembered too: the state from before it is refused.
    assert_eq!(locked.client().memory().accounts.values().max(), Some(&server.counter(&locked.who().account_id)));
    let fresh = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    change_report(&server, |body| drop(body.entries.pop()));
    assert_eq!(refusal(fresh.report(&id).await), Refusal::AccessHeadOlder);
}

#[tokio::test]
async fn nothing_is_sent_where_everything_is_saved() {
    let Scene { patient, .. } = scene().await;
    patient.save_state().await.unwrap();
    assert!(patient.unsaved().is_none());
    patient.list(&ListQuery::default()).await.unwrap();
    assert!(patient.unsaved().is_none(), "a list pins nothing");
}

#[tokio::test]
async fn another_devices_copy_is_not_overwritten() {
    let server = Fake::new();
    let one = server.person("Ann Example", Role::Patient).await;
    one.save_state().await.unwrap();
    let two = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let me = PatientChoice::Account(one.account_id());
    server.takes_state.store(false, Ordering::Relaxed);
    report(&one, me).await;
    server.takes_state.store(true, Ordering::Relaxed);
    let unsaved = one.unsaved().unwrap();
    let id = report(&two, me).await;
    two.save_state().await.unwrap();
    drop(one.lock());
    let late = unsaved.send().await;
    assert!(matches!(&late, Err(ClientError::Problem(p)) if p.code == api_types::ErrorCode::CounterStale), "{late:?}");
    let fresh = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    change_report(&server, |body| body.entries.clear());
    assert_eq!(refusal(fresh.report(&id).await), Refusal::AccessHeadOlder);
}

#[tokio::test]
async fn a_save_under_way_and_a_last_one_both_arrive() {
    let Scene { server, patient, doctor, id } = scene().await;
    patient.mark_verified(&patient.person(&doctor.account_id()).await.unwrap()).await.unwrap();
    doctor.share(&id, &straight(&patient)).await.unwrap();
    let before = server.counter(&patient.account_id());
    // The answer to the first save is still on its way when the vault locks.
    let reading = patient.report(&id);
    let mut reading = Box::pin(reading);
    server.asked.lock().unwrap().clear();
    while server.asked.lock().unwrap().last().is_none_or(|asked| !asked.starts_with("PUT")) {
        assert!(futures::poll!(&mut reading).is_pending());
    }
    let unsaved = patient.unsaved().unwrap();
    reading.await.unwrap();
    unsaved.send().await.unwrap();
    assert_eq!(server.counter(&patient.account_id()), before + 2);
}

#[tokio::test]
async fn whoever_locks_does_not_wait_for_a_server_that_does_not_answer() {
    let Scene { server, patient, doctor, id } = scene().await;
    doctor.share(&id, &straight(&patient)).await.unwrap();
    server.takes_state.store(false, Ordering::Relaxed);
    patient.report(&id).await.unwrap();
    server.hangs.store(true, Ordering::Relaxed);
    let unsaved = patient.unsaved().unwrap();
    drop(patient.lock());
    unsaved.send_within(std::future::ready(())).await;
}
