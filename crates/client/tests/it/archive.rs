//! All of one's data as one archive: what is in it, what is missing, and when there is none.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    ops::Range,
    sync::Arc,
};

use api_types::accounts::Role;
use bytes::Bytes;
use client::{
    ClientError, OpenDraft, PatientChoice, Vault,
    archive::{ArchiveControl, ArchiveProgress, ArchiveScope, ArchiveTarget, Archived},
    bulk::{Cancel, Control, memory::MemoryBulk},
    content::ReportFields,
};
use malicious_server::scene::{Scene, change_report, fields, report, scene, straight};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::fake::{Fake, World};

/// Keeps an archive in memory, up to a length.
struct Kept {
    bytes: Vec<u8>,
    most: usize,
    /// Files that wait: each is released.
    waiting: usize,
}

impl Kept {
    fn new() -> Self {
        Self { bytes: Vec::new(), most: usize::MAX, waiting: 0 }
    }
}

impl ArchiveTarget<MemoryBulk> for Kept {
    async fn scratch(&mut self, _: u64) -> client::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    async fn piece(&mut self, file: &Vec<u8>, range: Range<u64>) -> client::Result<Bytes> {
        self.waiting += usize::from(range.start == 0);
        Ok(Bytes::copy_from_slice(&file[range.start as usize..range.end as usize]))
    }

    async fn release(&mut self, file: Vec<u8>) {
        self.waiting -= usize::from(!file.is_empty());
    }

    async fn write(&mut self, bytes: Vec<u8>) -> client::Result<()> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(ClientError::Sink { reason: "the disk is full".to_owned() });
        }
        self.bytes.extend(bytes);
        Ok(())
    }
}

type Files = BTreeMap<String, Vec<u8>>;

fn unpack(bytes: Vec<u8>) -> Files {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = Files::new();
    for n in 0..archive.len() {
        let mut entry = archive.by_index(n).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert!(files.insert(entry.name().to_owned(), content).is_none());
    }
    files
}

fn scope(shared: bool) -> ArchiveScope {
    ArchiveScope { origin: "https://health.example".to_owned(), shared }
}

async fn archive(vault: &Vault<World>, shared: bool) -> (Archived, Files) {
    let mut kept = Kept::new();
    let done = vault.archive(&scope(shared), &mut kept, &ArchiveControl::default()).await.unwrap();
    assert_eq!((done.bytes, kept.waiting), (kept.bytes.len() as u64, 0));
    (done, unpack(kept.bytes))
}

fn json(files: &Files, path: &str) -> Value {
    serde_json::from_slice(&files[path]).unwrap_or_else(|error| panic!("{path}: {error}"))
}

async fn add(draft: &OpenDraft<World>, name: &str, content: &[u8]) {
    draft.add_file(name, &Bytes::copy_from_slice(content), &Control::none()).await.unwrap();
}

/// What is in it, but for the access history, which this server doesn't keep.
fn left_out(done: &Archived) -> Vec<&str> {
    let left = done.left_out.iter().map(|left| left.what.as_str());
    left.filter(|what| !what.ends_with("/access-history")).collect()
}

#[tokio::test]
async fn files_are_as_they_were_and_everything_has_its_sum() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let own = PatientChoice::Account(ann.account_id());
    let draft = ann.begin_draft(own, ReportFields { title: "A/B: c?".into(), ..fields() }).await.unwrap();
    let large: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    add(&draft, "scan.pdf", b"%PDF-1.7 one").await;
    add(&draft, "SCAN.pdf", b"two").await;
    add(&draft, "\u{fc}ber.bin", &large).await;
    add(&draft, "empty.txt", b"").await;
    let id = draft.complete().await.unwrap().id;
    report(&ann, own).await;
    let unfinished =
        ann.begin_draft(own, ReportFields { title: "Not done".into(), ..Default::default() }).await.unwrap();
    add(&unfinished, "later.bin", b"later").await;

    let (done, files) = archive(&ann, false).await;
    assert_eq!((done.reports, done.files, left_out(&done).len()), (2, 5, 0), "{:?}", done.left_out);
    let folder = "reports/A_B_ c_";
    assert_eq!(files[&format!("{folder}/version 1/scan.pdf")], b"%PDF-1.7 one");
    assert_eq!(files[&format!("{folder}/version 1/SCAN (2).pdf")], b"two");
    assert_eq!(files[&format!("{folder}/version 1/\u{fc}ber.bin")], large);
    assert_eq!(files[&format!("{folder}/version 1/empty.txt")], b"");
    let said = json(&files, &format!("{folder}/report.json"));
    assert_eq!(said["id"], id.to_string());
    assert_eq!(said["versions"][0]["files"][1]["name"], "SCAN.pdf", "the name that it had");
    assert_eq!(said["versions"][0]["fields"]["title"], "A/B: c?");
    assert_eq!(json(&files, &format!("{folder}/report.fhir.json"))["resourceType"], "Bundle");
    assert_eq!(json(&files, "account.json")["email"], "ann.example@clinic.example");
    let draft = json(&files, "drafts/Not done.json");
    assert_eq!(
        (&draft["fields"]["title"], &draft["files_not_included"][0]["name"]),
        (&"Not done".into(), &"later.bin".into())
    );
    assert!(files["README.txt"].starts_with(b"Your data"));

    let sums = String::from_utf8(files["SHA256SUMS"].clone()).unwrap();
    let sums: BTreeMap<&str, &str> =
        sums.lines().filter_map(|line| line.split_once("  ")).map(|(sum, path)| (path, sum)).collect();
    assert_eq!(sums.len() + 1, files.len(), "every file but the sums");
    for (path, content) in files.iter().filter(|(path, _)| *path != "SHA256SUMS") {
        let found: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sums[path.as_str()], found, "{path}");
    }
}

#[tokio::test]
async fn reports_of_others_are_in_it_only_where_that_is_wanted() {
    let Scene { patient, doctor, id, .. } = scene().await;
    let (done, files) = archive(&doctor, false).await;
    assert_eq!(done.reports, 0);
    assert!(files.keys().all(|path| !path.starts_with("reports/")));
    let (done, files) = archive(&doctor, true).await;
    assert_eq!((done.reports, done.files), (1, 1));
    let path = files.keys().find(|path| path.ends_with("/report.json")).unwrap();
    let said = json(&files, path);
    assert_eq!((&said["id"], &said["owner"]["name"]), (&id.to_string().into(), &"Ann Example".into()));
    let (done, _) = archive(&patient, false).await;
    assert_eq!(done.reports, 1, "its owner's own");
}

#[tokio::test]
async fn contacts_are_in_it_with_their_fingerprints() {
    let Scene { patient, doctor, id, .. } = scene().await;
    patient.share(&id, &straight(&doctor)).await.unwrap();
    let (_, files) = archive(&patient, false).await;
    let account = json(&files, "account.json");
    let contact = &account["contacts"][0];
    assert_eq!((&contact["id"], &contact["name"]), (&doctor.account_id().to_string().into(), &"Dora Doctor".into()));
    let of_doctor = doctor.fingerprint(&doctor.me().unwrap());
    assert_eq!(contact["fingerprint"]["numbers"], serde_json::json!(of_doctor.groups));
    assert_eq!(account["keys"]["fingerprint"]["words"].as_array().unwrap().len(), 12);
}

/// A file that doesn't verify is no file of the archive; the others are.
#[tokio::test]
async fn what_does_not_verify_is_named_and_missing() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let own = PatientChoice::Account(ann.account_id());
    let draft = ann.begin_draft(own, fields()).await.unwrap();
    add(&draft, "good.bin", b"good").await;
    add(&draft, "bad.bin", b"bad").await;
    let id = draft.complete().await.unwrap().id;
    let whole = report(&ann, own).await;
    let part = |server: &Fake| {
        let mut db = server.db();
        let revision = db.reports.get_mut(&id).unwrap().versions.get_mut(&1).unwrap().last_mut().unwrap();
        *revision.parts[2].last_mut().unwrap() ^= 1;
    };
    part(&server);
    let (done, files) = archive(&ann, false).await;
    let folder = files
        .iter()
        .find(|(path, said)| path.ends_with("/report.json") && String::from_utf8_lossy(said).contains(&id.to_string()));
    let folder = folder.unwrap().0.trim_end_matches("/report.json").to_owned();
    assert_eq!((done.reports, left_out(&done)), (2, vec![&format!("{folder}/version 1/bad.bin")[..]]));
    assert_eq!(files[&format!("{folder}/version 1/good.bin")], b"good");
    assert!(!files.contains_key(&format!("{folder}/version 1/bad.bin")));
    assert!(String::from_utf8_lossy(&files["MISSING.txt"]).contains("bad.bin"));
    part(&server);

    // A report of which nothing verifies.
    change_report(&server, move |body| body.genesis.0[20] ^= u8::from(body.id == whole));
    let (done, files) = archive(&ann, false).await;
    assert_eq!(done.reports, 1);
    assert!(left_out(&done)[0].contains(&whole.to_string()), "{:?}", done.left_out);
    assert!(String::from_utf8_lossy(&files["MISSING.txt"]).contains(&whole.to_string()));
}

#[tokio::test]
async fn a_full_disk_and_a_stop_leave_no_archive() {
    let Scene { patient, .. } = scene().await;
    let (whole, _) = archive(&patient, false).await;
    for most in [0, 100, whole.bytes as usize - 1] {
        let mut kept = Kept { most, ..Kept::new() };
        let ended = patient.archive(&scope(false), &mut kept, &ArchiveControl::default()).await;
        assert!(matches!(ended, Err(ClientError::Sink { .. })), "{most}: {ended:?}");
        assert!(zip::ZipArchive::new(Cursor::new(kept.bytes)).is_err(), "{most}");
    }
    let cancel = Cancel::default();
    let stops = cancel.clone();
    let control = ArchiveControl::new(cancel, move |now: &ArchiveProgress| {
        if now.file_done > 0 {
            stops.cancel();
        }
    });
    let mut kept = Kept::new();
    let ended = patient.archive(&scope(false), &mut kept, &control).await;
    assert!(matches!(ended, Err(ClientError::Cancelled)), "{ended:?}");
    assert!(zip::ZipArchive::new(Cursor::new(kept.bytes)).is_err());
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_no_archive() {
    let Scene { server, patient, .. } = scene().await;
    server.lie(|request, value| {
        if request.path.contains("/versions/1") {
            *value = Value::Null;
        }
    });
    // An answer that can't be understood concerns one report; that nobody is signed in any more concerns all.
    let (done, _) = archive(&patient, false).await;
    assert_eq!(done.files, 0);
    assert!(!done.left_out.is_empty());
    server.be_honest();
    server.db().sessions.clear();
    let mut kept = Kept::new();
    let ended = patient.archive(&scope(false), &mut kept, &ArchiveControl::default()).await;
    assert!(ended.is_err(), "{ended:?}");
    assert!(zip::ZipArchive::new(Cursor::new(kept.bytes)).is_err());
}

#[tokio::test]
async fn progress_names_what_is_at_hand() {
    let Scene { patient, .. } = scene().await;
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let control =
        ArchiveControl::new(Cancel::default(), move |now: &ArchiveProgress| noted.lock().unwrap().push(now.clone()));
    let mut kept = Kept::new();
    patient.archive(&scope(false), &mut kept, &control).await.unwrap();
    let seen = seen.lock().unwrap();
    let last = seen.last().unwrap();
    assert_eq!((last.done, last.reports, last.written), (1, 1, kept.bytes.len() as u64));
    assert!(seen.iter().any(|now| now.file == "scan.pdf" && now.file_done == now.file_size && now.file_size > 0));
    assert!(seen.iter().any(|now| now.title == fields().title));
    assert!(seen.windows(2).all(|pair| pair[0].written <= pair[1].written && pair[0].done <= pair[1].done));
}
