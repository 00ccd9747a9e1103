//! One report brought back from a snapshot: what is lost comes back, and nothing that was taken away on purpose.

use api_types::ReportId;
use client::{
    PatientChoice, Share,
    bulk::{Control, native::FileSink},
    content::ReportFields,
};
use sea_orm::ConnectionTrait;
use server::{
    backup::{self, BackupError, Done, PutBack, SnapshotId},
    storage::versions::{self, RevisionKey},
};

use crate::{
    backup::{FILE, Vaulted, back, events, program},
    harness::{Server, literal},
    honest_client::{clinic, read, write},
    lists, s3,
};

async fn order(vaulted: &Vaulted, server: &Server, report: ReportId) -> PutBack {
    let config = &server.state.config;
    PutBack {
        from: vaulted.repository().await,
        identities: vaulted.identities(),
        snapshot: None,
        report,
        data: config.data.clone(),
        database: config.database_url.clone(),
        blobs: config.blobs.clone(),
    }
}

/// Somebody changes the database behind the server's back.
async fn change(server: &Server, sql: &str) {
    let tx = server.state.db.begin_write().await.unwrap();
    tx.conn().execute_unprepared(sql).await.unwrap();
    tx.commit().await.unwrap();
}

async fn keys(server: &Server, report: ReportId) -> Vec<String> {
    versions::blob_keys(server.state.db.read(), report).await.unwrap()
}

fn of(report: ReportId) -> String {
    format!("WHERE report_id = {}", literal(&report.0))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_comes_back_and_nothing_newer_goes() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    let own = PatientChoice::Account(patient.account_id());
    let report = write(&patient, own).await;
    vaulted.take(&server).await;
    let later = write(&patient, PatientChoice::Account(patient.account_id())).await;
    let to = patient.find_doctors("Dora").await.unwrap().remove(0);
    let shared = patient.share(&report, &Share { with_code: false, ..Share::with_code(to.id) }).await.unwrap();
    assert!(shared.code.is_none());
    assert_eq!(read(&doctor, &report).await.unwrap().len(), FILE);

    // A blob is gone, another holds something else, a third of the rows is gone.
    let blobs = keys(&server, report).await;
    server.state.blobs.delete(&blobs[0]).await.unwrap();
    let mut writer = server.state.blobs.write(&blobs[1]);
    writer.write(b"something else").await.unwrap();
    writer.finish().await.unwrap();
    change(&server, &format!("DELETE FROM part_segments {} AND n = 0", of(report))).await;
    change(&server, &format!("DELETE FROM wraps {}", of(report))).await;
    assert!(read(&patient, &report).await.is_err());
    let refused = backup::put_back(&order(&vaulted, &server, report).await).await;
    assert!(matches!(refused, Err(BackupError::Folder(_))), "while it is served: {refused:?}");

    let order = order(&vaulted, &server, report).await;
    let folder = server.stop().await;
    let done = backup::put_back(&order).await.unwrap();
    assert!(done.rows >= 2 && (1..=2).contains(&done.blobs) && done.lost == 0, "{done:?}");
    let again = backup::put_back(&order).await.unwrap();
    assert_eq!((again.rows, again.blobs, again.lost), (0, 0, 0), "nothing is lacking");

    let server = Server::start_in(folder, |_| ()).await;
    let patient = back(&server, "ann@clinic.example").await;
    for id in [&report, &later] {
        assert_eq!(read(&patient, id).await.unwrap().len(), FILE);
    }
    lists::agree(server.state.db.read()).await;
    patient.check_log().await.unwrap();
    assert_eq!(events(&server, "what=put_back snapshot=% rows=%").await, 1);
    assert!(patient.report_events(&report, 1_000).await.unwrap().complete, "its record is whole");
}

/// The same by the program; what it says.
fn by_the_program(vaulted: &Vaulted, order: &PutBack, snapshot: &SnapshotId) -> String {
    let [place, identity, data] =
        [vaulted.path(), vaulted.identity(), order.data.clone()].map(|path| path.to_str().unwrap().to_owned());
    let done = program(&order.database)
        .args(["restore", "--report", &order.report.to_string(), "--snapshot", snapshot.as_str()])
        .args(["--from", &place, "--identity", &identity, "--data", &data])
        .output()
        .unwrap();
    let said = String::from_utf8([&done.stdout[..], &done.stderr[..]].concat()).unwrap();
    assert!(done.status.success(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_newest_snapshot_lacks_comes_from_an_older_one_that_is_named() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    let own = || PatientChoice::Account(patient.account_id());
    let report = write(&patient, own()).await;
    let first = vaulted.take(&server).await.id;
    let later = write(&patient, own()).await;
    let blobs = keys(&server, report).await;
    server.state.blobs.delete(&blobs[0]).await.unwrap();
    change(&server, &format!("DELETE FROM part_segments {}", of(report))).await;
    let second = vaulted.take(&server).await.id;

    let order = order(&vaulted, &server, report).await;
    let folder = server.stop().await;
    let done = backup::put_back(&order).await.unwrap();
    assert_eq!((done.snapshot, done.rows, done.blobs), (second, 0, 0), "it was lost before that");
    let order = PutBack { snapshot: Some(first.clone()), ..order };
    // The program is told of no bucket.
    if s3::everywhere() {
        let done = backup::put_back(&order).await.unwrap();
        assert_eq!((done.snapshot, done.rows, done.blobs, done.lost), (first.clone(), blobs.len(), 1, 0));
    } else {
        let said = by_the_program(&vaulted, &order, &first);
        let put_back = format!("From the snapshot {first}: {} rows and 1 blobs were put back.", blobs.len());
        assert!(said.contains(&put_back), "{said}");
    }

    let server = Server::start_in(folder, |_| ()).await;
    let patient = back(&server, "ann@clinic.example").await;
    for id in [&report, &later] {
        assert_eq!(read(&patient, id).await.unwrap().len(), FILE);
    }
    assert_eq!(events(&server, &format!("what=put_back snapshot={first} rows=%")).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_several_versions_have_comes_back_once_and_for_all_of_them() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    let report = write(&patient, PatientChoice::Account(patient.account_id())).await;
    let draft = patient.edit_report(&report).await.unwrap();
    draft.set_fields(ReportFields { diagnosis: "A shadow".into(), ..draft.fields() }).unwrap();
    draft.save_version(&Control::none()).await.unwrap();
    vaulted.take(&server).await;
    let blobs = keys(&server, report).await;
    for key in &blobs {
        server.state.blobs.delete(key).await.unwrap();
    }
    change(&server, &format!("DELETE FROM part_segments {}", of(report))).await;

    let order = order(&vaulted, &server, report).await;
    let folder = server.stop().await;
    let done = backup::put_back(&order).await.unwrap();
    assert_eq!((done.rows, done.blobs, done.lost), (2 * blobs.len(), blobs.len(), 0));
    let server = Server::start_in(folder, |_| ()).await;
    for version in [1, 2] {
        let of = RevisionKey { report: report.0.to_vec(), version, revision: 0 };
        let rows = versions::all_segments(server.state.db.read(), &of).await.unwrap();
        assert!(rows.len() == blobs.len() && rows.iter().all(|row| row.crc64.is_some()), "{rows:?}");
    }
    let patient = back(&server, "ann@clinic.example").await;
    assert_eq!(read(&patient, &report).await.unwrap().len(), FILE);
    let open = patient.report(&report).await.unwrap();
    let second = patient.version(&open, 2).await.unwrap();
    patient.download(&second, 1, FileSink::Bytes(Vec::new()), &Control::none()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_rekeyed_or_erased_since_stays_so() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    let own = || PatientChoice::Account(patient.account_id());
    let (revoked, erased) = (write(&patient, own()).await, write(&patient, own()).await);
    let to = patient.find_doctors("Dora").await.unwrap().remove(0);
    let shared = patient.share(&revoked, &Share { with_code: false, ..Share::with_code(to.id) }).await.unwrap();
    assert_eq!(read(&doctor, &revoked).await.unwrap().len(), FILE);
    vaulted.take(&server).await;
    patient.revoke(&revoked, &shared.grant).await.unwrap();
    patient.rekey(&revoked, &Control::none()).await.unwrap();
    patient.confirm(crate::honest_client::PASSWORD, &client::NoSecondFactor).await.unwrap();
    patient.erase_report(&erased).await.unwrap();
    let [of_revoked, of_erased] = [order(&vaulted, &server, revoked).await, order(&vaulted, &server, erased).await];
    let unknown = order(&vaulted, &server, ReportId([7; 32])).await;
    let folder = server.stop().await;
    assert!(matches!(backup::put_back(&of_erased).await, Err(BackupError::Erased)));
    assert!(matches!(backup::put_back(&unknown).await, Err(BackupError::NoReport)));
    let Done { rows, blobs, lost, .. } = backup::put_back(&of_revoked).await.unwrap();
    assert_eq!((rows, blobs, lost), (0, 0, 0), "everything of now is there");

    let server = Server::start_in(folder, |_| ()).await;
    let [patient, doctor] = [back(&server, "ann@clinic.example").await, back(&server, "dora@clinic.example").await];
    assert_eq!(read(&patient, &revoked).await.unwrap().len(), FILE);
    assert!(doctor.report(&revoked).await.is_err());
    assert!(patient.report(&erased).await.is_err());
}
