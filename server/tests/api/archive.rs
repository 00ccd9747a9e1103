//! All of one's data as one archive, against a real server: files as they were, FHIR, and the access history from the public log.

use std::{collections::BTreeMap, io::Read, path::Path};

use api_types::audit::{Action, AuditEvent};
use client::{
    PatientChoice, Share,
    archive::{ArchiveControl, ArchiveScope, Archived, FileArchive},
    bulk::{Control, native::FileSource},
    content::ReportFields,
};
use serde_json::Value;

use crate::{
    harness::Server,
    honest_client::{Person, clinic, read, write},
};

async fn archive(server: &Server, who: &Person, path: &Path) -> Archived {
    let mut file = FileArchive::create(path).await.unwrap();
    let scope = ArchiveScope { origin: server.origin.clone(), shared: false };
    let done = who.archive(&scope, &mut file, &ArchiveControl::default()).await.unwrap();
    assert_eq!(file.finish().await.unwrap(), path);
    assert_eq!(std::fs::metadata(path).unwrap().len(), done.bytes);
    done
}

fn unpack(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let content = |name: &String| {
        let mut content = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut content).unwrap();
        (name.clone(), content)
    };
    names.iter().map(content).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_ones_own_is_in_it_with_who_opened_it() {
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    let to = patient.find_doctors("Dora").await.unwrap().remove(0);
    let second = write(&patient, PatientChoice::Account(patient.account_id())).await;
    let shared =
        patient.share(&second, &Share { with_code: false, expires_in: 0, ..Share::with_code(to.id) }).await.unwrap();
    let file = read(&doctor, &second).await.unwrap();
    patient.revoke(&second, &shared.grant).await.unwrap();
    patient.rekey(&second, &Control::none()).await.unwrap();
    let fields = ReportFields { title: "In progress".into(), ..Default::default() };
    let draft = patient.begin_draft(PatientChoice::Account(patient.account_id()), fields).await.unwrap();
    draft.add_file("a.bin", &FileSource::Bytes(vec![1; 10].into()), &Control::none()).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.zip");
    let done = archive(&server, &patient, &path).await;
    assert_eq!((done.reports, done.files, &done.left_out[..]), (2, 2, &[][..]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing decrypted is left beside it");
    let files = unpack(&path);
    let scans: Vec<_> = files.iter().filter(|(path, _)| path.ends_with("/version 1/scan.bin")).collect();
    assert_eq!(scans.len(), 2);
    assert!(scans.iter().all(|(_, content)| **content == file), "byte by byte");
    assert!(files.contains_key("drafts/In progress.json"));

    let of = |id: &api_types::ReportId| {
        let said = |(_, content): &(&String, &Vec<u8>)| String::from_utf8_lossy(content).contains(&id.to_string());
        let json = files.iter().filter(|(path, _)| path.ends_with("/report.json")).find(said);
        json.unwrap().0.trim_end_matches("/report.json").to_owned()
    };
    assert_ne!(of(&id), of(&second));
    let history: Vec<Value> = serde_json::from_slice(&files[&format!("{}/access-history.json", of(&second))]).unwrap();
    let events: Vec<AuditEvent> = history.iter().map(|event| serde_json::from_value(event.clone()).unwrap()).collect();
    let opened = |by: &Person| {
        events.iter().filter(|event| event.action == Action::Open && event.actor == Some(by.account_id())).count()
    };
    assert!(opened(&doctor) > 0, "what the doctor read");
    assert!(opened(&patient) > 0, "making the archive is a reading like any other");
    // The newest may be on their way into the log.
    let logged = |event: &Value| ["verified", "pending"].contains(&event["in_public_log"].as_str().unwrap());
    assert!(history.iter().all(logged), "{history:?}");
    assert!(events.iter().any(|event| event.action == Action::Revoke));
    let table = String::from_utf8_lossy(&files[&format!("{}/access-history.csv", of(&second))]).into_owned();
    assert_eq!(table.lines().count(), events.len() + 1);
    let fhir: Value = serde_json::from_slice(&files[&format!("{}/report.fhir.json", of(&id))]).unwrap();
    let kinds: Vec<_> =
        fhir["entry"].as_array().unwrap().iter().map(|it| it["resource"]["resourceType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Patient", "DocumentReference", "Condition"]);

    let after = patient.report_events(&second, usize::MAX).await.unwrap();
    assert!(after.complete && after.items.len() > events.len(), "its making is on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_meanwhile_leaves_no_archive() {
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write(&patient, PatientChoice::Account(patient.account_id())).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.zip");
    let mut file = FileArchive::create(&path).await.unwrap();
    let scope = ArchiveScope { origin: server.origin.clone(), shared: false };
    drop(server.stop().await);
    let ended = patient.archive(&scope, &mut file, &ArchiveControl::default()).await;
    assert!(ended.is_err(), "{ended:?}");
    file.discard().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
