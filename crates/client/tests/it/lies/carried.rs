//! Lies about files that were carried over from an earlier version.

use api_types::B64;
use bytes::Bytes;
use client::{Refusal, bulk::Control};
use crypto::{
    report::{Manifest, SealedFor},
    sign::Signed,
};

use super::{Scene, refusal, scene};
use crate::{fake::Fake, flows::fields};

/// A second version that carries the scan over, and has a new file of the scan's length; the patient hasn't seen it.
async fn second() -> Scene {
    let scene = scene().await;
    let draft = scene.doctor.edit_report(&scene.id).await.unwrap();
    let changed = client::content::ReportFields { diagnosis: "A shadow".into(), ..fields() };
    draft.set_fields(changed).unwrap();
    draft.add_file("new.pdf", &Bytes::from_static(b"%PDF-1.7 another"), &Control::none()).await.unwrap();
    draft.save_version(&Control::none()).await.unwrap();
    scene
}

/// Exchanges the bytes that are served as a part of version 2.
fn serve(server: &Fake, id: &api_types::ReportId, part: usize, bytes: Vec<u8>) -> Vec<u8> {
    let mut db = server.db();
    let revision = &mut db.reports.get_mut(id).unwrap().versions.get_mut(&2).unwrap()[0];
    std::mem::replace(&mut revision.parts[part], bytes)
}

#[tokio::test]
async fn another_part_in_the_place_of_a_carried_one_is_refused() {
    let Scene { server, patient, doctor, id } = second().await;
    let open = patient.report(&id).await.unwrap();
    let version = patient.version(&open, 2).await.unwrap();
    let fetch = async || patient.download(&version, 1, Vec::new(), &Control::none()).await;
    assert_eq!(fetch().await.unwrap(), b"%PDF-1.7 picture");
    // The new file, sealed for the same version and of the same length.
    let new = server.db().reports[&id].versions[&2][0].parts[2].clone();
    let honest = serve(&server, &id, 1, new);
    assert!(matches!(refusal(fetch().await), Refusal::PartForged { part: 1, .. }));
    // The same plaintext as an older ciphertext has it, from before new keys.
    serve(&server, &id, 1, honest.clone());
    let share = super::straight(&doctor);
    let shared = patient.share(&id, &share).await.unwrap();
    patient.revoke(&id, &shared.grant).await.unwrap();
    patient.rekey(&id, &Control::none()).await.unwrap();
    let open = patient.report(&id).await.unwrap();
    let version = patient.version(&open, 2).await.unwrap();
    {
        let mut db = server.db();
        let revisions = db.reports.get_mut(&id).unwrap().versions.get_mut(&2).unwrap();
        revisions.last_mut().unwrap().parts[1] = honest;
    }
    let stale = patient.download(&version, 1, Vec::new(), &Control::none()).await;
    assert!(matches!(refusal(stale), Refusal::PartForged { part: 1, .. }));
}

#[tokio::test]
async fn what_is_carried_over_from_where_it_never_was_is_refused() {
    let Scene { server, patient, doctor, id } = second().await;
    let honest = server.db().reports[&id].versions[&2][0].body.manifest.clone();
    let keys = server.keyring(&doctor);
    let sign = |change: &dyn Fn(&mut Manifest)| {
        let mut forged = Signed::<Manifest>::parse(&honest.0).unwrap().claimed().clone();
        change(&mut forged);
        let forged = B64::from(Signed::sign(forged, &keys.current().signing).as_bytes());
        server.db().reports.get_mut(&id).unwrap().versions.get_mut(&2).unwrap()[0].body.manifest = forged;
    };
    let from = SealedFor { version: 1, revision: 0, part: 1 };
    // A contributor's program that says so wrongly: of a part that there isn't, of keys that there never were, of other bytes.
    for wrong in [SealedFor { part: 2, ..from }, SealedFor { revision: 1, ..from }] {
        sign(&|manifest| manifest.parts[1].carried = Some(wrong));
        assert_eq!(refusal(patient.report(&id).await), Refusal::CarriedForged { version: 2, part: 1 });
    }
    sign(&|manifest| manifest.parts[2].carried = Some(from));
    assert_eq!(refusal(patient.report(&id).await), Refusal::CarriedForged { version: 2, part: 2 });
    // The version before it opens all the same.
    let reading = patient.read(&id, None).await.unwrap();
    assert_eq!(reading.version.unwrap().info.version, 1);
    assert_eq!(reading.refused.iter().map(|refused| refused.version).collect::<Vec<_>>(), [2]);
    sign(&|_| {});
    assert_eq!(patient.report(&id).await.unwrap().versions.len(), 2);
}
