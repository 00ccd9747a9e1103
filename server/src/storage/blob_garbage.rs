//! `blob_garbage`: keys of blobs to delete. A key stands here before its blob is written and leaves when a row names
//! the blob, so whatever a crash leaves behind is found without walking the store.

use api_types::UnixMillis;
use entities::blob_garbage::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};

use super::DbResult;

/// Keys in one statement.
const BATCH: usize = 500;

/// Marks blobs for deletion once `not_before` has passed. What several versions had may be named several times.
pub async fn add(conn: &impl ConnectionTrait, mut keys: Vec<String>, not_before: UnixMillis) -> DbResult<()> {
    keys.sort_unstable();
    keys.dedup();
    for batch in keys.chunks(BATCH) {
        let rows = batch.iter().map(|key| ActiveModel { key: Set(key.clone()), not_before: Set(not_before) });
        let conflict = OnConflict::column(Column::Key).update_column(Column::NotBefore).to_owned();
        Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// A row names the blob now, or it is gone.
pub async fn remove(conn: &impl ConnectionTrait, keys: Vec<String>) -> DbResult<()> {
    for batch in keys.chunks(BATCH) {
        Entity::delete_many().filter(Column::Key.is_in(batch.to_vec())).exec(conn).await?;
    }
    Ok(())
}

/// Their deletion, which was taken in hand until then, is done. A key that was added anew since has another time and stays: somebody
/// wrote such a blob meanwhile, which nobody names.
pub async fn done(conn: &impl ConnectionTrait, keys: Vec<String>, until: UnixMillis) -> DbResult<()> {
    for batch in keys.chunks(BATCH) {
        let query = Entity::delete_many().filter(Column::Key.is_in(batch.to_vec()));
        query.filter(Column::NotBefore.eq(until)).exec(conn).await?;
    }
    Ok(())
}

/// A row names the blob from now on, unless somebody took its deletion in hand since it was added with that time. Says whether
/// it may.
pub async fn take_back(conn: &impl ConnectionTrait, key: &str, not_before: UnixMillis) -> DbResult<bool> {
    let query = Entity::delete_many().filter(Column::Key.eq(key)).filter(Column::NotBefore.eq(not_before));
    Ok(query.exec(conn).await?.rows_affected == 1)
}

/// Keys whose time has come.
pub async fn due(conn: &impl ConnectionTrait, now: UnixMillis, limit: u64) -> DbResult<Vec<String>> {
    let rows = Entity::find()
        .filter(Column::NotBefore.lte(now))
        .order_by_asc(Column::NotBefore)
        .limit(limit)
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.key).collect())
}
