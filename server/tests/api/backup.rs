//! Backups: taken while people write, restored elsewhere, and found out where they aren't what they were.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use age::secrecy::ExposeSecret;
use client::{NoSecondFactor, PatientChoice};
use entities::blob_garbage;
use sea_orm::{ConnectionTrait, Statement};
use server::{
    backup::{
        self, BackupError, Identities, Keep, Order, Place, Recipient, Repository, Restore, Restored, SnapshotId, Taken,
        schedule::Schedule,
    },
    cli::default_database,
    clock::MINUTE,
    database_url::DatabaseUrl,
    log, upkeep,
};
use tempfile::TempDir;

use crate::{
    harness::{self, Server},
    honest_client::{PASSWORD, Person, client, clinic, device, file, read, write},
    lists, postgres, s3,
};

pub const FILE: usize = 9 * 1024 * 1024 + 123;

/// A repository in a folder, and the key that opens it.
pub struct Vaulted {
    pub folder: TempDir,
    pub recipient: Recipient,
}

impl Vaulted {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = age::x25519::Identity::generate();
        fs::write(folder.path().join("identity"), format!("# test\n{}\n", key.to_string().expose_secret())).unwrap();
        Self { folder, recipient: key.to_public().to_string().parse().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    pub fn place(&self) -> Place {
        Place::Folder(self.path())
    }

    pub fn identity(&self) -> PathBuf {
        self.folder.path().join("identity")
    }

    pub fn identities(&self) -> Identities {
        Identities::read(&self.identity()).unwrap()
    }

    pub fn schedule(&self, keep: Option<&str>) -> Schedule {
        let keep = keep.map(|text| text.parse::<Keep>().unwrap());
        Schedule {
            to: self.place(),
            recipient: self.recipient.clone(),
            every: "1h".parse().unwrap(),
            keep,
            drill: None,
        }
    }

    pub fn order(&self, server: &Server, keep: Option<&str>) -> Order {
        self.schedule(keep).order(&server.state)
    }

    pub async fn take(&self, server: &Server) -> Taken {
        backup::take(&self.order(server, None)).await.unwrap()
    }

    pub async fn repository(&self) -> Repository {
        Repository::open(&self.place()).await.unwrap()
    }

    pub async fn snapshots(&self) -> BTreeSet<SnapshotId> {
        self.repository().await.contents().await.unwrap().snapshots
    }

    /// What `verify` names, without the identity and with it.
    pub async fn faults(&self) -> [Vec<String>; 2] {
        let repository = self.repository().await;
        let told = |found: backup::Verified| found.faults.iter().map(ToString::to_string).collect::<Vec<_>>();
        let shut = backup::verify(&repository, None, None).await.unwrap();
        let opened = backup::verify(&repository, Some(&self.identities()), None).await.unwrap();
        [told(shut), told(opened)]
    }

    pub async fn restore(&self, data: &Path, database: DatabaseUrl) -> Result<Restored, BackupError> {
        let order = Restore {
            from: self.repository().await,
            identities: self.identities(),
            snapshot: None,
            data: data.to_owned(),
            database,
            blobs: s3::usual(data),
        };
        backup::restore(&order, |_| ()).await
    }

    /// The files of the repository, largest first.
    pub fn files(&self) -> Vec<PathBuf> {
        let objects = fs::read_dir(self.path().join("objects")).unwrap().map(|entry| entry.unwrap().path());
        let mut objects: Vec<PathBuf> = objects.collect();
        objects.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
        objects
    }
}

pub async fn back(server: &Server, email: &str) -> Person {
    client(server).sign_in(email, PASSWORD, device(), &NoSecondFactor).await.unwrap()
}

pub async fn events(server: &Server, subject: &str) -> i64 {
    let conn = server.state.db.read();
    let sql = format!("SELECT COUNT(*) FROM audit_events WHERE subject LIKE '{subject}'");
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

/// The program, which is told of a database where that doesn't lie in the data folder.
pub fn program(database: &DatabaseUrl) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
    if !database.is_sqlite() {
        program.env("HEALTHSECURE_DATABASE", database.expose());
    }
    program
}

/// Somebody's reports, one after the other.
pub async fn write_some(author: &Person, count: usize) -> Vec<api_types::ReportId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(write(author, PatientChoice::Account(author.account_id())).await);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_people_write_opens_elsewhere() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let shared = write(&doctor, PatientChoice::Account(found.id)).await;
    let backups = async {
        vaulted.take(&server).await;
        vaulted.take(&server).await
    };
    let (meanwhile, taken) = tokio::join!(write_some(&patient, 4), backups);
    assert!(taken.size.blobs >= 2, "{taken:?}");
    assert_eq!(vaulted.faults().await, [vec![], Vec::<String>::new()]);
    upkeep::once(&server.state).await.unwrap();
    assert_eq!(events(&server, "what=backup snapshot=%").await, 2);
    let origin = server.origin.clone();
    drop(server.stop().await);

    let folder = tempfile::tempdir().unwrap();
    let database = harness::database(folder.path()).await;
    let restored = vaulted.restore(folder.path(), database.clone()).await.unwrap();
    assert_eq!((restored.snapshot, restored.blobs as u64), (taken.id.clone(), taken.size.blobs));
    assert!(restored.tables > 40 && restored.rows > 20 && restored.log > 5);
    assert_eq!([&restored.settings["name"], &restored.settings["origin"]], ["Test clinic", &origin]);

    let server = Server::start_in(folder, |_| ()).await;
    assert_eq!(events(&server, &format!("what=restore snapshot={} sessions=3 removals=0%", taken.id)).await, 1);
    let [doctor, patient] = [back(&server, "dora@clinic.example").await, back(&server, "ann@clinic.example").await];
    for reader in [&doctor, &patient] {
        assert_eq!(read(reader, &shared).await.unwrap().len(), FILE);
        reader.check_log().await.unwrap();
    }
    for id in &meanwhile {
        if patient.report(id).await.is_ok() {
            assert_eq!(read(&patient, id).await.unwrap().len(), FILE, "what is there is whole");
        }
    }
    write_some(&patient, 1).await;
    let folder = server.stop().await;
    log::verify(&database, folder.path()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_is_stored_and_nothing_is_in_clear() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    let first = vaulted.take(&server).await;
    assert!(first.size.new_bytes > FILE as u64 && first.size.new_bytes == first.size.bytes, "{first:?}");
    let before = vaulted.repository().await.contents().await.unwrap().objects;
    let second = vaulted.take(&server).await;
    assert!(second.size.new_bytes < 1024 * 1024 && second.size.bytes > FILE as u64, "{second:?}");
    write_some(&patient, 1).await;
    let third = vaulted.take(&server).await;
    assert!((FILE as u64..FILE as u64 + 2 * 1024 * 1024).contains(&third.size.new_bytes), "{third:?}");
    let after = vaulted.repository().await.contents().await.unwrap().objects;
    assert!(before.iter().all(|(name, size)| after.get(name) == Some(size)), "nothing was written anew");

    let mut folders = vec![vaulted.path()];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            for mark in [&b"ann@clinic.example"[..], b"Ann Example", b"uploads/"] {
                assert!(!bytes.windows(mark.len()).any(|some| some == mark), "{}", path.display());
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_leaves_no_snapshot_and_the_next_one_works() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 2).await;
    let order = vaulted.order(&server, None);
    let killed = tokio::spawn(async move { backup::take(&order).await.map(drop) });
    let objects = vaulted.path().join("objects");
    while !fs::read_dir(&objects).is_ok_and(|mut found| found.next().is_some()) {
        assert!(!killed.is_finished(), "it ended before");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled(), "killed in the middle");
    assert!(vaulted.snapshots().await.is_empty());

    // While it may be running, nothing that a snapshot could name is deleted, and no other begins.
    let key = "uploads/of-nobody/0-0";
    let mut writer = server.state.blobs.write(key);
    writer.write(b"left over").await.unwrap();
    writer.finish().await.unwrap();
    let tx = server.state.db.begin_write().await.unwrap();
    server::storage::blob_garbage::add(tx.conn(), vec![key.to_owned()], 7).await.unwrap();
    tx.commit().await.unwrap();
    upkeep::once(&server.state).await.unwrap();
    assert!(s3::keys(&server.state.config).contains(&key.to_owned()));
    let again = backup::take(&vaulted.order(&server, None)).await;
    assert!(matches!(again, Err(BackupError::Busy)), "{again:?}");

    server.state.clock.advance(3 * MINUTE);
    upkeep::once(&server.state).await.unwrap();
    upkeep::once(&server.state).await.unwrap();
    assert!(!s3::keys(&server.state.config).contains(&key.to_owned()));
    let left = {
        use sea_orm::EntityTrait;
        blob_garbage::Entity::find_by_id(key.to_owned()).one(server.state.db.read()).await.unwrap()
    };
    assert!(left.is_none());
    assert_eq!(events(&server, "what=backup_failed snapshot=%").await, 1, "it is told of once");
    let taken = vaulted.take(&server).await;
    assert_eq!(vaulted.snapshots().await, BTreeSet::from([taken.id]));
    assert_eq!(vaulted.faults().await, [vec![], Vec::<String>::new()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_it_was_is_named() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    vaulted.take(&server).await;
    let largest = vaulted.files().remove(0);
    let name = format!("objects/{}", largest.file_name().unwrap().to_str().unwrap());
    let whole = fs::read(&largest).unwrap();
    let folder = tempfile::tempdir().unwrap();

    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let ends = [whole[..whole.len() - 1].to_vec(), [&whole[..], b"x"].concat()];
    for bytes in [changed].into_iter().chain(ends) {
        fs::write(&largest, &bytes).unwrap();
        let [shut, opened] = vaulted.faults().await;
        assert!(shut.iter().any(|fault| fault.starts_with(&name)), "{shut:?}");
        // What stands behind the end is not read.
        assert!(bytes.len() > whole.len() || opened.iter().any(|fault| fault.starts_with(&name)), "{opened:?}");
    }
    fs::remove_file(&largest).unwrap();
    let missing = format!("{name}: it is missing");
    assert_eq!(vaulted.faults().await, [vec![missing.clone()], vec![missing.clone()]]);
    let data = folder.path().join("data");
    let refused = vaulted.restore(&data, default_database(&data)).await.unwrap_err();
    assert!(refused.to_string().contains(&missing), "{refused}");
    fs::write(&largest, &whole).unwrap();

    // Both were sealed to the same recipient, and open.
    let [one, other] = [vaulted.files().remove(0), vaulted.files().remove(1)];
    let [first, second] = [fs::read(&one).unwrap(), fs::read(&other).unwrap()];
    fs::write(&one, &second).unwrap();
    fs::write(&other, &first).unwrap();
    assert_eq!(vaulted.faults().await.map(|named| named.len() >= 2), [true, true]);
    fs::write(&one, &first).unwrap();
    fs::write(&other, &second).unwrap();

    let indexes = vaulted.path().join("indexes");
    let index = fs::read_dir(&indexes).unwrap().next().unwrap().unwrap().path();
    let kept = fs::read(&index).unwrap();
    fs::remove_file(&index).unwrap();
    assert!(vaulted.faults().await[0].iter().any(|fault| fault.starts_with("indexes/")));
    fs::write(&index, kept).unwrap();
    assert_eq!(vaulted.faults().await, [vec![], Vec::<String>::new()]);

    let stranger = Vaulted::new();
    let wrong = backup::verify(&vaulted.repository().await, Some(&stranger.identities()), None).await;
    assert!(matches!(wrong, Err(BackupError::WrongIdentity)), "{wrong:?}");
}

/// An installation on a database of one kind is restored into the other kind: every report opens there with what was in it, to whom
/// it did, and people go on.
async fn every_report_opens_in(from: impl Fn(&Path) -> DatabaseUrl, to: impl Fn(&Path) -> DatabaseUrl) {
    let vaulted = Vaulted::new();
    let server = Server::start_with(|config| config.database_url = from(&config.data)).await;
    let [_, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let both = write(&doctor, PatientChoice::Account(found.id)).await;
    let alone = write_some(&patient, 2).await;
    vaulted.take(&server).await;
    drop(server.stop().await);

    let folder = tempfile::tempdir().unwrap();
    let database = to(folder.path());
    vaulted.restore(folder.path(), database.clone()).await.unwrap();
    let server = Server::start_in(folder, |config| config.database_url = database.clone()).await;
    let [doctor, patient] = [back(&server, "dora@clinic.example").await, back(&server, "ann@clinic.example").await];
    for id in alone.iter().chain([&both]) {
        assert!(read(&patient, id).await.unwrap() == file());
        assert!(patient.report_events(id, 1_000).await.unwrap().complete);
    }
    assert!(read(&doctor, &both).await.unwrap() == file());
    for id in &alone {
        assert!(doctor.report(id).await.is_err(), "no more than before");
    }
    lists::agree(server.state.db.read()).await;
    patient.check_log().await.unwrap();
    let later = write_some(&patient, 1).await.remove(0);
    assert!(read(&patient, &later).await.unwrap() == file());
    let folder = server.stop().await;
    log::verify(&database, folder.path()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_sqlite_is_restored_into_postgresql() {
    let Some(to) = postgres::database("").await else { return };
    let to = DatabaseUrl::parse(&to).unwrap();
    every_report_opens_in(default_database, |_| to.clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_postgresql_is_restored_into_sqlite() {
    let Some(from) = postgres::database("").await else { return };
    let from = DatabaseUrl::parse(&from).unwrap();
    every_report_opens_in(|_| from.clone(), default_database).await;
}
