//! Lies about versions, their keys and their bytes.

use api_types::{B64, accounts::Role, grants::Right, reports::Report};
use bytes::Bytes;
use client::{NoSecondFactor, PatientChoice, Refusal, Share, api::ListQuery, bulk::Control};
use crypto::{
    report::Versions,
    sign::{Signed, SigningKey},
};

use super::{Scene, change_report, refusal, scene, straight, stranger};
use crate::{
    fake::{Fake, PASSWORD, device, email},
    flows::{fields, report},
};

#[tokio::test]
async fn an_older_manifest_is_refused() {
    let Scene { server, patient, doctor, id } = scene().await;
    let share = Share { with_code: false, expires_in: 0, ..Share::with_code(doctor.account_id()) };
    let shared = patient.share(&id, &share).await.unwrap();
    let old = { server.db().reports[&id].wraps.clone() };
    patient.revoke(&id, &shared.grant).await.unwrap();
    patient.rekey(&id, &Control::none()).await.unwrap();
    patient.report(&id).await.unwrap();
    // Revision 0 again, with everything that belonged to it.
    let newest = {
        let mut db = server.db();
        let report = db.reports.get_mut(&id).unwrap();
        report.wraps.extend(old);
        report.versions.get_mut(&1).unwrap().pop().unwrap()
    };
    assert_eq!(refusal(patient.report(&id).await), Refusal::ManifestOlder);
    let page = patient.list(&ListQuery::default()).await.unwrap();
    assert!(page.rows.is_empty());
    assert_eq!(page.refused[0].1.code(), "manifest_older");
    server.db().reports.get_mut(&id).unwrap().versions.get_mut(&1).unwrap().push(newest);
    patient.report(&id).await.unwrap();
}

#[tokio::test]
async fn a_version_that_is_left_out_is_refused() {
    let Scene { server, patient, doctor, id } = scene().await;
    server.add_version(&doctor, &id, |_| {});
    server.add_version(&doctor, &id, |_| {});
    // The newest, which this client has never seen, and one in the middle: their manifests are there, behind the others.
    for version in [3, 2] {
        change_report(&server, move |body| {
            let left_out = body.versions.remove(version as usize - 1);
            body.superseded.push(left_out.manifest);
        });
        assert_eq!(refusal(patient.report(&id).await), Refusal::VersionLeftOut { version });
    }
    // Without its manifest there is a gap.
    change_report(&server, |body| drop(body.versions.remove(1)));
    assert_eq!(refusal(patient.report(&id).await), Refusal::ManifestChainBroken { version: 3 });
    server.be_honest();
    assert_eq!(patient.report(&id).await.unwrap().versions.len(), 3);
    // Once it was seen, the newest can't go without a trace.
    change_report(&server, |body| drop(body.versions.pop()));
    assert_eq!(refusal(patient.report(&id).await), Refusal::ManifestOlder);
    patient.save_state().await.unwrap();
    let fresh = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(refusal(fresh.report(&id).await), Refusal::ManifestOlder);
}

#[tokio::test]
async fn a_version_that_a_grant_does_not_cover_may_be_missing() {
    let Scene { server, patient, doctor, id } = scene().await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    server.grant_versions(&patient, &reader, &id, Versions { from: 1, to: 1 });
    server.add_version(&doctor, &id, |_| {});
    assert_eq!(reader.report(&id).await.unwrap().versions.len(), 1);
    assert_eq!(patient.report(&id).await.unwrap().versions.len(), 2);
}

#[tokio::test]
async fn a_manifest_by_nobody_entitled_is_refused() {
    let server = Fake::new();
    let patient = server.person("Ann Example", Role::Patient).await;
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    let id = report(&doctor, PatientChoice::Account(patient.account_id())).await;
    let share = Share { with_code: false, expires_in: 0, ..Share::with_code(reader.account_id()) };
    doctor.share(&id, &share).await.unwrap();
    // Somebody unknown, then somebody who may only read: each signs in their own name at the newest head.
    let head = server.replay(&server.db(), &id).head();
    let signed_by = |account: crypto::ids::AccountId, key: SigningKey| {
        move |body: &mut Report| {
            let honest = Signed::<crypto::report::Manifest>::parse(&body.versions[0].manifest.0).unwrap();
            let mut forged = honest.claimed().clone();
            (forged.author, forged.signer, forged.access_head) = (account, account, head);
            forged.time += 1_000;
            body.versions[0].manifest = B64::from(Signed::sign(forged, &key).as_bytes());
        }
    };
    let (keyring, chain) = stranger();
    change_report(&server, signed_by(chain.account(), keyring.current().signing.clone()));
    assert!(matches!(refusal(patient.report(&id).await), Refusal::ManifestForged { version: 1, .. }));
    let own = server.keyring(&reader);
    let account = crypto::ids::AccountId(reader.account_id().0);
    change_report(&server, signed_by(account, own.current().signing.clone()));
    let why = refusal(patient.report(&id).await);
    assert!(matches!(&why, Refusal::ManifestForged { why, .. } if why.contains("not entitled")), "{why:?}");
    // Seen once, it can't be exchanged for anything, whoever signs.
    server.be_honest();
    patient.report(&id).await.unwrap();
    change_report(&server, signed_by(account, own.current().signing.clone()));
    assert_eq!(refusal(patient.report(&id).await), Refusal::ManifestForked { version: 1 });
}

#[tokio::test]
async fn damaged_and_exchanged_parts_are_refused() {
    let Scene { server, patient, id, .. } = scene().await;
    let open = patient.report(&id).await.unwrap();
    let version = patient.version(&open, 1).await.unwrap();
    let honest = server.db().reports[&id].versions[&1][0].parts[1].clone();
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut part = honest.clone();
        change(&mut part);
        server.db().reports.get_mut(&id).unwrap().versions.get_mut(&1).unwrap()[0].parts[1] = part;
    };
    // A chunk, the header, the end mark.
    for at in [60, 0, honest.len() - 1] {
        damage(&|part| part[at] ^= 1);
        let refused = patient.download(&version, 1, Vec::new(), &Control::none()).await;
        assert!(matches!(refusal(refused), Refusal::PartForged { part: 1, .. }));
    }
    damage(&|_| {});
    patient.download(&version, 1, Vec::new(), &Control::none()).await.unwrap();
    // Part 0 of another report, or damaged.
    server.lie(|request, value| {
        if request.path.ends_with("/versions/1") {
            let part0: B64 = serde_json::from_value(value["part0"].clone()).unwrap();
            let mut bytes = part0.0;
            bytes[70] ^= 1;
            value["part0"] = serde_json::to_value(B64(bytes)).unwrap();
        }
    });
    assert!(matches!(refusal(patient.version(&open, 1).await), Refusal::PartForged { part: 0, .. }));
}

#[tokio::test]
async fn a_wrap_from_another_place_is_refused() {
    let Scene { server, patient, id, .. } = scene().await;
    let second = report(&patient, PatientChoice::Account(patient.account_id())).await;
    let foreign = server.db().reports[&second].wraps[0].wrap.clone();
    server.lie(move |_, value| {
        for wrap in value["wraps"].as_array_mut().into_iter().flatten() {
            wrap["wrap"] = serde_json::to_value(&foreign).unwrap();
        }
    });
    let open = patient.report(&id).await.unwrap();
    assert!(matches!(refusal(patient.version(&open, 1).await), Refusal::WrapForged { version: 1 }));
}

#[tokio::test]
async fn an_old_draft_is_refused() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::New, fields()).await.unwrap();
    let old = server.db().drafts[&(draft.id(), ann.account_id())].clone();
    draft.add_file("a", &Bytes::from_static(b"a"), &Control::none()).await.unwrap();
    server.db().drafts.insert((draft.id(), ann.account_id()), old);
    assert_eq!(refusal(ann.open_draft(&draft.id()).await), Refusal::DraftForged);
    assert!(ann.drafts().await.unwrap()[0].draft.is_err());
}

#[tokio::test]
async fn a_version_dated_back_to_a_day_with_access_is_refused() {
    let server = Fake::new();
    let patient = server.person("Ann Example", Role::Patient).await;
    let writer = server.person("Wim Writer", Role::Doctor).await;
    let id = report(&patient, PatientChoice::Account(patient.account_id())).await;
    let share = Share { right: Right::Contribute, expires_in: 3_600_000, ..straight(&writer) };
    patient.share(&id, &share).await.unwrap();
    let then = server.now();
    server.pass(3_600_001);
    let reader = server.person("Rita Reader", Role::Doctor).await;
    patient.share(&id, &straight(&reader)).await.unwrap();
    // Written after the end, dated before it, under the access list of today.
    server.add_version(&writer, &id, |_| {});
    let key = server.keyring(&writer).current().signing.clone();
    change_report(&server, move |body| {
        let late = Signed::<crypto::report::Manifest>::parse(&body.versions[1].manifest.0).unwrap();
        let forged = crypto::report::Manifest { time: then, ..late.claimed().clone() };
        body.versions[1].manifest = B64::from(Signed::sign(forged, &key).as_bytes());
    });
    let why = refusal(patient.report(&id).await);
    assert!(matches!(&why, Refusal::ManifestForged { version: 2, why } if why.contains("dated before")), "{why:?}");
    server.be_honest();
    assert!(matches!(refusal(patient.report(&id).await), Refusal::ManifestForged { version: 2, .. }), "nor undated");
}
