//! What keeps two installations from becoming one history each: a mark in the copy until it is complete, and then one in
//! what it was copied from. Tables of their own, since neither database has them but for that.

use api_types::UnixMillis;
use sea_orm::{ConnectionTrait, Statement};

use crate::storage::{
    DbResult,
    migrate::{DatabaseError, has_table},
};

/// The table of an unfinished copy.
pub(super) const COPY: &str = "healthsecure_copy";
/// The table of an installation that was moved away.
const MOVED: &str = "healthsecure_moved";

/// Whether a server may use this database.
///
/// # Errors
/// [`DatabaseError::Unfinished`], [`DatabaseError::Moved`].
pub async fn check(conn: &impl ConnectionTrait) -> Result<(), DatabaseError> {
    if has_table(conn, COPY).await? {
        return Err(DatabaseError::Unfinished);
    }
    match moved_to(conn).await? {
        Some(to) => Err(DatabaseError::Moved(to)),
        None => Ok(()),
    }
}

/// Where an installation was moved to.
pub async fn moved_to(conn: &impl ConnectionTrait) -> DbResult<Option<String>> {
    if !has_table(conn, MOVED).await? {
        return Ok(None);
    }
    let sql = format!("SELECT moved_to FROM {MOVED}");
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// Says that it was moved: in a transaction.
pub async fn mark_moved(conn: &impl ConnectionTrait, to: &str, now: UnixMillis) -> DbResult<()> {
    conn.execute_unprepared(&format!("CREATE TABLE {MOVED} (moved_to TEXT NOT NULL, moved_at BIGINT NOT NULL)"))
        .await?;
    let sql = format!("INSERT INTO {MOVED} (moved_to, moved_at) VALUES ($1, $2)");
    let values = [to.into(), now.into()];
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(())
}
