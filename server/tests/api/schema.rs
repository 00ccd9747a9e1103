//! Migrations: from every released schema to this version's, with what lies in it, on both databases; by one server at a
//! time; and what a server refuses to open.

use std::{collections::BTreeMap, path::Path, time::Duration};

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};
use server::{
    AppState, ServiceError,
    config::Config,
    database_url::DatabaseUrl,
    log,
    storage::{
        accounts,
        connect::{Purpose, connect},
        damaged_blobs,
        db::Db,
        migrate::{DatabaseError, MIGRATION_LOCK},
    },
};
use tempfile::TempDir;

use crate::{
    first_schema::{BLOB, EVENTS, MIGRATIONS, fill},
    harness::{Server, tables},
    later_rows::fill_new,
    lists, postgres, world,
};

/// An empty database.
struct Empty {
    url: DatabaseUrl,
    folder: TempDir,
}

impl Empty {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: server::cli::default_database(folder.path()), folder }
    }

    async fn postgres(options: &str) -> Option<Self> {
        let url = postgres::database(options).await?;
        Some(Self { url: DatabaseUrl::parse(&url).unwrap(), folder: tempfile::tempdir().unwrap() })
    }

    /// One of each kind that there is here.
    async fn each() -> Vec<Self> {
        [Some(Self::sqlite()), Self::postgres("").await].into_iter().flatten().collect()
    }

    async fn connect(&self) -> DatabaseConnection {
        connect(&self.url, Purpose::Migrate).await.unwrap()
    }

    async fn execute(&self, sql: &str) {
        let conn = self.connect().await;
        conn.execute_unprepared(sql).await.unwrap();
        conn.close().await.unwrap();
    }

    async fn tables(&self) -> Vec<String> {
        let conn = self.connect().await;
        let tables = tables(&conn).await;
        conn.close().await.unwrap();
        tables
    }

    async fn refusal(&self) -> DatabaseError {
        Db::open(&self.url).await.map(drop).unwrap_err()
    }
}

async fn texts(conn: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = conn.query_all_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// All that a database says of its tables, indexes and keys.
async fn schema(conn: &DatabaseConnection) -> Vec<String> {
    let sql = match conn.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || \
             COALESCE(column_default, '') FROM information_schema.columns WHERE table_schema = current_schema() \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() \
             UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE connamespace = current_schema()::regnamespace"
        }
        _ => "SELECT name || ' ' || COALESCE(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite%'",
    };
    let mut schema = texts(conn, sql).await;
    schema.sort();
    schema
}

async fn counts(conn: &DatabaseConnection) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for table in tables(conn).await {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap();
        counts.insert(table, row.unwrap().try_get_by_index(0).unwrap());
    }
    counts
}

/// A table's columns, and what stands in its rows.
struct Contents {
    columns: Vec<String>,
    rows: Vec<String>,
}

async fn columns(conn: &DatabaseConnection, table: &str) -> Vec<String> {
    let sql = match conn.get_database_backend() {
        DbBackend::Postgres => format!(
            "SELECT column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
        ),
        _ => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
    };
    texts(conn, &sql).await
}

/// The values of these columns, a text for each row.
async fn rows(conn: &DatabaseConnection, table: &str, columns: &[String]) -> Vec<String> {
    let postgres = conn.get_database_backend() == DbBackend::Postgres;
    let shown = |column: &String| {
        if postgres { format!("COALESCE(\"{column}\"::text, 'NULL')") } else { format!("quote(\"{column}\")") }
    };
    let shown: Vec<String> = columns.iter().map(shown).collect();
    let mut rows = texts(conn, &format!("SELECT {} FROM {table}", shown.join(" || ' ' || "))).await;
    rows.sort();
    rows
}

async fn contents(conn: &DatabaseConnection) -> BTreeMap<String, Contents> {
    let mut contents = BTreeMap::new();
    for table in tables(conn).await {
        let columns = columns(conn, &table).await;
        let rows = rows(conn, &table, &columns).await;
        contents.insert(table, Contents { columns, rows });
    }
    contents
}

/// Brings an empty database to the schema of an earlier version, holding what the first one left and what was written since
/// into tables that a still later one alters.
async fn of_version(migrations: u32, empty: &Empty) -> BTreeMap<String, Contents> {
    let conn = empty.connect().await;
    Migrator::up(&conn, Some(MIGRATIONS)).await.unwrap();
    let id = fill(&conn).await;
    for _ in MIGRATIONS..migrations {
        let before = tables(&conn).await;
        Migrator::up(&conn, Some(1)).await.unwrap();
        fill_new(&conn, &id, &before).await;
    }
    let contents = contents(&conn).await;
    conn.close().await.unwrap();
    contents
}

async fn every_release_goes_forward(make: impl AsyncFn() -> Option<Empty>) {
    let Some(new) = make().await else { return };
    Db::open(&new.url).await.unwrap().close().await.unwrap();
    let conn = new.connect().await;
    let newest = schema(&conn).await;
    assert!(newest.len() > 100, "{}", newest.len());
    for release in MIGRATIONS..=Migrator::migrations().len() as u32 {
        let old = make().await.unwrap();
        let before = of_version(release, &old).await;
        assert!(before.values().filter(|table| !table.rows.is_empty()).count() >= 25);
        Db::open(&old.url).await.unwrap().close().await.unwrap();
        let conn = old.connect().await;
        assert_eq!(schema(&conn).await, newest, "after {release} migrations and the rest");
        lists::agree(&conn).await;
        for (table, then) in &before {
            let altered = columns(&conn, table).await != then.columns;
            assert!(!altered || !then.rows.is_empty(), "{table} is altered while nothing is in it: later_rows.rs");
            let now = rows(&conn, table, &then.columns).await;
            assert_eq!(now, then.rows, "{table}, after {release} migrations and the rest");
        }
        let damaged = damaged_blobs::list(&conn, 10).await.unwrap();
        assert!(damaged.iter().all(|row| row.told && row.looked_at == 0), "{damaged:?}");
        conn.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_release_goes_forward_on_sqlite() {
    every_release_goes_forward(async || Some(Empty::sqlite())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_release_goes_forward_on_postgres() {
    every_release_goes_forward(async || Empty::postgres("").await).await;
}

/// The secrets that the first release had.
async fn first_secrets(folder: &Path) {
    let scratch = tempfile::tempdir().unwrap();
    let state = AppState::open(config(scratch.path(), server::cli::default_database(scratch.path()))).await.unwrap();
    state.log.stop().await;
    state.key_log.stop().await;
    std::fs::create_dir(folder.join("secrets")).unwrap();
    for name in ["opaque-server-setup", "throttle-key"] {
        std::fs::copy(scratch.path().join("secrets").join(name), folder.join("secrets").join(name)).unwrap();
    }
}

fn config(data: &Path, database_url: DatabaseUrl) -> Config {
    Config { data: data.to_owned(), database_url, ..world::plain_config() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_of_the_first_release_is_opened_and_goes_on() {
    for old in Empty::each().await {
        let conn = old.connect().await;
        Migrator::up(&conn, Some(MIGRATIONS)).await.unwrap();
        let id = fill(&conn).await;
        conn.close().await.unwrap();
        first_secrets(old.folder.path()).await;
        let blob = old.folder.path().join("blobs").join(BLOB);
        std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
        std::fs::write(blob, [0; 1000]).unwrap();

        let state = AppState::open(config(old.folder.path(), old.url.clone())).await.unwrap();
        let account = accounts::get(state.db.read(), id).await.unwrap().unwrap();
        assert_eq!((&account.name[..], &account.email_key[..]), ("Ada Ärztin", "ada@clinic.example"));
        state.log.stop().await;
        state.key_log.stop().await;
        state.db.close().await.unwrap();
        let whole = log::verify(&old.url, old.folder.path()).await.unwrap();
        assert_eq!((whole.events.leaves, whole.events.removed), (EVENTS, 0), "old events get their leaves");
        assert_eq!(whole.keys.leaves, 2, "and so do the old key and address");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_servers_that_start_at_once_one_migrates() {
    let Some(empty) = Empty::postgres("").await else { return };
    let opened = futures::future::join_all((0..4).map(|_| Db::open(&empty.url))).await;
    for db in opened {
        db.unwrap().close().await.unwrap();
    }
    let conn = empty.connect().await;
    let applied = texts(&conn, "SELECT version FROM seaql_migrations").await;
    assert_eq!(applied.len(), Migrator::migrations().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_migrates_others_wait() {
    let Some(empty) = Empty::postgres("").await else { return };
    let conn = empty.connect().await;
    let held = conn.begin().await.unwrap();
    held.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await.unwrap();
    let url = empty.url.clone();
    let waiting = tokio::spawn(async move { Db::open(&url).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished() && empty.tables().await.is_empty());
    // However the other ends: its lease ends with its connection.
    drop(held);
    conn.close().await.unwrap();
    waiting.await.unwrap().unwrap();
    assert!(empty.tables().await.len() > 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_is_refused_and_left_as_it_is() {
    for new in Empty::each().await {
        Db::open(&new.url).await.unwrap().close().await.unwrap();
        new.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000999_later', 0)").await;
        new.execute("CREATE TABLE later (id INTEGER)").await;
        let before = new.tables().await;
        for refused in [new.refusal().await, Db::open_existing(&new.url).await.map(drop).unwrap_err()] {
            assert!(matches!(&refused, DatabaseError::Newer(version) if version == "m29991231_000999_later"));
            let said = refused.to_string();
            assert!(said.contains("newer healthsecure") && said.contains("Nothing was changed"), "{said}");
        }
        assert_eq!(new.tables().await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_an_older_database_does_not_migrate_it() {
    for old in Empty::each().await {
        of_version(MIGRATIONS, &old).await;
        let before = old.tables().await;
        let refused = Db::open_existing(&old.url).await.map(drop).unwrap_err();
        let missing = Migrator::migrations().len() - MIGRATIONS as usize;
        assert!(matches!(refused, DatabaseError::Older(count) if count == missing), "{refused}");
        assert_eq!(old.tables().await, before);
    }
    let nothing = Empty::sqlite();
    assert!(Db::open_existing(&nothing.url).await.is_err());
    assert!(!nothing.folder.path().join("healthsecure.db").exists(), "looking makes no database");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_takes_the_others_back() {
    for old in Empty::each().await {
        of_version(MIGRATIONS, &old).await;
        // In the way of a later migration, behind several that work.
        old.execute("CREATE TABLE phones (id INTEGER)").await;
        let conn = old.connect().await;
        let (before, rows) = (schema(&conn).await, counts(&conn).await);
        assert!(matches!(old.refusal().await, DatabaseError::Failed(_)));
        assert_eq!((schema(&conn).await, counts(&conn).await), (before, rows));
        conn.execute_unprepared("DROP TABLE phones").await.unwrap();
        conn.close().await.unwrap();
        Db::open(&old.url).await.unwrap().close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_would_lose_or_change_something_is_refused() {
    let Some(ascii) = Empty::postgres("ENCODING 'SQL_ASCII' LOCALE 'C'").await else { return };
    assert!(matches!(ascii.refusal().await, DatabaseError::Encoding(encoding) if encoding == "SQL_ASCII"));
    let hasty = Empty::postgres("").await.unwrap();
    let name = hasty.url.expose().rsplit('/').next().unwrap();
    hasty.execute(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    assert!(matches!(hasty.refusal().await, DatabaseError::NotDurable));
    assert!(hasty.tables().await.is_empty() && ascii.tables().await.is_empty());
}

/// What an operator may have set for the whole database doesn't change how the audit chain is read.
#[tokio::test(flavor = "multi_thread")]
async fn writers_see_what_was_committed_before_them() {
    let Some(empty) = Empty::postgres("").await else { return };
    let name = empty.url.expose().rsplit('/').next().unwrap();
    empty.execute(&format!("ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")).await;
    let db = Db::open(&empty.url).await.unwrap();
    let tx = db.begin_write().await.unwrap();
    let statement = Statement::from_string(DbBackend::Postgres, "SHOW transaction_isolation");
    let row = tx.conn().query_one_raw(statement).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "read committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_for_another_server_is_told_to_try_again() {
    let Some(empty) = Empty::postgres("").await else { return };
    let (one, other) = (Db::open(&empty.url).await.unwrap(), Db::open(&empty.url).await.unwrap());
    let held = one.begin_write().await.unwrap();
    let refused = other.begin_write().await.map(drop).unwrap_err();
    assert!(matches!(refused, ServiceError::Database(_)), "{refused}");
    assert_eq!(refused.problem().code, api_types::ErrorCode::Unavailable, "{refused}");
    drop(held);
    other.begin_write().await.unwrap().commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_away_is_found_again() {
    let Some(empty) = Empty::postgres("").await else { return };
    let url = empty.url.clone();
    let server = Server::start_with(move |config| config.database_url = url).await;
    assert_eq!(server.get("/instance", None).await.status, 200);
    let admin = postgres::connect("postgres").await;
    let name = empty.url.expose().rsplit('/').next().unwrap();
    let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    admin.execute_unprepared(&sql).await.unwrap();
    for _ in 0..100 {
        let answers = (server.get("/instance", None).await, server.state.db.begin_write().await);
        if let (answer, Ok(tx)) = answers {
            tx.commit().await.unwrap();
            if answer.status == 200 {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it stays away");
}
