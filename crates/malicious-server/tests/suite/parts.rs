//! Attacks on keys and ciphertext: put in another place, or cut.

use api_types::{B64, ReportId, accounts::Role};
use bytes::Bytes;
use client::{ClientError, PatientChoice, Vault, bulk::Control};
use crypto::{
    account::Keyring,
    report::{ContentKey, Manifest, Wrap, WrapKey, open_wrap},
    sign::Signed,
};
use malicious_server::{
    attack::{PART_TRANSPLANT, REPORT_TRANSPLANT, TRUNCATION, VERSION_TRANSPLANT, WRAP_ROLLBACK, WRAP_TRANSPLANT},
    double::{Db, Fake, World},
    scene::{Scene, fields, scene, straight, stranger},
};

use super::{Attempt, Won, run};

/// A version's wraps.
fn wraps(db: &Db, id: &ReportId, version: u32) -> Vec<Wrap> {
    let rows = db.reports[id].wraps.iter().filter(|row| row.version == version);
    rows.map(|row| Wrap::parse(&row.wrap.0).unwrap()).collect()
}

/// Everybody is given, as the key of a version, what one of these wraps holds for them.
fn relabel(db: &mut Db, id: &ReportId, version: u32, others: &[Wrap]) {
    let rows = db.reports.get_mut(id).unwrap().wraps.iter_mut().filter(|row| row.version == version);
    for row in rows {
        let own = Wrap::parse(&row.wrap.0).unwrap();
        if let Some(other) = others.iter().find(|other| other.key_hash == own.key_hash) {
            let relabelled = Wrap { sealed: other.sealed.clone(), ..own };
            row.wrap = B64(relabelled.to_bytes());
        }
    }
}

fn opened(wraps: &[Wrap], keyring: &Keyring) -> Option<ContentKey> {
    wraps.iter().find_map(|wrap| open_wrap(wrap, WrapKey::Keyring(keyring)).ok())
}

/// The patient shares the report: whether what the other is given as a version's key is the one in these wraps.
async fn passed_on(scene: &Scene, version: u32, foreign: &[Wrap]) -> Attempt {
    let Scene { server, patient, id, .. } = scene;
    let foreign = opened(foreign, &server.keyring(patient)).unwrap();
    let other = server.person("Nora Newcomer", Role::Doctor).await;
    let shared = patient.share(id, &straight(&other)).await?;
    let mut given = wraps(&server.db(), id, version);
    given.retain(|wrap| wrap.grant.0 == shared.grant.0);
    let given = opened(&given, &server.keyring(&other));
    Ok(Won::if_so(given.is_some_and(|key| key.expose() == foreign.expose())))
}

#[tokio::test]
async fn wrap_transplant() {
    run(&WRAP_TRANSPLANT, attempt).await;

    /// The key of version 1, relabelled as that of version 2, which the patient shares.
    async fn attempt() -> Attempt {
        let scene = scene().await;
        let Scene { server, doctor, id, .. } = &scene;
        let corrected = server.add_version(doctor, id, |_| {});
        let first = wraps(&server.db(), id, 1);
        relabel(&mut server.db(), id, corrected, &first);
        passed_on(&scene, corrected, &first).await
    }
}

#[tokio::test]
async fn wrap_rollback() {
    run(&WRAP_ROLLBACK, attempt).await;

    /// A reader lost their access, and the version got a new key. The server gives the patient the key from before, which
    /// that reader has, as the new one.
    async fn attempt() -> Attempt {
        let scene = scene().await;
        let Scene { server, patient, id, .. } = &scene;
        let reader = server.person("Rita Reader", Role::Doctor).await;
        let shared = patient.share(id, &straight(&reader)).await.unwrap();
        let before = wraps(&server.db(), id, 1);
        patient.revoke(id, &shared.grant).await.unwrap();
        patient.rekey(id, &Control::none()).await.unwrap();
        assert_eq!(server.db().reports[id].versions[&1].len(), 2, "it has a new key");
        relabel(&mut server.db(), id, 1, &before);
        passed_on(&scene, 1, &before).await
    }
}

/// Gives out all of one version as another: its ciphertext, statement and keys, relabelled as far as that goes, and the other's
/// manifest changed to match, which the server signs itself.
fn transplant(server: &Fake, from: (&ReportId, u32), to: (&ReportId, u32)) {
    let mut db = server.db();
    let keys = wraps(&db, from.0, from.1);
    let (body, parts) = {
        let source = &db.reports[from.0].versions[&from.1][0];
        (source.body.clone(), source.parts.clone())
    };
    let said = Signed::<Manifest>::parse(&body.manifest.0).unwrap().claimed().clone();
    relabel(&mut db, to.0, to.1, &keys);
    let target = &mut db.reports.get_mut(to.0).unwrap().versions.get_mut(&to.1).unwrap()[0];
    let honest = Signed::<Manifest>::parse(&target.body.manifest.0).unwrap().claimed().clone();
    let forged = Manifest { statement: said.statement, parts: said.parts, ..honest };
    let (own, _) = stranger();
    target.body.manifest = B64::from(Signed::sign(forged, &own.current().signing).as_bytes());
    target.body.statement = body.statement;
    target.body.part0 = body.part0;
    target.parts = parts;
}

/// Whether a version opens as that of the scene, with its file.
async fn shows_the_scan(patient: &Vault<World>, id: &ReportId, version: u32) -> Attempt {
    let open = patient.report(id).await?;
    let shown = patient.version(&open, version).await?;
    let file = patient.download(&shown, 1, Vec::new(), &Control::none()).await?;
    Ok(Won::if_so(file == b"%PDF-1.7 picture"))
}

#[tokio::test]
async fn version_transplant() {
    run(&VERSION_TRANSPLANT, attempt).await;

    /// The content of version 1 is shown as that of the version that corrected it.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, id } = scene().await;
        let corrected = server.add_version(&doctor, &id, |_| {});
        transplant(&server, (&id, 1), (&id, corrected));
        shows_the_scan(&patient, &id, corrected).await
    }
}

#[tokio::test]
async fn report_transplant() {
    run(&REPORT_TRANSPLANT, attempt).await;

    /// One report's content is shown as another's.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, id } = scene().await;
        let draft = doctor.begin_draft(PatientChoice::Account(patient.account_id()), fields()).await.unwrap();
        draft.add_file("letter.pdf", &Bytes::from_static(b"%PDF-1.7 letter"), &Control::none()).await.unwrap();
        let other = draft.complete().await.unwrap().id;
        transplant(&server, (&id, 1), (&other, 1));
        shows_the_scan(&patient, &other, 1).await
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
