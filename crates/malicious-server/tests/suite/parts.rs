//! Attacks on keys and ciphertext: put in another place, or cut.

use api_types::{B64, accounts::Role};
use bytes::Bytes;
use client::{ClientError, PatientChoice, Refusal, Vault, bulk::Control};
use crypto::{
    report::{Manifest, RevisionPlace, Wrap, WrapKey, open_wrap},
    sign::Signed,
};
use malicious_server::{
    attack::{PART_TRANSPLANT, TRUNCATION, WRAP_TRANSPLANT},
    double::{Fake, World},
    scene::{Scene, fields, scene, stranger},
};

use super::{Attempt, Won, run};

#[tokio::test]
async fn wrap_transplant() {
    run(&WRAP_TRANSPLANT, attempt).await;

    /// The key of version 1, relabelled as that of version 2.
    async fn attempt() -> Attempt {
        let Scene { server, patient, id, .. } = scene().await;
        let keyring = server.keyring(&patient);
        let (honest, own) = {
            let db = server.db();
            let wraps = db.reports[&id].wraps.iter().map(|wrap| Wrap::parse(&wrap.wrap.0).unwrap());
            let mut opened = wraps.filter_map(|wrap| Some((open_wrap(&wrap, WrapKey::Keyring(&keyring)).ok()?, wrap)));
            opened.next().unwrap()
        };
        let place = RevisionPlace { version: own.place.version + 1, ..own.place };
        let relabelled = Wrap { place, ..own };
        let opened = open_wrap(&relabelled, WrapKey::Keyring(&keyring))
            .map_err(|_| ClientError::from(Refusal::WrapForged { version: place.version }))?;
        Ok(Won::if_so(opened.expose() == honest.expose()))
    }
}

/// A report with two files, which nobody but its author has seen.
async fn two_files(server: &std::sync::Arc<Fake>, first: &[u8], second: &[u8]) -> (Vault<World>, api_types::ReportId) {
    let patient = server.person("Ann Example", Role::Patient).await;
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let draft = doctor.begin_draft(PatientChoice::Account(patient.account_id()), fields()).await.unwrap();
    for (name, bytes) in [("for-ann.pdf", first), ("for-the-lab.pdf", second)] {
        draft.add_file(name, &Bytes::copy_from_slice(bytes), &Control::none()).await.unwrap();
    }
    (patient, draft.complete().await.unwrap().id)
}

async fn first_file(patient: &Vault<World>, id: &api_types::ReportId) -> Result<Vec<u8>, ClientError> {
    let open = patient.report(id).await?;
    let version = patient.version(&open, 1).await?;
    patient.download(&version, 1, Vec::new(), &Control::none()).await
}

#[tokio::test]
async fn part_transplant() {
    run(&PART_TRANSPLANT, attempt).await;

    /// One file's ciphertext in the other's place, in the manifest as well, which the server signs itself.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let (patient, id) = two_files(&server, b"%PDF take one", b"%PDF take two").await;
        {
            let mut db = server.db();
            let revision = &mut db.reports.get_mut(&id).unwrap().versions.get_mut(&1).unwrap()[0];
            revision.parts.swap(1, 2);
            let honest = Signed::<Manifest>::parse(&revision.body.manifest.0).unwrap();
            let mut forged = honest.claimed().clone();
            forged.parts.swap(1, 2);
            let (own, _) = stranger();
            revision.body.manifest = B64::from(Signed::sign(forged, &own.current().signing).as_bytes());
        }
        Ok(Won::if_so(first_file(&patient, &id).await? == b"%PDF take two"))
    }
}

#[tokio::test]
async fn truncation() {
    run(&TRUNCATION, attempt).await;

    /// A list of medicines ends after its first pages.
    async fn attempt() -> Attempt {
        const CHUNK: usize = 16 * 1024;
        let server = Fake::new();
        let whole: Vec<u8> = (0..3 * CHUNK + 100).map(|i| i as u8).collect();
        let (patient, id) = two_files(&server, &whole, b"%PDF").await;
        {
            let mut db = server.db();
            let part = &mut db.reports.get_mut(&id).unwrap().versions.get_mut(&1).unwrap()[0].parts[1];
            part.truncate(56 + 2 * (CHUNK + 16));
        }
        Ok(Won::if_so(first_file(&patient, &id).await? == whole[..2 * CHUNK]))
    }
}
