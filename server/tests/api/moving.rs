//! `healthsecure migrate-to`: a running installation moves to PostgreSQL, killed on the way and run again; and what is not the
//! same in both places is found.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use client::{NoSecondFactor, PatientChoice, api::ListQuery};
use entities::{blob_garbage, throttles};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Statement};
use server::{
    cli::default_database,
    data_folder,
    database_url::DatabaseUrl,
    log,
    migrate_to::{self, Move, MoveError},
    storage::{
        connect::{Purpose, connect},
        copy::{
            compare, level, tables,
            target::{Target, TargetError},
        },
        db::Db,
        migrate::DatabaseError,
    },
};
use tempfile::TempDir;

use crate::{
    harness::Server,
    honest_client::{PASSWORD, client, clinic, device, read, write},
    log::record,
    postgres,
};

/// Events enough that copying them takes a while.
const EVENTS: u64 = 40_000;

/// An empty database that sorts text otherwise than by its bytes, where PostgreSQL can.
async fn target() -> Option<DatabaseUrl> {
    postgres::server()?;
    let admin = postgres::connect("postgres").await;
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT current_setting('server_version_num')::int");
    let version: i32 = admin.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    let options = if version >= 150_000 { "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'" } else { "" };
    Some(DatabaseUrl::parse(&postgres::database(options).await?).unwrap())
}

/// A server on SQLite, whatever the others are on.
async fn on_sqlite() -> Server {
    Server::start_with(|config| config.database_url = default_database(&config.data)).await
}

/// A started `migrate-to`; killed when dropped.
struct Moving(Child);

impl Moving {
    fn start(data: &Path, to: &DatabaseUrl) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
        program.arg("migrate-to").env("HEALTHSECURE_MIGRATE_TO", to.expose()).arg("--data").arg(data);
        Self(program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// What it says up to a line that holds this.
    fn says(&mut self, awaited: &str) -> BufReader<std::process::ChildStdout> {
        let mut lines = BufReader::new(self.0.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains(awaited) {
            assert!(lines.read_line(&mut said).unwrap() > 0, "{said} {:?}", self.failure());
        }
        lines
    }

    fn failure(&mut self) -> String {
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn count(conn: &DatabaseConnection, sql: &str) -> Option<i64> {
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await.ok()?;
    row?.try_get_by_index(0).ok()
}

/// Waits until some of the events are copied, and not all.
async fn half_copied(to: &DatabaseUrl) -> i64 {
    let conn = connect(to, Purpose::Write).await.unwrap();
    let begun = Instant::now();
    loop {
        let copied = count(&conn, "SELECT COUNT(*) FROM audit_events").await.unwrap_or(0);
        if copied > 0 {
            conn.close().await.unwrap();
            return copied;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is copied");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_installation_moves_and_nothing_is_lost() {
    let Some(to) = target().await else { return };
    let server = on_sqlite().await;
    let [_, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let first = write(&doctor, PatientChoice::Account(found.id)).await;
    record(&server, EVENTS).await;
    let data = server.state.config.data.clone();

    let killed = Moving::start(&data, &to);
    let copied = half_copied(&to).await;
    drop(killed);
    println!("killed with {copied} events copied, or a few more");
    let half = connect(&to, Purpose::Write).await.unwrap();
    let copied = count(&half, "SELECT COUNT(*) FROM audit_events").await.unwrap();
    assert!(copied < EVENTS as i64, "{copied}");
    half.close().await.unwrap();
    assert!(matches!(Db::open(&to).await.map(drop), Err(DatabaseError::Unfinished)), "no server takes half a copy");

    // People go on meanwhile, and while it waits.
    doctor.list(&ListQuery::default()).await.unwrap();
    let mut moving = Moving::start(&data, &to);
    let mut lines = moving.says("Stop the server now");
    read(&patient, &first).await.unwrap();
    let second = write(&patient, PatientChoice::Account(patient.account_id())).await;
    let folder = server.stop().await;
    let mut said = String::new();
    lines.read_to_string(&mut said).unwrap();
    assert!(moving.0.wait().unwrap().success(), "{said} {}", moving.failure());
    assert!(said.contains("are the same in both places"), "{said}");

    let refused = Db::open(&default_database(&data)).await.map(drop).unwrap_err();
    assert!(matches!(&refused, DatabaseError::Moved(where_to) if *where_to == to.to_string()), "{refused}");
    let again = migrate_to::run(&order(&data, &to), |_| ()).await.unwrap_err();
    assert!(matches!(again, MoveError::Source(_, DatabaseError::Moved(_))), "{again}");

    let server = Server::start_in(folder, |config| config.database_url = to.clone()).await;
    for (email, reports) in [("ann@clinic.example", &[first, second][..]), ("dora@clinic.example", &[first][..])] {
        let person = client(&server).sign_in(email, PASSWORD, device(), &NoSecondFactor).await.unwrap();
        for id in reports {
            assert_eq!(read(&person, id).await.unwrap().len(), 9 * 1024 * 1024 + 123);
            assert!(person.report_events(id, 1_000).await.unwrap().complete);
        }
        person.check_log().await.unwrap();
    }
    drop(server.stop().await);
}

/// The log is whole in its new place, with the move as an event in it.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_goes_on_in_its_new_place() {
    let Some(to) = target().await else { return };
    let server = on_sqlite().await;
    clinic(&server).await;
    record(&server, 600).await;
    let folder = server.stop().await;
    let moved = migrate_to::run(&order(folder.path(), &to), |_| ()).await.unwrap();
    assert!(moved.tables > 40 && moved.rows > 600, "{moved:?}");
    let server = Server::start_in(folder, |config| config.database_url = to.clone()).await;
    record(&server, 50).await;
    let folder = server.stop().await;
    let whole = log::verify(&to, folder.path()).await.unwrap();
    assert!(whole.events.leaves > 650 && whole.events.removed == 0);
    let conn = connect(&to, Purpose::Write).await.unwrap();
    let sql = "SELECT COUNT(*) FROM audit_events WHERE subject = 'what=move to=postgres'";
    assert_eq!(count(&conn, sql).await, Some(1));
    let indexes = "SELECT COUNT(*) FROM pg_indexes WHERE indexname = 'ux_report_access_account_id_cursor'";
    assert_eq!(count(&conn, indexes).await, Some(1), "indexes are back");
    let keys = "SELECT COUNT(*) FROM pg_constraint WHERE contype = 'f' AND convalidated AND conname LIKE 'fk_%'";
    assert!(count(&conn, keys).await > Some(30), "and so are foreign keys, checked");
}

fn order(data: &Path, to: &DatabaseUrl) -> Move {
    Move { data: data.to_owned(), from: default_database(data), to: to.clone() }
}

/// A small installation, and a copy that was begun.
struct Begun {
    source: DatabaseConnection,
    target: Target,
    _folder: TempDir,
}

impl Begun {
    async fn new() -> Option<Self> {
        let to = target().await?;
        let folder = tempfile::tempdir().unwrap();
        let instance = installation(folder.path()).await;
        let source = connect(&default_database(folder.path()), Purpose::Write).await.unwrap();
        let target = Target::open(&to).await.unwrap();
        target.prepare(&instance).await.unwrap();
        Some(Self { source, target, _folder: folder })
    }

    /// How many rows had to be changed.
    async fn level(&self) -> u64 {
        let mut changed = 0;
        for table in tables().unwrap() {
            changed += level(&table, &self.source, self.target.conn()).await.unwrap().changed;
        }
        changed
    }

    /// The tables that differ.
    async fn different(&self) -> Vec<&'static str> {
        let mut different = Vec::new();
        for table in tables().unwrap() {
            if let Err(found) = compare(&table, &self.source, self.target.conn()).await.unwrap() {
                assert!(found.to_string().starts_with(&format!("{} has ", table.name())), "{found}");
                different.push(table.name());
            }
        }
        different
    }

    async fn tamper(&self, sql: &str) {
        let done = self.target.conn().execute_unprepared(sql).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{sql}");
    }
}

/// Keys whose order by bytes isn't that of a language, on several pages.
fn keys() -> Vec<String> {
    let forms = |n: usize| [format!("a-{n}"), format!("A{n}"), format!("a/{n}"), format!("ä{n}"), format!("a{n}")];
    (0..40).flat_map(forms).collect()
}

async fn installation(data: &Path) -> [u8; 16] {
    let db = Db::open(&default_database(data)).await.unwrap();
    let instance = server::storage::instance::load_or_create(&db, "Test").await.unwrap();
    let tx = db.begin_write().await.unwrap();
    let garbage = keys().into_iter().map(|key| blob_garbage::ActiveModel { key: Set(key), not_before: Set(7) });
    blob_garbage::Entity::insert_many(garbage).exec_without_returning(tx.conn()).await.unwrap();
    let throttle = |n: u8| throttles::ActiveModel {
        key: Set(vec![n; usize::from(n)]),
        window_start: Set(i64::from(n) - 100),
        count: Set(1),
    };
    throttles::Entity::insert_many((0..200).map(throttle)).exec_without_returning(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await.unwrap();
    instance.instance_id
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_differs_is_found_and_mended() {
    let Some(begun) = Begun::new().await else { return };
    assert_eq!(begun.different().await, ["blob_garbage", "instance", "throttles"], "nothing is there yet");
    assert_eq!(begun.level().await, 401);
    assert_eq!(begun.different().await, [""; 0]);
    assert_eq!(begun.level().await, 0, "a second time there is nothing to do");
    for (sql, table) in [
        ("UPDATE instance SET name = 'Other'", "instance"),
        ("UPDATE instance SET set_up_at = 1", "instance"),
        ("UPDATE throttles SET count = 2 WHERE window_start = 0", "throttles"),
        ("UPDATE blob_garbage SET key = 'a-7 ' WHERE key = 'a-7'", "blob_garbage"),
        ("DELETE FROM blob_garbage WHERE key = 'ä39'", "blob_garbage"),
        ("DELETE FROM blob_garbage WHERE key = 'A0'", "blob_garbage"),
        ("INSERT INTO blob_garbage (key, not_before) VALUES ('zz', 7)", "blob_garbage"),
        ("INSERT INTO role_policies (role, second_factor, updated_at) VALUES ('doctor', true, 1)", "role_policies"),
    ] {
        begun.tamper(sql).await;
        assert_eq!(begun.different().await, [table], "{sql}");
        assert!(begun.level().await >= 1, "{sql}");
        assert_eq!(begun.different().await, [""; 0], "{sql}");
    }
    // What goes from the source goes from the copy, and unique values may change hands.
    begun.source.execute_unprepared("DELETE FROM throttles").await.unwrap();
    assert_eq!(begun.level().await, 200);
    assert_eq!(begun.different().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_breaks_a_rule_of_the_schema_is_not_completed() {
    let Some(begun) = Begun::new().await else { return };
    begun.level().await;
    // No such account: without foreign keys nobody notices yet.
    begun.tamper("INSERT INTO opaque_records (account_id, record, updated_at) VALUES ('x', 'y', 1)").await;
    let failed = begun.target.complete().await.unwrap_err().to_string();
    assert!(failed.contains("fk_opaque_records_account_id"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_empty_database_or_its_own_copy_is_taken() {
    let Some(to) = target().await else { return };
    let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (ours, _) = (installation(one.path()).await, installation(other.path()).await);
    let target = Target::open(&to).await.unwrap();
    assert!(matches!(Target::open(&to).await.map(drop), Err(TargetError::Busy)));
    target.prepare(&ours).await.unwrap();
    target.prepare(&ours).await.unwrap();
    assert!(matches!(target.prepare(&[0; 16]).await, Err(TargetError::Other)));
    drop(target);
    let foreign = retried(&order(other.path(), &to)).await;
    assert!(matches!(foreign, Err(MoveError::Target(_, TargetError::Other))), "{foreign:?}");
    retried(&order(one.path(), &to)).await.unwrap();
    let full = retried(&order(other.path(), &to)).await;
    assert!(matches!(full, Err(MoveError::Target(_, TargetError::NotEmpty))), "{full:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_data_folder_is_waited_for_as_well() {
    let Some(to) = target().await else { return };
    let [data, elsewhere] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    installation(elsewhere.path()).await;
    let order = Move { data: data.path().to_owned(), from: default_database(elsewhere.path()), to };
    let served = Mutex::new(data_folder::lock_database(&order.from).unwrap());
    let waited = AtomicBool::new(false);
    let say = |said: &str| {
        if said.starts_with("Copied ") {
            waited.store(true, Ordering::Relaxed);
            // It is stopped now.
            drop(served.lock().unwrap().take());
        }
    };
    migrate_to::run(&order, say).await.unwrap();
    assert!(waited.into_inner());
}

/// The hold of one that was dropped ends when PostgreSQL has noticed.
async fn retried(order: &Move) -> Result<migrate_to::Moved, MoveError> {
    loop {
        match migrate_to::run(order, |_| ()).await {
            Err(MoveError::Target(_, TargetError::Busy)) => tokio::time::sleep(Duration::from_millis(50)).await,
            other => return other,
        }
    }
}

#[tokio::test]
async fn what_can_not_be_moved_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = DatabaseUrl::parse("postgres://clinic:s3cret@%2Fnowhere/records").unwrap();
    let (sqlite, data) = (default_database(folder.path()), folder.path().to_owned());
    let run = async |from: &DatabaseUrl, to: &DatabaseUrl| {
        let order = Move { data: data.clone(), from: from.clone(), to: to.clone() };
        migrate_to::run(&order, |_| ()).await.unwrap_err()
    };
    assert!(matches!(run(&postgres, &postgres).await, MoveError::NotSqlite));
    assert!(matches!(run(&sqlite, &sqlite).await, MoveError::NotPostgres));
    assert!(matches!(run(&sqlite, &postgres).await, MoveError::Source(..)), "there is nothing yet");
    installation(folder.path()).await;
    let away = run(&sqlite, &postgres).await;
    assert!(matches!(&away, MoveError::Target(..)) && !format!("{away} {away:?}").contains("s3cret"), "{away:?}");
}

#[test]
fn a_password_is_neither_printed_nor_logged() {
    let folder = tempfile::tempdir().unwrap();
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
        command.args(arguments).arg("--data").arg(folder.path()).env("RUST_LOG", "trace");
        command.env("HEALTHSECURE_DATABASE", "postgres://clinic:s3cret@%2Fnowhere/records");
        command.env("HEALTHSECURE_MIGRATE_TO", "postgres://clinic:s3cret@%2Fnowhere/records");
        let output = command.output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["serve", "--help"],
        &["migrate-to", "--help"],
        &["migrate-to", "mysql://clinic:s3cret@h/d"],
        &["serve", "--database", "postgres://clinic:1/s3cret@h/d"],
        &["log", "verify"],
    ] {
        let said = program(arguments);
        assert!(said.len() > 50 && !said.contains("s3cret"), "{arguments:?}: {said}");
    }
}
