//! Whether SQLite's file is whole, asked before anything is done with it. PostgreSQL looks after its own files.

use std::time::Instant;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use super::{failure::Failure, migrate::DatabaseError};
use crate::database_url::DatabaseUrl;

/// Every page, but not whether indexes fit their tables; at most so many things that are wrong.
const CHECK: &str = "PRAGMA quick_check(3)";

/// Reads all of it.
///
/// # Errors
/// [`DatabaseError::Damaged`], or what else went wrong. Nothing was changed.
pub async fn check(conn: &DatabaseConnection, url: &DatabaseUrl) -> Result<(), DatabaseError> {
    if conn.get_database_backend() != DbBackend::Sqlite {
        return Ok(());
    }
    let begun = Instant::now();
    let damaged = |what: String| DatabaseError::Damaged(url.clone(), what);
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
