//! Disks that are full, that can't be written, that lose or damage the database: each is said by name, loses nothing that was
//! acknowledged, and heals without a restart where it can.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use api_types::{ErrorCode, accounts::Role, audit::Action};
use client::{ClientError, PatientChoice, content::ReportFields};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use server::{
    AppState,
    cli::default_database,
    config::Config,
    database_url::DatabaseUrl,
    log,
    state::StartError,
    storage::{db::Db, migrate::DatabaseError},
};
use tempfile::TempDir;

use crate::{
    backup::{FILE, write_some},
    harness::{Server, left_out, on_postgres},
    honest_client::{Person, clinic, read},
    kill,
    log_kill::Program,
    mail_server::free_port,
    postgres, s3,
    world::plain_config,
};

/// Bytes of a file that one segment has room for.
const SMALL: usize = 100_000;

/// A small disk of its own, in memory.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Only who may mount has one. In CI whoever may must get one; in a container of GitHub's nobody may.
    pub fn mount(megabytes: u32) -> Option<Self> {
        Self::mount_for(megabytes, 0)
    }

    /// Of another user's.
    fn mount_for(megabytes: u32, user: u32) -> Option<Self> {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        let options = format!("size={megabytes}m,mode=0700,uid={user}");
        let path = disk.path().to_str().unwrap();
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "healthsecure-test", path]).output();
        if done.as_ref().is_ok_and(|done| done.status.success()) {
            return Some(disk);
        }
        assert!(std::env::var_os("CI").is_none() || !may_mount(), "a disk of its own can't be mounted: {done:?}");
        eprintln!("SKIPPED: only root may mount a disk of its own, and this isn't root, or one who may not");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn remount(&self, how: &str) {
        let done = Command::new("mount").args(["-o", how, self.path().to_str().unwrap()]).status().unwrap();
        assert!(done.success(), "{how}");
    }

    /// Leaves no room. Gives the file that took it.
    pub fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = File::create(&path).unwrap();
        for size in [1024 * 1024, 4096, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Whether this process has CAP_SYS_ADMIN, the 21st of Linux's capabilities.
fn may_mount() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let held = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    held.and_then(|held| u64::from_str_radix(held.trim(), 16).ok()).is_some_and(|held| held & (1 << 21) != 0)
}

fn code(error: &ClientError) -> Option<ErrorCode> {
    error.problem()
}

/// Drafts until one is refused: what the database's file has room for inside is used first.
async fn refused_draft(author: &Person) -> Option<ErrorCode> {
    for n in 0..2000 {
        let fields = ReportFields { title: format!("{n}"), diagnosis: "x".repeat(19_000), ..ReportFields::default() };
        let begun = author.begin_draft(PatientChoice::Account(author.account_id()), fields).await;
        if let Err(error) = begun {
            return code(&error);
        }
    }
    panic!("the disk has no end");
}

async fn refused_file(author: &Person, len: usize) -> Option<ErrorCode> {
    use client::bulk::{Control, native::FileSource};
    let fields = ReportFields { title: "x".into(), ..ReportFields::default() };
    let draft = match author.begin_draft(PatientChoice::Account(author.account_id()), fields).await {
        Ok(draft) => draft,
        Err(error) => return code(&error),
    };
    let added = draft.add_file("scan.bin", &FileSource::Bytes(vec![7; len].into()), &Control::none()).await;
    code(&added.unwrap_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_loses_nothing_and_heals_by_itself() {
    if left_out(on_postgres() || s3::everywhere(), "database and blobs lie on the disk that is full") {
        return;
    }
    let Some(disk) = Disk::mount(96) else { return };
    let data = disk.path().join("data");
    let server = Server::start_with(|config| {
        config.database_url = default_database(&data);
        config.data = data.clone();
    })
    .await;
    let [_, _, patient] = clinic(&server).await;
    let kept = write_some(&patient, 2).await;

    let filler = disk.fill();
    assert_eq!(refused_file(&patient, SMALL).await, Some(ErrorCode::StorageFull));
    assert_eq!(refused_draft(&patient).await, Some(ErrorCode::StorageFull));
    // Nobody reads what can't be recorded. SQLite may still have room for an event in what it has of its write-ahead log.
    let reading = read(&patient, &kept[0]).await;
    assert!(reading.as_ref().map_or_else(code, |_| Some(ErrorCode::StorageFull)) == Some(ErrorCode::StorageFull));
    let answer = server.get("/account", patient.token()).await;
    assert!(answer.status == 200 || (answer.status == 503 && answer.code() == "storage_full"), "{}", answer.text);

    fs::remove_file(filler).unwrap();
    let events = patient.report_events(&kept[0], 100).await.unwrap();
    let opened = events.items.iter().any(|item| item.event.action == Action::Open);
    assert_eq!(opened, reading.is_ok(), "what was read is recorded");
    for id in &kept {
        assert_eq!(read(&patient, id).await.unwrap().len(), FILE);
    }
    let more = write_some(&patient, 1).await;
    assert_eq!(read(&patient, &more[0]).await.unwrap().len(), FILE);
    patient.check_log().await.unwrap();
    let database = server.state.config.database_url.clone();
    let _folder = server.stop().await;
    log::verify(&database, &data).await.unwrap();
}

/// A PostgreSQL of a test's own, one database of which lies on a small disk. Its write-ahead log doesn't: where there is no room for that
/// PostgreSQL ends, and is away.
struct SmallPostgres {
    // Field order matters: it ends before its disk goes.
    _server: OwnPostgres,
    disk: Disk,
}

/// Runs until its standard input ends.
struct OwnPostgres(Child);

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl SmallPostgres {
    /// With the URL of that database.
    async fn start(megabytes: u32) -> Option<(Self, DatabaseUrl)> {
        if left_out(!may_mount(), "only root may mount a disk of its own") {
            return None;
        }
        let mut hold = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres"));
        hold.arg("hold").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = OwnPostgres(hold.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim();
        if left_out(address.is_empty(), "PostgreSQL is missing. On Debian: sudo apt-get install postgresql") {
            return None;
        }
        // Its socket lies in a folder of the user as which it runs.
        let socket = address.split_once('@').unwrap().1.replace("%2F", "/");
        let disk = Disk::mount_for(megabytes, fs::metadata(socket).unwrap().uid())?;
        let admin = Database::connect(format!("{address}/postgres")).await.unwrap();
        for sql in [
            format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()),
            "CREATE DATABASE on_a_small_disk TEMPLATE template0 TABLESPACE small".to_owned(),
        ] {
            admin.execute_unprepared(&sql).await.unwrap();
        }
        admin.close().await.unwrap();
        let url = DatabaseUrl::parse(&format!("{address}/on_a_small_disk")).unwrap();
        Some((Self { _server: server, disk }, url))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_postgresql_is_said_loses_nothing_and_heals_by_itself() {
    let Some((postgres, url)) = SmallPostgres::start(96).await else { return };
    let server = Server::start_with(|config| config.database_url = url.clone()).await;
    let [_, _, patient] = clinic(&server).await;
    let kept = write_some(&patient, 2).await;

    let filler = postgres.disk.fill();
    assert_eq!(refused_draft(&patient).await, Some(ErrorCode::StorageFull));
    // What a table's last page has room for may still be recorded, and so read.
    let reading = read(&patient, &kept[0]).await;
    assert!(reading.as_ref().map_or_else(code, |_| Some(ErrorCode::StorageFull)) == Some(ErrorCode::StorageFull));
    let answer = server.get("/account", patient.token()).await;
    assert!(answer.status == 200 || (answer.status == 503 && answer.code() == "storage_full"), "{}", answer.text);

    fs::remove_file(filler).unwrap();
    let events = patient.report_events(&kept[0], 100).await.unwrap();
    let opened = events.items.iter().any(|item| item.event.action == Action::Open);
    assert!(reading.is_err() || opened, "what was read is recorded");
    for id in &kept {
        assert_eq!(read(&patient, id).await.unwrap().len(), FILE);
    }
    let more = write_some(&patient, 1).await;
    assert_eq!(read(&patient, &more[0]).await.unwrap().len(), FILE);
    patient.check_log().await.unwrap();
    let folder = server.stop().await;
    log::verify(&url, folder.path()).await.unwrap();
    drop(postgres);
}

/// The program, of which a write beyond a limit fails instead of ending it.
fn limited(data: &Path, port: u16) -> Program {
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#, env!("CARGO_BIN_EXE_healthsecure")]);
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(data).env("RUST_LOG", "error");
    Program::run(command)
}

/// How long its files may be from now on (RLIMIT_FSIZE): who has no rights has such a full disk too.
fn limit(program: &Program, bytes: &str) {
    let (pid, size) = (program.id().to_string(), format!("--fsize={bytes}:"));
    let done = Command::new("prlimit").args(["--pid", &pid, &size]).status();
    assert!(done.is_ok_and(|done| done.success()), "prlimit (util-linux) sets the limits of processes");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_may_not_grow_are_said_lose_nothing_and_heal_by_themselves() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut program = limited(folder.path(), port);
    let (origin, token) = (format!("http://localhost:{port}"), program.set_up_token());
    kill::join(&origin, "Ada", Role::Administrator, Some(&token)).await;
    let patient = kill::join(&origin, "Ann", Role::Patient, None).await;
    let kept = write_some(&patient, 2).await;

    // Less than a whole segment, and more than the database has.
    limit(&program, "7340032");
    assert_eq!(refused_file(&patient, FILE).await, Some(ErrorCode::StorageFull));
    assert_eq!(read(&patient, &kept[0]).await.unwrap().len(), FILE, "what is there can be read, and that is recorded");

    // Nothing at all: nobody reads what can't be recorded.
    limit(&program, "0");
    assert_eq!(refused_file(&patient, SMALL).await, Some(ErrorCode::DatabaseUnavailable));
    let reading = read(&patient, &kept[0]).await;
    assert_eq!(reading.as_ref().err().and_then(code), Some(ErrorCode::DatabaseUnavailable));

    limit(&program, "unlimited");
    for id in &kept {
        assert_eq!(read(&patient, id).await.unwrap().len(), FILE);
    }
    let more = write_some(&patient, 1).await;
    assert_eq!(read(&patient, &more[0]).await.unwrap().len(), FILE);
    patient.check_log().await.unwrap();
    program.kill();
    log::verify(&default_database(folder.path()), folder.path()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_can_be_read_alone_is_said_and_heals_by_itself() {
    if left_out(s3::everywhere(), "the blobs lie on the disk that can only be read") {
        return;
    }
    let Some(disk) = Disk::mount(64) else { return };
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(disk.path(), folder.path().join("blobs")).unwrap();
    let server = Server::start_in(folder, |_| ()).await;
    let [_, _, patient] = clinic(&server).await;
    let kept = write_some(&patient, 1).await;
    disk.remount("remount,ro");
    assert_eq!(refused_file(&patient, SMALL).await, Some(ErrorCode::StorageReadOnly));
    assert_eq!(read(&patient, &kept[0]).await.unwrap().len(), FILE, "what is there can be read");
    disk.remount("remount,rw");
    let more = write_some(&patient, 1).await;
    assert_eq!(read(&patient, &more[0]).await.unwrap().len(), FILE);
}

/// All of the data folder, the database too. Not while a server runs: the kernel makes no disk read-only on which a file is open for
/// writing (EBUSY). Where a running one can't write, the tests above and `database_away.rs` say what it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_disk_can_be_read_alone_does_not_start_and_finds_everything_once_it_can_be_written() {
    let Some(disk) = Disk::mount(96) else { return };
    let (data, port) = (disk.path().join("data"), free_port());
    let mut program = Program::start_with(&data, port, &[]);
    let (origin, token) = (format!("http://localhost:{port}"), program.set_up_token());
    kill::join(&origin, "Ada", Role::Administrator, Some(&token)).await;
    let patient = kill::join(&origin, "Ann", Role::Patient, None).await;
    let kept = write_some(&patient, 1).await;
    program.kill();

    disk.remount("remount,ro");
    let mut serve = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
    serve.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(&data);
    let refused = serve.output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("Read-only file system"), "{said}");

    disk.remount("remount,rw");
    let program = Program::start_with(&data, port, &[]);
    assert_eq!(read(&patient, &kept[0]).await.unwrap().len(), FILE);
    let more = write_some(&patient, 1).await;
    assert_eq!(read(&patient, &more[0]).await.unwrap().len(), FILE);
    patient.check_log().await.unwrap();
    program.kill();
    log::verify(&default_database(&data), &data).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_moved_away_is_missed_and_found_again() {
    if left_out(on_postgres(), "SQLite's file is moved") {
        return;
    }
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    let kept = write_some(&patient, 1).await;
    let path = server.state.config.database_url.file().unwrap();
    let away = path.with_extension("away");
    fs::rename(&path, &away).unwrap();
    assert_eq!(refused_file(&patient, SMALL).await, Some(ErrorCode::DatabaseUnavailable));
    assert_eq!(code(&read(&patient, &kept[0]).await.unwrap_err()), Some(ErrorCode::DatabaseUnavailable));
    let ready = server.send(server.request(reqwest::Method::GET, "/readyz")).await;
    assert_eq!((ready.status.as_u16(), ready.code()), (503, "database_unavailable".to_owned()));
    // Another file in its place is not it.
    fs::copy(&away, &path).unwrap();
    assert_eq!(refused_file(&patient, SMALL).await, Some(ErrorCode::DatabaseUnavailable));
    fs::rename(&away, &path).unwrap();
    assert_eq!(read(&patient, &kept[0]).await.unwrap().len(), FILE);
    write_some(&patient, 1).await;
    patient.check_log().await.unwrap();
}

async fn refusal(config: &Config) -> String {
    match AppState::open(config.clone()).await {
        Err(StartError::Open(error @ DatabaseError::Damaged(..))) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it starts"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_server_starts_on_a_damaged_database() {
    if left_out(on_postgres(), "SQLite's file is damaged") {
        return;
    }
    let server = Server::start().await;
    clinic(&server).await;
    let config = server.state.config.clone();
    let folder = server.stop().await;
    let path = config.database_url.file().unwrap();
    let whole = fs::read(&path).unwrap();

    // A page in eight is overwritten, as by a failing disk.
    let file = File::options().write(true).open(&path).unwrap();
    for page in (4..whole.len() / 4096).step_by(8) {
        file.write_all_at(&[0xff; 64], page as u64 * 4096).unwrap();
    }
    let said = refusal(&config).await;
    assert!(said.contains("healthsecure restore --from") && said.contains("healthsecure.db"), "{said}");
    let damaged = fs::read(&path).unwrap();
    assert_eq!(damaged.len(), whole.len());
    assert!(damaged[4 * 4096..4 * 4096 + 64].iter().all(|byte| *byte == 0xff), "nothing was changed");

    // Its beginning, and its end.
    fs::write(&path, [&[0_u8; 4096][..], &whole[4096..]].concat()).unwrap();
    refusal(&config).await;
    fs::write(&path, &whole[..whole.len() / 4096 / 2 * 4096]).unwrap();
    refusal(&config).await;

    fs::write(&path, &whole).unwrap();
    let server = Server::start_in(folder, |_| ()).await;
    assert_eq!(server.get("/instance", None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_server_starts_where_postgresql_found_a_page_that_was_not_written() {
    let Some(whole) = postgres::database("").await else { return };
    Db::open(&DatabaseUrl::parse(&whole).unwrap()).await.unwrap().close().await.unwrap();
    let name = whole.rsplit('/').next().unwrap();
    let admin = postgres::connect("postgres").await;
    // File by file: nothing of the copy is in PostgreSQL's memory.
    let copy = format!("CREATE DATABASE {name}_damaged TEMPLATE {name} STRATEGY FILE_COPY");
    if let Err(error) = admin.execute_unprepared(&copy).await {
        eprintln!("SKIPPED: PostgreSQL 15 copies databases file by file, and this one says {error}");
        return;
    }
    let damaged = postgres::connect(&format!("{name}_damaged")).await;
    if text(&damaged, "SHOW data_checksums").await != "on" {
        eprintln!("SKIPPED: this PostgreSQL keeps no checksums (initdb --data-checksums)");
        return;
    }
    let path = "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('seaql_migrations')";
    let Ok(file) = File::options().write(true).open(text(&damaged, path).await) else {
        eprintln!("SKIPPED: this PostgreSQL's files are out of reach");
        return;
    };
    file.write_all_at(&[0xff; 64], 4096).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let database_url = DatabaseUrl::parse(&format!("{whole}_damaged")).unwrap();
    let config = Config { data: folder.path().to_owned(), database_url, ..plain_config() };
    let said = refusal(&config).await;
    assert!(said.contains("healthsecure restore --from") && said.contains("invalid page"), "{said}");
    // Nor later, where it is only remembered that there was one.
    let said = refusal(&config).await;
    assert!(
        said.contains("--data NEW-FOLDER --database postgres://") && said.contains("checksum_failures: "),
        "{said}"
    );
    damaged.close().await.unwrap();
    admin.execute_unprepared(&format!("DROP DATABASE {name}_damaged WITH (FORCE)")).await.unwrap();
    admin.close().await.unwrap();
}

async fn text(conn: &DatabaseConnection, sql: &str) -> String {
    let row = conn.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
