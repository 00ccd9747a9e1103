//! Versions that don't open: they hide neither who has access nor the versions that do.

use api_types::{B64, ReportId, accounts::Role};
use client::{Refusal, Vault, bulk::Control};
use crypto::{report::Manifest, sign::Signed};

use super::{Scene, change_report, refusal, scene, straight, stranger};
use crate::fake::{Fake, World};

/// Version 1 is shown, version 2 named with its reason, and the owner sees and takes away access.
async fn only_version_1_opens(scene: &Scene, why: fn(&Refusal) -> bool) {
    let Scene { server, patient, doctor, id } = scene;
    let read = patient.read(id, None).await.unwrap();
    assert_eq!(read.version.map(|v| v.info.version), Some(1));
    let named: Vec<_> = read.refused.iter().map(|r| r.version).collect();
    assert_eq!(named, [2]);
    assert!(why(&read.refused[0].why), "{:?}", read.refused);
    can_revoke(server, patient, doctor, id).await;
}

async fn can_revoke(server: &Fake, owner: &Vault<World>, doctor: &Vault<World>, id: &ReportId) {
    let rows = owner.access(id).await.unwrap();
    let row = rows.iter().find(|row| row.may_revoke).unwrap();
    owner.revoke(id, &row.grant).await.unwrap();
    assert!(doctor.report(id).await.is_err());
    let state = server.replay(&server.db(), id);
    assert_eq!(state.live_grants().count(), 1);
}

#[tokio::test]
async fn a_forged_newest_version_hides_nothing_else() {
    let scene = scene().await;
    scene.server.add_version(&scene.doctor, &scene.id, |_| {});
    let key = stranger().0.current().signing.clone();
    change_report(&scene.server, move |body| {
        let honest = Signed::<Manifest>::parse(&body.versions[1].manifest.0).unwrap();
        body.versions[1].manifest = B64::from(Signed::sign(honest.claimed().clone(), &key).as_bytes());
    });
    let refused = scene.patient.share(&scene.id, &straight(&scene.doctor)).await;
    assert!(matches!(refusal(refused), Refusal::ManifestForged { version: 2, .. }), "not passed on");
    only_version_1_opens(&scene, |why| matches!(why, Refusal::ManifestForged { version: 2, .. })).await;
}

#[tokio::test]
async fn an_unreadable_newest_manifest_hides_nothing_else() {
    let scene = scene().await;
    scene.server.add_version(&scene.doctor, &scene.id, |_| {});
    change_report(&scene.server, |body| body.versions[1].manifest = B64(vec![2, 0, 0]));
    only_version_1_opens(&scene, |why| matches!(why, Refusal::ManifestForged { version: 2, .. })).await;
}

#[tokio::test]
async fn a_newest_version_without_its_key_hides_nothing_else() {
    let scene = scene().await;
    scene.server.add_version(&scene.doctor, &scene.id, |_| {});
    scene.server.db().reports.get_mut(&scene.id).unwrap().wraps.retain(|wrap| wrap.version == 1);
    only_version_1_opens(&scene, |why| *why == Refusal::WrapMissing { version: 2 }).await;
}

#[tokio::test]
async fn a_newest_version_of_an_unknown_format_hides_nothing_else() {
    let scene = scene().await;
    scene.server.add_version(&scene.doctor, &scene.id, |plain| {
        *plain = String::from_utf8(plain.clone()).unwrap().replacen("\"version\":1", "\"version\":7", 1).into_bytes();
    });
    only_version_1_opens(&scene, |why| *why == Refusal::ContentFormat("version 7".into())).await;
}

#[tokio::test]
async fn a_version_that_is_left_out_is_named() {
    let scene = scene().await;
    scene.server.add_version(&scene.doctor, &scene.id, |_| {});
    change_report(&scene.server, |body| {
        let left_out = body.versions.pop().unwrap();
        body.superseded.push(left_out.manifest);
    });
    only_version_1_opens(&scene, |why| *why == Refusal::VersionLeftOut { version: 2 }).await;
}

#[tokio::test]
async fn the_only_version_may_fail_and_access_is_still_shown() {
    let Scene { server, patient, doctor, id } = scene().await;
    server.db().reports.get_mut(&id).unwrap().wraps.clear();
    let read = patient.read(&id, None).await.unwrap();
    assert!(read.version.is_none());
    assert_eq!(read.refused[0].why, Refusal::WrapMissing { version: 1 });
    can_revoke(&server, &patient, &doctor, &id).await;
}

#[tokio::test]
async fn what_was_seen_is_not_read_around() {
    let Scene { server, patient, doctor, id } = scene().await;
    server.add_version(&doctor, &id, |_| {});
    patient.report(&id).await.unwrap();
    // Version 2 was seen: without it version 1 is an older state, not a readable rest.
    change_report(&server, |body| drop(body.versions.pop()));
    let read = patient.read(&id, None).await.unwrap();
    assert!(read.version.is_none() && read.report.versions.is_empty());
    assert!(read.refused.iter().all(|r| r.why == Refusal::ManifestOlder) && !read.refused.is_empty());
    // The same where its manifest was exchanged.
    let key = stranger().0.current().signing.clone();
    change_report(&server, move |body| {
        let honest = Signed::<Manifest>::parse(&body.versions[1].manifest.0).unwrap();
        body.versions[1].manifest = B64::from(Signed::sign(honest.claimed().clone(), &key).as_bytes());
    });
    let read = patient.read(&id, None).await.unwrap();
    assert!(read.version.is_none());
    assert!(read.refused.iter().all(|r| r.why == Refusal::ManifestForked { version: 2 }), "{:?}", read.refused);
}

#[tokio::test]
async fn an_older_revision_does_not_stand_in_for_its_successor() {
    let Scene { server, patient, doctor, id } = scene().await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    let first = server.report_as_seen_by(&id, &doctor.account_id());
    let shared = patient.share(&id, &straight(&reader)).await.unwrap();
    patient.revoke(&id, &shared.grant).await.unwrap();
    patient.rekey(&id, &Control::none()).await.unwrap();
    // To the doctor, who saw revision 0 alone, revision 1 is shown as something past.
    change_report(&server, move |body| {
        let newest = std::mem::replace(&mut body.superseded[0], body.versions[0].manifest.clone());
        body.versions[0].manifest = newest;
        body.versions[0].revision = 0;
        body.versions[0].wraps = serde_json::from_value(first["versions"][0]["wraps"].clone()).unwrap();
    });
    assert_eq!(refusal(doctor.report(&id).await), Refusal::ManifestOlder);
    let read = doctor.read(&id, None).await.unwrap();
    assert!(read.version.is_none() && read.report.versions.is_empty());
    assert_eq!(read.refused[0].version, 1);
}
