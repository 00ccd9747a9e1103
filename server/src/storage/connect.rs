//! How connections are made.
//!
//! Nobody waits for ever: neither for a connection nor for a lock, and on PostgreSQL a server that fell silent within a
//! transaction loses it, and with it what others wait for.

use std::{future::ready, time::Duration};

use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    RuntimeErr, SqliteTransactionMode, SqlxError, TransactionOptions, TransactionTrait,
    sqlx::{Connection, SqliteConnection},
};

use super::{DbResult, failure::Failure, migrate::DatabaseError};
use crate::database_url::DatabaseUrl;

/// Connections that read SQLite, each with 8 MiB of cache.
const SQLITE_READERS: u32 = 6;
/// Connections that read PostgreSQL, which allows 100 where nobody says otherwise: room for several servers.
const POSTGRES_READERS: u32 = 10;
/// How long a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// A PostgreSQL connection that was idle for so long is asked before it is used: somebody on the way may have dropped it.
const ASK_AFTER: Duration = Duration::from_secs(30);

/// Begins a transaction that may write.
pub async fn begin(conn: &DatabaseConnection) -> DbResult<DatabaseTransaction> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    whole(conn, |conn| async move { conn.begin_with_options(options).await }).await
}

/// Begins to its end, also where whoever asked for it leaves meanwhile, as a request does whose client hangs up: PostgreSQL would
/// have begun what its driver doesn't know of, and the next transaction on that connection would be inside it. SQLite's driver takes
/// back what nobody waits for any more, and is spared a task for every transaction.
async fn whole<F>(
    conn: &DatabaseConnection,
    begin: impl FnOnce(DatabaseConnection) -> F,
) -> DbResult<DatabaseTransaction>
where
    F: Future<Output = DbResult<DatabaseTransaction>> + Send + 'static,
{
    let begun = begin(conn.clone());
    if conn.get_database_backend() != DbBackend::Postgres {
        return begun.await;
    }
    tokio::spawn(begun).await.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))
}

/// Begins to read what stood at one moment, however many questions are asked of it.
///
/// # Errors
/// The database can't be reached.
pub async fn snapshot(conn: &DatabaseConnection) -> DbResult<DatabaseTransaction> {
    whole(conn, |conn| async move {
        match conn.get_database_backend() {
            DbBackend::Postgres => {
                conn.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await
            }
            // A transaction of SQLite's sees nothing that was committed after its first question.
            _ => conn.begin().await,
        }
    })
    .await
}

/// What connections are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// One that changes the schema, or copies all there is, and may take its time. It makes SQLite's file.
    Migrate,
    /// One that writes.
    Write,
    /// Several that read.
    Read,
}

/// Connects.
///
/// # Errors
/// The driver's, which don't hold the password.
pub async fn connect(url: &DatabaseUrl, purpose: Purpose) -> DbResult<DatabaseConnection> {
    Database::connect(if url.is_sqlite() { sqlite(url, purpose) } else { postgres(url, purpose) }).await
}

/// Connects for the first time, and says where nobody answers.
///
/// # Errors
/// [`DatabaseError::Away`], or what the database says.
pub async fn reach(url: &DatabaseUrl, purpose: Purpose) -> Result<DatabaseConnection, DatabaseError> {
    connect(url, purpose).await.map_err(|error| match Failure::of(&error) {
        _ if is_silence(&error) => DatabaseError::Away(url.clone()),
        Failure::Damaged => DatabaseError::Damaged(url.clone(), error.to_string()),
        _ => error.into(),
    })
}

/// Who refuses connections may be starting: that was waited for.
fn is_silence(error: &DbErr) -> bool {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause)) => matches!(**cause, SqlxError::PoolTimedOut),
        _ => false,
    }
}

fn options(url: &DatabaseUrl, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.expose());
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        .test_before_acquire(false);
    options
}

fn sqlite(url: &DatabaseUrl, purpose: Purpose) -> ConnectOptions {
    let mut options = options(url, if purpose == Purpose::Read { SQLITE_READERS } else { 1 });
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .create_if_missing(purpose == Purpose::Migrate)
            .busy_timeout(ACQUIRE_TIMEOUT)
            .foreign_keys(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("cache_size", "-8192")
            .pragma("temp_store", "MEMORY")
            // What is deleted is overwritten, not only let go of: removed events, revoked wraps.
            .pragma("secure_delete", "ON");
        if purpose == Purpose::Read { sqlite.pragma("query_only", "ON") } else { sqlite }
    });
    options.map_sqlx_sqlite_pool_opts(|pool| pool.before_acquire(|conn, _| Box::pin(ready(Ok(is_idle(conn))))));
    options
}

/// Whether a connection may be used again. SQLite ends a transaction by itself where the disk is full or fails; the driver
/// goes on counting it, and would begin the next one inside it, as a savepoint. Rolled back, that one leaves a transaction
/// open that nobody ends, and nothing that is committed in it is ever durable. When it was given back the pool let it do what
/// it was told, so a rollback has been done by now, or has failed.
fn is_idle(conn: &SqliteConnection) -> bool {
    let idle = !conn.is_in_transaction();
    if !idle {
        tracing::warn!("a connection to the database is closed: a transaction on it did not end as it should");
    }
    idle
}

fn postgres(url: &DatabaseUrl, purpose: Purpose) -> ConnectOptions {
    let mut options = options(url, if purpose == Purpose::Read { POSTGRES_READERS } else { 1 });
    options.test_before_acquire_if_idle_for(ASK_AFTER).set_application_name("healthsecure");
    let (statement, lock) = if purpose == Purpose::Migrate { ("0", "60s") } else { ("120s", "10s") };
    options.map_sqlx_postgres_opts(move |postgres| {
        postgres.options([
            // Each statement sees what was committed before it: who waited for a lock must not read what was before.
            ("default_transaction_isolation", "read committed"),
            ("statement_timeout", statement),
            ("lock_timeout", lock),
            ("idle_in_transaction_session_timeout", "60s"),
        ])
    });
    options
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sea_orm::{ConnectionTrait, Statement};

    use super::{DatabaseUrl, Purpose, connect};

    /// As .cargo/config.toml has it compiled: with such a lock, readers on two cores wait for each other at each page.
    #[tokio::test]
    async fn sqlite_is_built_without_locks_that_all_connections_share() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite(&folder.path().join("healthsecure.db"));
        let conn = connect(&url, Purpose::Migrate).await.unwrap();
        let asked = Statement::from_string(conn.get_database_backend(), "PRAGMA compile_options");
        let rows = conn.query_all_raw(asked).await.unwrap();
        let options: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert!(options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"), "{options:?}");
        assert!(!options.iter().any(|option| option == "ENABLE_MEMORY_MANAGEMENT"), "{options:?}");
    }
}
