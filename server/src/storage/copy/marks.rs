//! What keeps two installations from becoming one history each: a mark in the copy until it is complete, and then one in
//! what it was copied from; and a mark in
//! a restored database until all of it was verified. Tables of their own, since neither database has them but for that.

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
/// The table of a restore that hasn't ended.
const RESTORE: &str = "healthsecure_restore";

/// Whether a server may use this database.
///
/// # Errors
/// [`DatabaseError::Unfinished`], [`DatabaseError::Restoring`], [`DatabaseError::Moved`].
pub async fn check(conn: &impl ConnectionTrait) -> Result<(), DatabaseError> {
    if has_table(conn, COPY).await? {
        return Err(DatabaseError::Unfinished);
    }
    if is_restoring(conn).await? {
        return Err(DatabaseError::Restoring);
    }
    match moved_to(conn).await? {
        Some(to) => Err(DatabaseError::Moved(to)),
        None => Ok(()),
    }
}

/// Whether a restore into it has begun and not ended.
pub async fn is_restoring(conn: &impl ConnectionTrait) -> DbResult<bool> {
    has_table(conn, RESTORE).await
}

/// Says that a restore begins: before its first row, or in the transaction that has them all.
pub async fn begin_restore(conn: &impl ConnectionTrait) -> DbResult<()> {
    conn.execute_unprepared(&format!("CREATE TABLE {RESTORE} (begun INTEGER NOT NULL)")).await.map(drop)
}

/// Says that it has ended: in the transaction that records it.
pub async fn end_restore(conn: &impl ConnectionTrait) -> DbResult<()> {
    conn.execute_unprepared(&format!("DROP TABLE {RESTORE}")).await.map(drop)
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
