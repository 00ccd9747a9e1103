//! `organisation_key_wraps`: the organisation's key, for each administrator.

use api_types::{AccountId, UnixMillis};
use entities::organisation_key_wraps;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, sea_query::OnConflict};

use super::DbResult;

/// The organisation key's seed, wrapped to an administrator.
pub async fn get(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Option<Vec<u8>>> {
    Ok(organisation_key_wraps::Entity::find_by_id(account.0.to_vec()).one(conn).await?.map(|row| row.wrap))
}

/// Stores or replaces it.
pub async fn put(conn: &impl ConnectionTrait, account: AccountId, wrap: Vec<u8>, now: UnixMillis) -> DbResult<()> {
    use organisation_key_wraps::Column;
    let model = organisation_key_wraps::ActiveModel {
        account_id: Set(account.0.to_vec()),
        wrap: Set(wrap),
        created_at: Set(now),
    };
    let replace = OnConflict::column(Column::AccountId).update_columns([Column::Wrap, Column::CreatedAt]).to_owned();
    organisation_key_wraps::Entity::insert(model).on_conflict(replace).exec_without_returning(conn).await.map(drop)
}
