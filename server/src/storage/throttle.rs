//! `throttles`: how often something was tried. Keys are hashes; who or what was tried isn't written.

use std::collections::HashMap;

use api_types::UnixMillis;
use entities::throttles::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

use super::DbResult;

/// Tries so far, and the last one's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// When the last one was counted.
    pub last: UnixMillis,
    /// How many.
    pub count: i64,
}

/// What is stored under a key.
pub async fn get(conn: &impl ConnectionTrait, key: &[u8; 32]) -> DbResult<Option<Tries>> {
    let row = Entity::find_by_id(key.to_vec()).one(conn).await?;
    Ok(row.map(|row| Tries { last: row.window_start, count: row.count }))
}

/// Stores it.
pub async fn put(conn: &impl ConnectionTrait, key: &[u8; 32], tries: Tries) -> DbResult<()> {
    let row = ActiveModel { key: Set(key.to_vec()), window_start: Set(tries.last), count: Set(tries.count) };
    let replace = OnConflict::column(Column::Key).update_columns([Column::WindowStart, Column::Count]).to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(conn).await.map(drop)
}

/// Rows of one statement: SQLite takes 32,766 bound values.
const ROWS: usize = 500;

/// What is stored under keys, as far as there is something.
pub async fn get_all(conn: &impl ConnectionTrait, keys: &[[u8; 32]]) -> DbResult<HashMap<[u8; 32], Tries>> {
    let mut found = HashMap::new();
    for some in keys.chunks(ROWS) {
        let rows = Entity::find().filter(Column::Key.is_in(some.iter().map(|key| key.to_vec()))).all(conn).await?;
        for row in rows {
            let key = super::id("throttles", "key", &row.key)?;
            found.insert(key, Tries { last: row.window_start, count: row.count });
        }
    }
    Ok(found)
}

/// Stores rows, each key once.
pub async fn put_all(conn: &impl ConnectionTrait, rows: &[([u8; 32], Tries)]) -> DbResult<()> {
    for some in rows.chunks(ROWS) {
        let models = some.iter().map(|(key, tries)| ActiveModel {
            key: Set(key.to_vec()),
            window_start: Set(tries.last),
            count: Set(tries.count),
        });
        let replace = OnConflict::column(Column::Key).update_columns([Column::WindowStart, Column::Count]).to_owned();
        Entity::insert_many(models).on_conflict(replace).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// Forgets keys.
pub async fn delete_all(conn: &impl ConnectionTrait, keys: &[[u8; 32]]) -> DbResult<()> {
    for some in keys.chunks(ROWS) {
        let query = Entity::delete_many().filter(Column::Key.is_in(some.iter().map(|key| key.to_vec())));
        query.exec(conn).await?;
    }
    Ok(())
}

/// Forgets a key.
pub async fn delete(conn: &impl ConnectionTrait, key: &[u8; 32]) -> DbResult<()> {
    Entity::delete_by_id(key.to_vec()).exec(conn).await.map(drop)
}

/// Forgets what was last tried before a time.
pub async fn delete_before(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<()> {
    Entity::delete_many().filter(Column::WindowStart.lt(time)).exec(conn).await.map(drop)
}
