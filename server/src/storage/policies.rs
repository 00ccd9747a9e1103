//! `role_policies`.

use api_types::{UnixMillis, accounts::Role};
use entities::role_policies::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::DbResult;
use crate::audit::enum_name;

/// The roles that need a second factor.
pub async fn second_factor_roles(conn: &impl ConnectionTrait) -> DbResult<Vec<Role>> {
    let rows = Entity::find().filter(Column::SecondFactor.eq(true)).all(conn).await?;
    rows.iter().map(|row| super::name("role_policies", "role", &row.role)).collect()
}

/// Replaces them.
pub async fn put_second_factor_roles(conn: &impl ConnectionTrait, roles: &[Role], now: UnixMillis) -> DbResult<()> {
    Entity::delete_many().exec(conn).await?;
    for role in roles {
        let model = ActiveModel { role: Set(enum_name(role)), second_factor: Set(true), updated_at: Set(now) };
        Entity::insert(model).exec_without_returning(conn).await?;
    }
    Ok(())
}
