//! `drills`: restores that were tried, and what they showed.

use api_types::UnixMillis;
use entities::drills::{Column, Entity};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, sea_query::Expr,
};
use serde::{Deserialize, Serialize};

use super::DbResult;
use crate::{
    audit::enum_name,
    clock::{AHEAD, MINUTE},
};

pub use entities::drills::Model as DrillRow;

/// A hold of two minutes by a clock that is as far ahead as clocks may be, and some more.
const LONGEST: UnixMillis = AHEAD + 5 * MINUTE;

/// What became of the canary.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CanaryState {
    /// There is none, or its turn did not come.
    #[default]
    None,
    /// It opened.
    Opened,
    /// It did not.
    NotOpened,
}

impl CanaryState {
    /// As it is stored.
    pub fn name(self) -> String {
        enum_name(&self)
    }
}

/// One that begins.
pub async fn insert(conn: &impl ConnectionTrait, row: DrillRow) -> DbResult<()> {
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(conn).await?;
    Ok(())
}

/// Whether one runs.
pub async fn is_running(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<bool> {
    let open = Entity::find().filter(Column::EndedAt.is_null()).filter(Column::LeasedUntil.gt(now));
    Ok(open.filter(Column::LeasedUntil.lte(now + LONGEST)).count(conn).await? > 0)
}

/// Those that nobody goes on with. Nobody holds for as long as [`LONGEST`]: who says so was killed while a clock was ahead.
fn abandoned(now: UnixMillis) -> Condition {
    let over = Condition::any().add(Column::LeasedUntil.lte(now)).add(Column::LeasedUntil.gt(now + LONGEST));
    Condition::all().add(Column::EndedAt.is_null()).add(over)
}

/// Goes on holding.
pub async fn extend(conn: &impl ConnectionTrait, id: &str, until: UnixMillis) -> DbResult<()> {
    let open = Condition::all().add(Column::Id.eq(id)).add(Column::EndedAt.is_null());
    Entity::update_many().col_expr(Column::LeasedUntil, Expr::value(until)).filter(open).exec(conn).await?;
    Ok(())
}

/// It ended; the row says how. One that somebody else has ended meanwhile stays as it is.
pub async fn end(conn: &impl ConnectionTrait, row: DrillRow) -> DbResult<bool> {
    let ended = Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(row.ended_at))
        .col_expr(Column::Snapshot, Expr::value(row.snapshot))
        .col_expr(Column::Restored, Expr::value(row.restored))
        .col_expr(Column::Canary, Expr::value(row.canary))
        .col_expr(Column::Rows, Expr::value(row.rows))
        .col_expr(Column::Objects, Expr::value(row.objects))
        .col_expr(Column::Bytes, Expr::value(row.bytes))
        .col_expr(Column::Error, Expr::value(row.error))
        .filter(Column::Id.eq(row.id))
        .filter(Column::EndedAt.is_null())
        .exec(conn)
        .await?;
    Ok(ended.rows_affected == 1)
}

/// The abandoned are forgotten: nothing was shown. Says how many there were.
pub async fn delete_abandoned(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<u64> {
    Ok(Entity::delete_many().filter(abandoned(now)).exec(conn).await?.rows_affected)
}

/// Whether there is one for [`delete_abandoned`].
pub async fn any_abandoned(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<bool> {
    Ok(Entity::find().filter(abandoned(now)).count(conn).await? > 0)
}

/// The newest that ended. Those that were begun later than `until` don't count: a clock was ahead, and until it is as late as
/// that none would be due.
pub async fn newest(conn: &impl ConnectionTrait, until: UnixMillis) -> DbResult<Option<DrillRow>> {
    let ended = Entity::find().filter(Column::EndedAt.is_not_null()).filter(Column::BeganAt.lte(until));
    ended.order_by_desc(Column::BeganAt).one(conn).await
}

/// Forgets old ones.
pub async fn delete_before(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<()> {
    let old = Entity::delete_many().filter(Column::BeganAt.lt(time)).filter(Column::EndedAt.is_not_null());
    old.exec(conn).await.map(drop)
}
