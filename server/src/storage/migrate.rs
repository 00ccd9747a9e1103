//! Migrations under a lease: of servers that start at once on one database, one migrates and the others wait for it.
//!
//! All that is missing is applied in one transaction, so a migration that fails leaves the schema as it was. The lease ends
//! with that transaction, however it ends: on SQLite it is the right to write, on PostgreSQL an advisory lock.

use std::time::{Duration, Instant};

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait, Statement};
use sea_orm_migration::seaql_migrations;
use tokio::time::sleep;

use super::{DbResult, connect::begin, copy::marks};
use crate::database_url::DatabaseUrl;

/// Advisory lock of who migrates (PostgreSQL), "HSmigrat" in hexadecimal.
pub const MIGRATION_LOCK: i64 = 0x4853_6d69_6772_6174;
/// How long a server waits for another that migrates.
const WAIT: Duration = Duration::from_secs(10 * 60);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(250);
/// Where the migrations that were applied are listed.
const TABLE: &str = "seaql_migrations";

/// What more a restore needs to be told, of a database like this.
fn new_place(damaged: &DatabaseUrl) -> &'static str {
    if damaged.is_sqlite() { "" } else { " --database postgres://…" }
}

/// Why a database can't be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// It can't be reached, or it failed.
    #[error("the database can't be used: {0}")]
    Failed(#[from] DbErr),
    /// Its file isn't what was written.
    #[error(
        "the database {0} is damaged, so the server doesn't start on it: {1}. Nothing was changed. Keep a copy of it, and \
         restore the newest backup into a new place: healthsecure restore --from PLACE --identity FILE --data NEW-FOLDER{new} \
         (docs/operations.md, “A damaged database”)",
        new = new_place(.0)
    )]
    Damaged(DatabaseUrl, String),
    /// Nobody answers there.
    #[error("the database doesn't answer: {0}. Is PostgreSQL running, and can this machine reach it?")]
    Away(DatabaseUrl),
    /// A later version has changed its schema.
    #[error(
        "the database belongs to a newer healthsecure: it has the migration {0}, which this version doesn't know. Nothing \
         was changed; start that version or a later one"
    )]
    Newer(String),
    /// Its schema is that of an earlier version.
    #[error(
        "the database belongs to an earlier version of healthsecure: {0} migrations are missing. Nothing was changed; \
         start the server of this version once, which applies them"
    )]
    Older(usize),
    /// Somebody else has the lease.
    #[error(
        "another healthsecure has been migrating this database for {} minutes; try again when it has ended",
        WAIT.as_secs() / 60
    )]
    Migrating,
    /// `migrate-to` hasn't ended.
    #[error(
        "this database is an unfinished copy of another: run `healthsecure migrate-to` again, which completes it. Until \
         then the installation that it is copied from is the one to start"
    )]
    Unfinished,
    /// `restore` hasn't ended.
    #[error(
        "this database is half a restore: it was stopped before all of it was verified. Delete the database and the new data \
         folder, and run `healthsecure restore` again"
    )]
    Restoring,
    /// `migrate-to` has ended.
    #[error(
        "this installation was moved to {0}: start it with that database. What happened there since is not in this one \
         (docs/operations.md, “Moving to PostgreSQL”)"
    )]
    Moved(String),
    /// Text would be changed or refused.
    #[error(
        "the database has the encoding {0}: make one with UTF8 (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)"
    )]
    Encoding(String),
    /// A crash could take back what was acknowledged.
    #[error(
        "the database acknowledges what a crash could take back: set its synchronous_commit to something other than off"
    )]
    NotDurable,
}

/// Applies what is missing.
///
/// # Errors
/// [`DatabaseError`]; nothing was applied.
pub async fn migrate(conn: &DatabaseConnection) -> Result<(), DatabaseError> {
    usable(conn).await?;
    marks::check(conn).await?;
    if missing(conn).await? == 0 {
        return Ok(());
    }
    let tx = begin(conn).await?;
    lease(&tx).await?;
    // Another may have migrated, or begun a copy, while this one waited.
    marks::check(&tx).await?;
    up(&tx).await?;
    Ok(tx.commit().await?)
}

/// Applies what is missing, for whoever holds the lease.
pub(super) async fn up(tx: &DatabaseTransaction) -> Result<(), DatabaseError> {
    if missing(tx).await? > 0 {
        Migrator::up(tx, None).await?;
    }
    Ok(())
}

/// Whether the schema is the one of this version. Changes nothing.
///
/// # Errors
/// [`DatabaseError`].
pub async fn require_current(conn: &DatabaseConnection) -> Result<(), DatabaseError> {
    usable(conn).await?;
    match missing(conn).await? {
        0 => Ok(()),
        missing => Err(DatabaseError::Older(missing)),
    }
}

/// Takes the lease until the transaction ends; waits while another has it.
///
/// # Errors
/// [`DatabaseError::Migrating`].
pub(super) async fn lease(tx: &DatabaseTransaction) -> Result<(), DatabaseError> {
    // SQLite's transaction has begun by taking the right to write.
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let begun = Instant::now();
    while !try_lock(tx, MIGRATION_LOCK).await? {
        if begun.elapsed() > WAIT {
            return Err(DatabaseError::Migrating);
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Takes an advisory lock until the transaction ends, unless another session has it.
pub(super) async fn try_lock(tx: &DatabaseTransaction, lock: i64) -> DbResult<bool> {
    let sql = format!("SELECT pg_try_advisory_xact_lock({lock})");
    let row = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("an advisory lock".to_owned()))?.try_get_by_index(0)
}

/// Whether there is a table of that name.
pub(super) async fn has_table(conn: &impl ConnectionTrait, table: &str) -> DbResult<bool> {
    let backend = conn.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename::text = $1"
        }
        _ => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1",
    };
    let row = conn.query_one_raw(Statement::from_sql_and_values(backend, sql, [table.into()])).await?;
    let count: i64 = row.ok_or_else(|| DbErr::RecordNotFound(table.to_owned()))?.try_get_by_index(0)?;
    Ok(count > 0)
}

/// Whether no migration was ever applied.
pub async fn is_fresh(conn: &impl ConnectionTrait) -> DbResult<bool> {
    Ok(!has_table(conn, TABLE).await?)
}

/// The migrations that made the schema, oldest first.
pub async fn applied(conn: &impl ConnectionTrait) -> DbResult<Vec<String>> {
    let mut names: Vec<String> =
        seaql_migrations::Entity::find().all(conn).await?.into_iter().map(|row| row.version).collect();
    names.sort();
    Ok(names)
}

/// The migrations of this version, in the same order.
pub fn known() -> Vec<String> {
    let mut names: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
    names.sort();
    names
}

/// How many migrations of this version the database doesn't have.
pub(super) async fn missing(conn: &impl ConnectionTrait) -> Result<usize, DatabaseError> {
    let applied: Vec<String> = if has_table(conn, TABLE).await? {
        seaql_migrations::Entity::find().all(conn).await?.into_iter().map(|row| row.version).collect()
    } else {
        Vec::new()
    };
    let known = Migrator::migrations();
    let is_known = |version: &&String| known.iter().any(|migration| migration.name() == version.as_str());
    match applied.iter().filter(|version| !is_known(version)).max() {
        Some(newer) => Err(DatabaseError::Newer(newer.clone())),
        None => Ok(known.len() - applied.len()),
    }
}

/// Whether what is written stays as it was written.
pub(super) async fn usable(conn: &DatabaseConnection) -> Result<(), DatabaseError> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    match setting(conn, "server_encoding").await?.as_str() {
        "UTF8" => {}
        other => return Err(DatabaseError::Encoding(other.to_owned())),
    }
    match setting(conn, "synchronous_commit").await?.as_str() {
        "off" => Err(DatabaseError::NotDurable),
        _ => Ok(()),
    }
}

async fn setting(conn: &DatabaseConnection, name: &str) -> DbResult<String> {
    let sql = "SELECT current_setting($1)";
    let row = conn.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [name.into()])).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(name.to_owned()))?.try_get_by_index(0)
}
