//! `damaged_blobs`: what is missing or changed in the store, and isn't given out.

use std::collections::BTreeSet;

use api_types::UnixMillis;
use entities::{
    damaged_blobs::{Column, Entity},
    part_segments, upload_segments,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::DbResult;
use crate::clock::DAY;

pub use entities::damaged_blobs::Model as DamagedRow;

/// Keys in one statement.
const BATCH: usize = 500;

/// Puts one into the table; says whether it wasn't there. On PostgreSQL a backup and a server may meet the same at once.
pub async fn insert(conn: &impl ConnectionTrait, row: DamagedRow) -> DbResult<bool> {
    let mut there = OnConflict::column(Column::Key);
    let one = Entity::insert(row.into_active_model().reset_all()).on_conflict(there.do_nothing().to_owned());
    Ok(one.exec_without_returning(conn).await? == 1)
}

/// Whether a row of a version or an upload names a blob: one that nobody names may be gone.
pub async fn is_named(conn: &impl ConnectionTrait, key: &str) -> DbResult<bool> {
    let part = part_segments::Entity::find().filter(part_segments::Column::BlobKey.eq(key)).count(conn).await?;
    let upload = upload_segments::Entity::find().filter(upload_segments::Column::BlobKey.eq(key)).count(conn).await?;
    Ok(part + upload > 0)
}

/// Which of these are damaged.
pub async fn among(conn: &impl ConnectionTrait, keys: &[String]) -> DbResult<BTreeSet<String>> {
    let mut damaged = BTreeSet::new();
    for batch in keys.chunks(BATCH) {
        let found = Entity::find().select_only().column(Column::Key).filter(Column::Key.is_in(batch.to_vec()));
        damaged.extend(found.into_tuple::<String>().all(conn).await?);
    }
    Ok(damaged)
}

/// The first so many, oldest first.
pub async fn list(conn: &impl ConnectionTrait, limit: u64) -> DbResult<Vec<DamagedRow>> {
    Entity::find().order_by_asc(Column::FoundAt).order_by_asc(Column::Key).limit(limit).all(conn).await
}

/// Some that were not looked at since then, what was longest not looked at first; also those that were looked at by a clock
/// that was ahead.
pub async fn longest_not_looked_at(
    conn: &impl ConnectionTrait,
    since: UnixMillis,
    limit: u64,
) -> DbResult<Vec<DamagedRow>> {
    let due = Condition::any().add(Column::LookedAt.lt(since)).add(Column::LookedAt.gt(since + DAY));
    let due = Entity::find().filter(due).order_by_asc(Column::LookedAt).order_by_asc(Column::Key);
    due.limit(limit).all(conn).await
}

/// They were looked at.
pub async fn looked(conn: &impl ConnectionTrait, keys: &[String], now: UnixMillis) -> DbResult<()> {
    for batch in keys.chunks(BATCH) {
        Entity::update_many()
            .col_expr(Column::LookedAt, Expr::value(now))
            .filter(Column::Key.is_in(batch.to_vec()))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// Which of these a row of a version or an upload names.
pub async fn named_of(conn: &impl ConnectionTrait, keys: &[String]) -> DbResult<BTreeSet<String>> {
    let mut named = BTreeSet::new();
    for batch in keys.chunks(BATCH) {
        let of_parts: Vec<String> = part_segments::Entity::find()
            .select_only()
            .column(part_segments::Column::BlobKey)
            .filter(part_segments::Column::BlobKey.is_in(batch.to_vec()))
            .into_tuple()
            .all(conn)
            .await?;
        let of_uploads: Vec<String> = upload_segments::Entity::find()
            .select_only()
            .column(upload_segments::Column::BlobKey)
            .filter(upload_segments::Column::BlobKey.is_in(batch.to_vec()))
            .into_tuple()
            .all(conn)
            .await?;
        named.extend(of_parts.into_iter().chain(of_uploads));
    }
    Ok(named)
}

/// The keys of all.
pub async fn keys(conn: &impl ConnectionTrait) -> DbResult<BTreeSet<String>> {
    let keys: Vec<String> = Entity::find().select_only().column(Column::Key).into_tuple().all(conn).await?;
    Ok(keys.into_iter().collect())
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait) -> DbResult<u64> {
    Entity::find().count(conn).await
}

/// Takes one out; says whether it was there.
pub async fn remove(conn: &impl ConnectionTrait, key: &str) -> DbResult<bool> {
    Ok(Entity::delete_by_id(key.to_owned()).exec(conn).await?.rows_affected > 0)
}

/// It is looked for in the backups now, unless it was since a time. Says whether this call may: two servers don't both.
pub async fn try_now(conn: &impl ConnectionTrait, key: &str, now: UnixMillis, since: UnixMillis) -> DbResult<bool> {
    // A time far ahead was written by a clock that was wrong.
    let ahead = Column::TriedAt.gt(now + DAY);
    let before = Condition::any().add(Column::TriedAt.is_null()).add(Column::TriedAt.lte(since)).add(ahead);
    let query = Entity::update_many().col_expr(Column::TriedAt, Expr::value(Some(now)));
    Ok(query.filter(Column::Key.eq(key)).filter(before).exec(conn).await?.rows_affected == 1)
}

/// Administrators are told of one; says whether they weren't yet.
pub async fn set_told(conn: &impl ConnectionTrait, key: &str) -> DbResult<bool> {
    let one = Entity::update_many().col_expr(Column::Told, Expr::value(true)).filter(Column::Key.eq(key));
    Ok(one.filter(Column::Told.eq(false)).exec(conn).await?.rows_affected > 0)
}
