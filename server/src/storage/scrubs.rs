//! `scrubs`: walks over all signed rows and blobs, and how far each is.

use api_types::UnixMillis;
use entities::{
    part_segments,
    scrubs::{Column, Entity},
    upload_segments,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, sea_query::Expr,
};

use super::DbResult;

pub use entities::scrubs::Model as ScrubRow;

/// One that begins.
pub async fn insert(conn: &impl ConnectionTrait, row: ScrubRow) -> DbResult<()> {
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(conn).await?;
    Ok(())
}

/// The newest that hasn't ended.
pub async fn open(conn: &impl ConnectionTrait) -> DbResult<Option<ScrubRow>> {
    Entity::find().filter(Column::EndedAt.is_null()).order_by_desc(Column::BeganAt).one(conn).await
}

/// The newest that has ended. Those that were begun later than `until` don't count: a clock was ahead, and until it is as late as
/// that none would be due.
pub async fn newest(conn: &impl ConnectionTrait, until: UnixMillis) -> DbResult<Option<ScrubRow>> {
    let ended = Entity::find().filter(Column::EndedAt.is_not_null()).filter(Column::BeganAt.lte(until));
    ended.order_by_desc(Column::BeganAt).one(conn).await
}

/// How far it is, or that it ended. Says whether it was still the one of whoever held it until `held`; so below: the end of a hold
/// is later with each that is given, and so tells one server from the next.
pub async fn update(conn: &impl ConnectionTrait, row: &ScrubRow, held: UnixMillis) -> DbResult<bool> {
    let done = Entity::update_many()
        .col_expr(Column::LeasedUntil, Expr::value(row.leased_until))
        .col_expr(Column::EndedAt, Expr::value(row.ended_at))
        .col_expr(Column::Place, Expr::value(row.place.clone()))
        .col_expr(Column::Blobs, Expr::value(row.blobs))
        .col_expr(Column::Bytes, Expr::value(row.bytes))
        .col_expr(Column::Damaged, Expr::value(row.damaged))
        .col_expr(Column::Rows, Expr::value(row.rows))
        .col_expr(Column::DamagedRows, Expr::value(row.damaged_rows))
        .filter(Column::Id.eq(row.id.clone()))
        .filter(Column::EndedAt.is_null())
        .filter(Column::LeasedUntil.eq(held))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Until when it is somebody's.
pub async fn lease(conn: &impl ConnectionTrait, id: &str, held: UnixMillis, until: UnixMillis) -> DbResult<bool> {
    let done = Entity::update_many()
        .col_expr(Column::LeasedUntil, Expr::value(until))
        .filter(Column::Id.eq(id))
        .filter(Column::EndedAt.is_null())
        .filter(Column::LeasedUntil.eq(held))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// How many blobs the database names.
pub async fn named(conn: &impl ConnectionTrait) -> DbResult<u64> {
    Ok(part_segments::Entity::find().count(conn).await? + upload_segments::Entity::find().count(conn).await?)
}

/// Forgets old ones.
pub async fn delete_before(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<()> {
    let old = Entity::delete_many().filter(Column::BeganAt.lt(time)).filter(Column::EndedAt.is_not_null());
    old.exec(conn).await.map(drop)
}
