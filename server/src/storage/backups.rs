//! `backups`: what was begun and how it ended, and the blobs that a snapshot needs. Who holds one goes by [`super::lease_time`].

use std::collections::BTreeMap;

use api_types::UnixMillis;
use entities::{
    backups::{Column, Entity},
    part_segments, upload_segments,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use super::{DbResult, corrupt};
use crate::clock::{AHEAD, MINUTE};

pub use entities::backups::Model as Backup;

/// A hold of two minutes by a clock that is as far ahead as clocks may be, and some more.
const LONGEST: UnixMillis = AHEAD + 5 * MINUTE;

/// One that begins.
pub async fn insert(conn: &impl ConnectionTrait, backup: Backup) -> DbResult<()> {
    Entity::insert(backup.into_active_model().reset_all()).exec_without_returning(conn).await?;
    Ok(())
}

/// One that runs. Nobody holds for as long as [`LONGEST`]: who says so was killed while a clock was ahead.
pub async fn running(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<Option<Backup>> {
    let open = Entity::find().filter(Column::EndedAt.is_null()).filter(Column::LeasedUntil.gt(now));
    let open = open.filter(Column::LeasedUntil.lte(now + LONGEST));
    open.order_by_desc(Column::BeganAt).one(conn).await
}

/// Whether one that was begun after a time has ended. Those that were begun later than `until` don't count, as in [`newest`].
pub async fn any_ended_since(conn: &impl ConnectionTrait, time: UnixMillis, until: UnixMillis) -> DbResult<bool> {
    let ended = Entity::find().filter(Column::EndedAt.is_not_null()).filter(Column::BeganAt.gt(time));
    Ok(ended.filter(Column::BeganAt.lte(until)).one(conn).await?.is_some())
}

/// Goes on holding. Says whether it still did.
pub async fn extend(conn: &impl ConnectionTrait, id: &str, now: UnixMillis, until: UnixMillis) -> DbResult<bool> {
    let done = Entity::update_many()
        .col_expr(Column::LeasedUntil, Expr::value(until))
        .filter(Column::Id.eq(id))
        .filter(Column::EndedAt.is_null())
        .filter(Column::LeasedUntil.gt(now))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// How large a snapshot is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Bytes in the repository.
    pub bytes: u64,
    /// Those that were not there yet.
    pub new_bytes: u64,
    /// Blobs.
    pub blobs: u64,
}

/// It ended with a snapshot, or with an error.
pub async fn end(
    conn: &impl ConnectionTrait,
    id: &str,
    now: UnixMillis,
    outcome: Result<Size, String>,
) -> DbResult<()> {
    let (size, error) = match outcome {
        Ok(size) => (size, None),
        Err(error) => (Size::default(), Some(error)),
    };
    let number = |count: u64| Expr::value(i64::try_from(count).unwrap_or(i64::MAX));
    Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now))
        .col_expr(Column::Error, Expr::value(error))
        .col_expr(Column::Bytes, number(size.bytes))
        .col_expr(Column::NewBytes, number(size.new_bytes))
        .col_expr(Column::Blobs, number(size.blobs))
        .filter(Column::Id.eq(id))
        .filter(Column::EndedAt.is_null())
        .exec(conn)
        .await?;
    Ok(())
}

/// Those that nobody goes on with have ended.
pub async fn end_abandoned(conn: &impl ConnectionTrait, now: UnixMillis, error: &str) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now))
        .col_expr(Column::Error, Expr::value(error))
        .filter(Column::EndedAt.is_null())
        .filter(Column::LeasedUntil.lte(now))
        .exec(conn)
        .await?;
    Ok(())
}

/// Whether [`end_abandoned`] or [`unrecorded`] has something to do.
pub async fn any_to_record(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<bool> {
    let open = Entity::find().filter(Column::Recorded.eq(false)).order_by_asc(Column::BeganAt).all(conn).await?;
    Ok(open.iter().any(|row| row.ended_at.is_some() || row.leased_until <= now))
}

/// Those that have ended, and the audit doesn't say so yet.
pub async fn unrecorded(conn: &impl ConnectionTrait) -> DbResult<Vec<Backup>> {
    let ended = Entity::find().filter(Column::EndedAt.is_not_null()).filter(Column::Recorded.eq(false));
    ended.order_by_asc(Column::EndedAt).all(conn).await
}

/// The audit says so.
pub async fn set_recorded(conn: &impl ConnectionTrait, id: &str) -> DbResult<()> {
    Entity::update_many().col_expr(Column::Recorded, Expr::value(true)).filter(Column::Id.eq(id)).exec(conn).await?;
    Ok(())
}

/// The newest that ended, with a snapshot or without one. Those that were begun later than `until` don't count: a clock was
/// ahead, and until it is as late as that none would be due.
pub async fn newest(conn: &impl ConnectionTrait, good: bool, until: UnixMillis) -> DbResult<Option<Backup>> {
    let ended = Entity::find().filter(Column::EndedAt.is_not_null()).filter(Column::BeganAt.lte(until));
    let of = if good { Column::Error.is_null() } else { Column::Error.is_not_null() };
    ended.filter(of).order_by_desc(Column::BeganAt).one(conn).await
}

/// Forgets old ones.
pub async fn delete_before(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<()> {
    let old = Entity::delete_many().filter(Column::BeganAt.lt(time)).filter(Column::Recorded.eq(true));
    old.exec(conn).await.map(drop)
}

/// Forgets one.
pub async fn delete(conn: &impl ConnectionTrait, id: &str) -> DbResult<()> {
    Entity::delete_by_id(id.to_owned()).exec(conn).await.map(drop)
}

/// Every blob that a row names, with its length.
pub async fn blobs(conn: &impl ConnectionTrait) -> DbResult<BTreeMap<String, u64>> {
    let of_parts: Vec<(String, i64)> = part_segments::Entity::find()
        .select_only()
        .columns([part_segments::Column::BlobKey, part_segments::Column::Len])
        .into_tuple()
        .all(conn)
        .await?;
    let of_uploads: Vec<(String, i64)> = upload_segments::Entity::find()
        .select_only()
        .columns([upload_segments::Column::BlobKey, upload_segments::Column::Len])
        .into_tuple()
        .all(conn)
        .await?;
    let length =
        |(key, len): (String, i64)| Ok((key, u64::try_from(len).map_err(|_| corrupt("part_segments", "len"))?));
    of_parts.into_iter().chain(of_uploads).map(length).collect()
}
