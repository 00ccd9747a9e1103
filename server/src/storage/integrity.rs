//! Whether a database is whole, asked before anything is done with it: SQLite's file is read, PostgreSQL says what it found.

use std::time::Instant;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use super::{failure::Failure, migrate::DatabaseError};
use crate::database_url::DatabaseUrl;

/// Every page, but not whether indexes fit their tables; at most so many things that are wrong.
const CHECK: &str = "PRAGMA quick_check(3)";

/// Pages that weren't what was written when they were read, since its statistics began. Nothing where it keeps no checksums.
const FAILED: &str = "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()";

/// Reads all of SQLite's file, or asks PostgreSQL.
///
/// # Errors
/// [`DatabaseError::Damaged`], or what else went wrong. Nothing was changed.
pub async fn check(conn: &DatabaseConnection, url: &DatabaseUrl) -> Result<(), DatabaseError> {
    let damaged = |what: String| DatabaseError::Damaged(url.clone(), what);
    match conn.get_database_backend() {
        DbBackend::Sqlite => read_all(conn, damaged).await,
        _ => ask(conn, damaged).await,
    }
}

/// What went wrong while a database was opened, by its name where that is damage.
pub fn named(error: DatabaseError, url: &DatabaseUrl) -> DatabaseError {
    match error {
        DatabaseError::Failed(error) if Failure::of(&error) == Failure::Damaged => {
            DatabaseError::Damaged(url.clone(), error.to_string())
        }
        other => other,
    }
}

async fn ask(conn: &DatabaseConnection, damaged: impl Fn(String) -> DatabaseError) -> Result<(), DatabaseError> {
    let row = conn.query_one_raw(Statement::from_string(DbBackend::Postgres, FAILED)).await?;
    match row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten() {
        None => tracing::warn!("PostgreSQL keeps no checksums (data_checksums): damage to its files goes unnoticed"),
        Some(0) => {}
        Some(found) => {
            return Err(damaged(format!("PostgreSQL read pages that it had not written (checksum_failures: {found})")));
        }
    }
    Ok(())
}

async fn read_all(conn: &DatabaseConnection, damaged: impl Fn(String) -> DatabaseError) -> Result<(), DatabaseError> {
    let begun = Instant::now();
    let rows = conn.query_all_raw(Statement::from_string(DbBackend::Sqlite, CHECK)).await;
    let rows = rows.map_err(|error| of_reading(error, &damaged))?;
    let said = rows.iter().map(|row| row.try_get_by_index::<String>(0)).collect::<Result<Vec<_>, DbErr>>()?;
    if said != ["ok"] {
        return Err(damaged(said.join("; ").replace('\n', " ")));
    }
    tracing::info!(milliseconds = begun.elapsed().as_millis(), "the database's file is whole");
    Ok(())
}

fn of_reading(error: DbErr, damaged: &impl Fn(String) -> DatabaseError) -> DatabaseError {
    if Failure::of(&error) == Failure::Damaged { damaged(error.to_string()) } else { error.into() }
}
