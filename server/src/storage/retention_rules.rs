//! `retention_rules`: what the organisation signed, every statement of it.

use api_types::UnixMillis;
use entities::retention_rules::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryOrder};

use super::DbResult;

/// Number and bytes of the newest statement.
pub async fn newest(conn: &impl ConnectionTrait) -> DbResult<Option<(u32, Vec<u8>)>> {
    let Some(row) = Entity::find().order_by_desc(Column::Number).one(conn).await? else { return Ok(None) };
    let number = u32::try_from(row.number).map_err(|_| super::corrupt("retention_rules", "number"))?;
    Ok(Some((number, row.statement)))
}

/// Stores one.
pub async fn insert(conn: &impl ConnectionTrait, number: u32, statement: Vec<u8>, now: UnixMillis) -> DbResult<()> {
    let row = ActiveModel { number: Set(number.into()), statement: Set(statement), created_at: Set(now) };
    Entity::insert(row).exec_without_returning(conn).await.map(drop)
}
