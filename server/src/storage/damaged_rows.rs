//! `damaged_rows`: signed rows that aren't what was signed.

use api_types::UnixMillis;
use entities::damaged_rows::{Column, Entity};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::DbResult;

pub use entities::damaged_rows::Model as DamagedRow;

/// Puts one into the table; says whether it wasn't there.
pub async fn insert(conn: &impl ConnectionTrait, row: DamagedRow) -> DbResult<bool> {
    let mut there = OnConflict::column(Column::Name);
    let one = Entity::insert(row.into_active_model().reset_all()).on_conflict(there.do_nothing().to_owned());
    Ok(one.exec_without_returning(conn).await? == 1)
}

/// The first so many, oldest first.
pub async fn list(conn: &impl ConnectionTrait, limit: u64) -> DbResult<Vec<DamagedRow>> {
    Entity::find().order_by_asc(Column::FoundAt).order_by_asc(Column::Name).limit(limit).all(conn).await
}

/// Some, what was longest not looked at first.
pub async fn longest_not_looked_at(conn: &impl ConnectionTrait, limit: u64) -> DbResult<Vec<DamagedRow>> {
    Entity::find().order_by_asc(Column::LookedAt).order_by_asc(Column::Name).limit(limit).all(conn).await
}

/// It was looked at.
pub async fn looked(conn: &impl ConnectionTrait, name: &str, now: UnixMillis) -> DbResult<()> {
    let one = Entity::update_many().col_expr(Column::LookedAt, Expr::value(now)).filter(Column::Name.eq(name));
    one.exec(conn).await.map(drop)
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait) -> DbResult<u64> {
    Entity::find().count(conn).await
}

/// Takes one out; says whether it was there.
pub async fn remove(conn: &impl ConnectionTrait, name: &str) -> DbResult<bool> {
    Ok(Entity::delete_by_id(name.to_owned()).exec(conn).await?.rows_affected > 0)
}
