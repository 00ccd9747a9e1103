//! Lies about new keys that are due after a revocation: hidden, asked for without need, taken and thrown away.

use api_types::accounts::Role;
use client::{ListPage, NoSecondFactor, PatientChoice, Refusal, Share, api::ListQuery, bulk::Control};

use super::{Scene, refusal, scene, straight};
use crate::{
    fake::{Fake, PASSWORD, device, email},
    flows::report,
};

/// Revocations change nothing in the queue that the server shows.
fn hide(server: &Fake) {
    server.db().reports.values_mut().for_each(|report| report.due.clear());
}

fn revisions_asked(server: &Fake) -> usize {
    server.asked.lock().unwrap().iter().filter(|r| r.starts_with("POST") && r.ends_with("/revisions")).count()
}

#[tokio::test]
async fn a_re_key_that_the_server_hides_is_made_all_the_same() {
    let Scene { server, patient, doctor, id } = scene().await;
    let shared = patient.share(&id, &straight(&doctor)).await.unwrap();
    patient.revoke(&id, &shared.grant).await.unwrap();
    hide(&server);
    assert!(patient.report(&id).await.unwrap().newest().unwrap().rekey_pending);
    assert_eq!(patient.pending_rekeys().await.unwrap(), [id]);
    // Another device of the owner knows it too, although the list has no row of it.
    patient.save_state().await.unwrap();
    let other = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    server.lie(|request, value| {
        if request.path.contains("/reports?") {
            value["items"] = serde_json::json!([]);
        }
    });
    assert_eq!(other.remembered_rekeys(), [id]);
    assert_eq!(other.pending_rekeys().await.unwrap(), [id]);
    assert_eq!(other.rekey(&id, &Control::none()).await.unwrap(), 1);
    assert!(other.pending_rekeys().await.unwrap().is_empty());
    server.be_honest();
    assert_eq!(patient.report(&id).await.unwrap().newest().unwrap().revision, 1);
    assert!(patient.pending_rekeys().await.unwrap().is_empty() && patient.remembered_rekeys().is_empty());
}

#[tokio::test]
async fn a_revocation_by_somebody_else_is_seen_by_the_moved_head() {
    let Scene { server, patient, doctor, id } = scene().await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    let shared = doctor.share(&id, &straight(&reader)).await.unwrap();
    doctor.revoke(&id, &shared.grant).await.unwrap();
    hide(&server);
    let ListPage { rows, .. } = patient.list(&ListQuery::default()).await.unwrap();
    assert!(patient.may_need_rekey(&rows[0]) && !rows[0].rekey_pending);
    assert_eq!(patient.pending_rekeys().await.unwrap(), [id]);
    assert_eq!(patient.rekey(&id, &Control::none()).await.unwrap(), 1);
    let ListPage { rows, .. } = patient.list(&ListQuery::default()).await.unwrap();
    assert!(!patient.may_need_rekey(&rows[0]), "looked at once");
    // The author is no owner: nothing is theirs to do.
    assert!(doctor.remembered_rekeys().is_empty() && doctor.pending_rekeys().await.unwrap().is_empty());
}

#[tokio::test]
async fn who_falls_with_a_parent_makes_new_keys_due() {
    let Scene { server, patient, doctor, id } = scene().await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    doctor.share(&id, &straight(&reader)).await.unwrap();
    let author = doctor.report(&id).await.unwrap().grants[0].id;
    patient.revoke(&id, &author).await.unwrap();
    hide(&server);
    assert!(reader.report(&id).await.is_err());
    assert_eq!(patient.rekey(&id, &Control::none()).await.unwrap(), 1);
    assert_eq!(server.replay(&server.db(), &id).live_grants().count(), 1);
}

#[tokio::test]
async fn a_re_key_without_need_makes_no_work() {
    let Scene { server, patient, id, .. } = scene().await;
    server.lie(|request, value| {
        if request.path.contains("/reports") {
            for list in ["items", "versions"] {
                for row in value[list].as_array_mut().into_iter().flatten() {
                    row["rekey_pending"] = true.into();
                }
            }
        }
    });
    assert!(!patient.report(&id).await.unwrap().newest().unwrap().rekey_pending);
    assert!(patient.pending_rekeys().await.unwrap().is_empty());
    assert_eq!(patient.rekey(&id, &Control::none()).await.unwrap(), 0);
    assert_eq!(revisions_asked(&server), 0);
}

#[tokio::test]
async fn a_re_key_that_is_taken_and_thrown_away_is_noticed() {
    let Scene { server, patient, doctor, id } = scene().await;
    let shared = patient.share(&id, &straight(&doctor)).await.unwrap();
    patient.revoke(&id, &shared.grant).await.unwrap();
    let old = server.report_as_seen_by(&id, &patient.account_id());
    server.lie(move |request, value| {
        if request.path == format!("/api/v1/reports/{id}") {
            *value = old.clone();
        }
    });
    assert_eq!(refusal(patient.rekey(&id, &Control::none()).await), Refusal::ManifestOlder);
    assert_eq!(revisions_asked(&server), 1, "once, not for ever");
}

#[tokio::test]
async fn a_code_that_was_revoked_counts_as_used() {
    let server = Fake::new();
    let patient = server.person("Ann Example", Role::Patient).await;
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let id = report(&patient, PatientChoice::Account(patient.account_id())).await;
    let shared = patient.share(&id, &Share::with_code(doctor.account_id())).await.unwrap();
    doctor.redeem(&shared.grant, &shared.code.unwrap()).await.unwrap();
    patient.revoke(&id, &shared.grant).await.unwrap();
    hide(&server);
    assert_eq!(patient.rekey(&id, &Control::none()).await.unwrap(), 1);
}
