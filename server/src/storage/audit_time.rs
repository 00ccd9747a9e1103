//! From times to positions in the audit.
//!
//! Events are numbered as they are written, so their times rise with their numbers, but for a clock that was set back. A
//! page of some days is therefore read between two positions, found by the index of times, and not sorted.

use api_types::UnixMillis;
use entities::audit_events::{Column, Entity};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::DbResult;

/// How far a clock may have been set back and every event still be found, in milliseconds.
const SET_BACK: UnixMillis = 24 * 60 * 60 * 1000;

/// What holds for the events from a time on and before another. What was written before an event that lies more than
/// [`SET_BACK`] before that time is older than it, and likewise at the other end.
pub async fn between(
    conn: &impl ConnectionTrait,
    from: Option<UnixMillis>,
    until: Option<UnixMillis>,
) -> DbResult<Condition> {
    let mut condition = Condition::all();
    if let Some(from) = from {
        let before = newest_before(conn, from.saturating_sub(SET_BACK)).await?;
        condition = condition.add(Column::Time.gte(from)).add_option(before.map(|seq| Column::Seq.gt(seq)));
    }
    if let Some(until) = until {
        let after = oldest_since(conn, until.saturating_add(SET_BACK)).await?;
        condition = condition.add(Column::Time.lt(until)).add_option(after.map(|seq| Column::Seq.lt(seq)));
    }
    Ok(condition)
}

async fn oldest_since(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<Option<i64>> {
    let found = Entity::find().select_only().column(Column::Seq).filter(Column::Time.gte(time));
    found.order_by_asc(Column::Time).order_by_asc(Column::Seq).limit(1).into_tuple().one(conn).await
}

async fn newest_before(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<Option<i64>> {
    let found = Entity::find().select_only().column(Column::Seq).filter(Column::Time.lt(time));
    found.order_by_desc(Column::Time).order_by_desc(Column::Seq).limit(1).into_tuple().one(conn).await
}
