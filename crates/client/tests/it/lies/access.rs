//! Lies about who may open a report.

use std::sync::Arc;

use api_types::{B64, ReportId, accounts::Role};
use client::{ClientError, NoSecondFactor, Refusal, Share};
use crypto::report::AccountRecipient;
use malicious_server::scene::{forged_entry, in_the_name_of};
use serde_json::Value;
use tokio::sync::Notify;

use super::{Scene, change_report, refusal, scene, straight, stranger};
use crate::fake::{Fake, PASSWORD, device, email};

#[tokio::test]
async fn an_injected_grant_is_refused() {
    let Scene { server, patient, id, .. } = scene().await;
    let owner = in_the_name_of(&patient);
    let (keyring, chain) = stranger();
    let to = AccountRecipient::current(&chain);
    // In the owner's name, under the stranger's key.
    let key = keyring.current().signing.clone();
    change_report(&server, move |body| body.entries.push(forged_entry(body, &owner, &key, to)));
    assert!(matches!(refusal(patient.report(&id).await), Refusal::GrantInjected { seq: 3, .. }));
    // In the stranger's own name, who was never granted anything.
    let key = keyring.current().signing.clone();
    change_report(&server, move |body| body.entries.push(forged_entry(body, &to, &key, to)));
    assert!(matches!(refusal(patient.report(&id).await), Refusal::GrantInjected { .. }));
    assert!(
        patient.share(&id, &Share::with_code(patient.account_id())).await.is_err(),
        "nothing is sealed under a lie"
    );
    server.be_honest();
    patient.report(&id).await.unwrap();
}

#[tokio::test]
async fn another_sealed_seed_than_the_grant_names_is_refused() {
    let Scene { server, patient, id, .. } = scene().await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    let shared = patient.share(&id, &Share::with_code(reader.account_id())).await.unwrap();
    let code = shared.code.unwrap();
    let give = |seed: B64| server.db().reports.get_mut(&id).unwrap().sealed_seeds.insert(shared.grant, seed).unwrap();
    let honest = give(B64(vec![7; 80]));
    assert_eq!(refusal(reader.redeem(&shared.grant, &code).await), Refusal::GrantSeedForged);
    give(honest);
    assert_eq!(reader.redeem(&shared.grant, &code).await.unwrap(), id);
}

#[tokio::test]
async fn a_revoked_grant_replayed_is_refused() {
    let Scene { server, patient, doctor, id } = scene().await;
    let honest = doctor.report(&id).await.unwrap();
    let (grants, author) = (honest.grants.clone(), honest.grants[0].id);
    let wraps: Vec<_> = server.db().reports[&id].wraps.clone();
    patient.revoke(&id, &author).await.unwrap();
    // The server keeps the wraps and presents the withdrawn grant as live.
    server.db().reports.get_mut(&id).unwrap().wraps = wraps;
    server.lie({
        let (id, entries, genesis) = {
            let db = server.db();
            (id, db.reports[&id].entries.clone(), db.reports[&id].genesis.clone())
        };
        let versions = serde_json::to_value(honest_versions(&server, &id)).unwrap();
        move |request, value| {
            if request.path == format!("/api/v1/reports/{id}") {
                let mut body = serde_json::json!({
                    "id": id, "created_at": 0, "updated_at": 0, "versions": versions, "superseded": [],
                });
                body["genesis"] = serde_json::to_value(&genesis).unwrap();
                body["entries"] = serde_json::to_value(&entries).unwrap();
                body["grants"] = serde_json::to_value(&grants).unwrap();
                *value = body;
            }
        }
    });
    assert_eq!(refusal_or_problem(doctor.report(&id).await), "revoked_grant_replayed");
}

/// The versions as an honest server gives them to anyone.
fn honest_versions(server: &Fake, id: &ReportId) -> Vec<Value> {
    let db = server.db();
    db.reports[id]
        .versions
        .iter()
        .map(|(version, revisions)| {
            serde_json::json!({
                "version": version,
                "revision": 0,
                "manifest": revisions[0].body.manifest,
                "created_at": 0,
                "wraps": db.reports[id].wraps,
                "rekey_pending": false,
            })
        })
        .collect()
}

fn refusal_or_problem<T>(result: Result<T, ClientError>) -> String {
    result.err().map(|e| e.code()).unwrap_or_default()
}

#[tokio::test]
async fn an_older_or_forked_access_head_is_refused() {
    let Scene { server, patient, doctor, id } = scene().await;
    patient
        .share(&id, &Share { with_code: false, expires_in: 0, ..Share::with_code(doctor.account_id()) })
        .await
        .unwrap();
    change_report(&server, |body| drop(body.entries.pop()));
    assert_eq!(refusal(patient.report(&id).await), Refusal::AccessHeadOlder);
    // What was seen survives a fresh device: it is in the sealed client state.
    patient.save_state().await.unwrap();
    let fresh = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(refusal(fresh.report(&id).await), Refusal::AccessHeadOlder);
    server.be_honest();
    fresh.report(&id).await.unwrap();
    change_report(&server, |body| body.entries.swap(0, 1));
    assert!(matches!(refusal(patient.report(&id).await), Refusal::AccessChainBroken { seq: 1 }));
}

#[tokio::test]
async fn the_end_and_right_that_are_shown_are_the_signed_ones() {
    let Scene { server, patient, doctor, id } = scene().await;
    let share = Share { expires_in: 3_600_000, ..straight(&doctor) };
    let shared = patient.share(&id, &share).await.unwrap();
    change_report(&server, |body| {
        for grant in &mut body.grants {
            (grant.expires_at, grant.right) = (0, api_types::grants::Right::Own);
        }
    });
    let open = doctor.report(&id).await.unwrap();
    let own = open.grants.iter().find(|own| own.id == shared.grant).unwrap();
    assert_eq!((own.expires_at, own.right), (shared.expires_at, api_types::grants::Right::View));
}

/// Told apart from a server that goes back: what is asked for after something newer was seen must be newer.
#[tokio::test]
async fn an_answer_that_was_overtaken_on_its_way_is_no_lie() {
    let Scene { server, patient, doctor, id } = scene().await;
    let doctor = Arc::new(doctor);
    let other = server.person("Otto Other", Role::Doctor).await;
    for read in [false, true] {
        let told = Arc::new(Notify::new());
        let path: &'static str = Box::leak(format!("/reports/{id}").into_boxed_str());
        *server.held.lock().unwrap() = Some((path, Arc::clone(&told)));
        let asked = || server.asked.lock().unwrap().iter().filter(|asked| asked.contains(path)).count();
        let before = asked();
        let slow = tokio::spawn({
            let doctor = Arc::clone(&doctor);
            async move {
                let open = if read { doctor.read(&id, None).await?.report } else { doctor.report(&id).await? };
                Ok::<_, ClientError>(open.access.head())
            }
        });
        while asked() == before {
            tokio::task::yield_now().await;
        }
        // The answer is made, and on its way.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        *server.held.lock().unwrap() = None;
        patient.share(&id, &straight(&other)).await.unwrap();
        let newer = doctor.report(&id).await.unwrap().access.head();
        told.notify_one();
        assert_eq!(slow.await.unwrap().unwrap(), newer);
    }
}
