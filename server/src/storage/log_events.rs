//! `audit_events` as the leaves of the events tree: leaf n is the event whose `seq` is n.

use entities::audit_events::{Column, Entity, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::{DbResult, audit};

/// How many events there are.
pub async fn count(conn: &impl ConnectionTrait) -> DbResult<u64> {
    let newest = Entity::find().select_only().column(Column::Seq).order_by_desc(Column::Seq).limit(1);
    Ok(newest.into_tuple::<i64>().one(conn).await?.map_or(0, |seq| seq.unsigned_abs() + 1))
}

/// Events from a position on, in their order.
pub async fn from(conn: &impl ConnectionTrait, seq: u64, most: u64) -> DbResult<Vec<Model>> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    Entity::find().filter(Column::Seq.gte(seq)).order_by_asc(Column::Seq).limit(most).all(conn).await
}

/// The event at a position.
pub async fn at(conn: &impl ConnectionTrait, seq: u64) -> DbResult<Option<Model>> {
    Entity::find_by_id(i64::try_from(seq).unwrap_or(i64::MAX)).one(conn).await
}

/// Gives an event of an earlier version a salt; it is stored with [`keep_salt`].
pub fn give_salt(event: &mut Model) -> DbResult<()> {
    event.salt = Some(audit::salt()?.to_vec());
    Ok(())
}

/// Stores the salt that an event was given. False where it has one already, which must not be exchanged.
pub async fn keep_salt(conn: &impl ConnectionTrait, event: &Model) -> DbResult<bool> {
    let kept = Entity::update_many()
        .col_expr(Column::Salt, Expr::value(event.salt.clone()))
        .filter(Column::Seq.eq(event.seq))
        .filter(Column::Salt.is_null())
        .exec(conn)
        .await?;
    Ok(kept.rows_affected == 1)
}
