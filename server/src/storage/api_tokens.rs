//! `api_tokens`: those that were not removed; the audit remembers the others.

use api_types::{AccountId, ApiTokenId, UnixMillis, sessions::Place, tokens::Scope};
use entities::{
    accounts,
    api_tokens::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    sea_query::Expr,
};

use super::{
    DbResult,
    account_now::{self, AccountNow},
};
use crate::{audit::enum_name, scopes::Scopes};

/// A token.
#[derive(Debug, Clone)]
pub struct ApiTokenRow {
    /// Its id.
    pub id: ApiTokenId,
    /// Whose.
    pub account: AccountId,
    /// What the person calls it.
    pub name: String,
    /// SHA-256 of its text.
    pub token_hash: [u8; 32],
    /// What it reaches.
    pub scopes: Scopes,
    /// Whether the session that made it had proved a second factor.
    pub second_factor: bool,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it ends.
    pub expires_at: UnixMillis,
    /// Last use, to the minute.
    pub last_used_at: Option<UnixMillis>,
    /// Where that was.
    pub last_place: Option<Place>,
    /// Of a device's token: the device.
    pub device: Option<AccountId>,
}

fn row(model: Model) -> DbResult<ApiTokenRow> {
    let scope = |name| Scope::from_name(name).ok_or_else(|| super::corrupt("api_tokens", "scopes"));
    let place = model.last_place.map(|place| super::name("api_tokens", "last_place", &place)).transpose()?;
    let device = model.device_id.map(|id| super::id("api_tokens", "device_id", &id).map(AccountId)).transpose()?;
    Ok(ApiTokenRow {
        id: ApiTokenId(super::id("api_tokens", "id", &model.id)?),
        account: AccountId(super::id("api_tokens", "account_id", &model.account_id)?),
        name: model.name,
        token_hash: super::id("api_tokens", "token_hash", &model.token_hash)?,
        scopes: model.scopes.split(' ').map(scope).collect::<DbResult<_>>()?,
        second_factor: model.second_factor,
        created_at: model.created_at,
        expires_at: model.expires_at,
        last_used_at: model.last_used_at,
        last_place: place,
        device,
    })
}

/// Stores a new one.
pub async fn insert(conn: &impl ConnectionTrait, token: &ApiTokenRow) -> DbResult<()> {
    let scopes: Vec<_> = token.scopes.list().into_iter().map(Scope::name).collect();
    let model = ActiveModel {
        id: Set(token.id.0.to_vec()),
        account_id: Set(token.account.0.to_vec()),
        name: Set(token.name.clone()),
        token_hash: Set(token.token_hash.to_vec()),
        scopes: Set(scopes.join(" ")),
        second_factor: Set(token.second_factor),
        created_at: Set(token.created_at),
        expires_at: Set(token.expires_at),
        last_used_at: Set(token.last_used_at),
        last_place: Set(token.last_place.as_ref().map(enum_name)),
        device_id: Set(token.device.map(|device| device.0.to_vec())),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// A token with what counts of its account.
#[derive(Debug)]
pub struct Found {
    /// The token.
    pub token: ApiTokenRow,
    /// Its account.
    pub account: AccountNow,
}

/// A token by its id.
pub async fn find(conn: &impl ConnectionTrait, id: ApiTokenId) -> DbResult<Option<Found>> {
    let found = account_now::with_row(conn, "api_tokens", "id", id.0.to_vec()).await?;
    let Some((token, account)) = found else { return Ok(None) };
    Ok(Some(Found { token: row(Model::from_query_result(&token, "")?)?, account }))
}

/// An account's but its devices', newest first.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<ApiTokenRow>> {
    let query = Entity::find().filter(Column::AccountId.eq(account.0.to_vec())).filter(Column::DeviceId.is_null());
    query.order_by_desc(Column::CreatedAt).all(conn).await?.into_iter().map(row).collect()
}

/// Notes a use.
pub async fn touch(conn: &impl ConnectionTrait, token: &ApiTokenRow, place: Place, now: UnixMillis) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::LastUsedAt, Expr::value(Some(now)))
        .col_expr(Column::LastPlace, Expr::value(Some(enum_name(&place))))
        .filter(Column::Id.eq(token.id.0.to_vec()))
        .exec(conn)
        .await?;
    if token.device.is_some() {
        // Nobody was there.
        return Ok(());
    }
    accounts::Entity::update_many()
        .col_expr(accounts::Column::LastSeenAt, Expr::value(Some(now)))
        .filter(accounts::Column::Id.eq(token.account.0.to_vec()))
        .exec(conn)
        .await
        .map(drop)
}

/// Removes one of an account, but none of a device. Says whether it was there.
pub async fn delete(conn: &impl ConnectionTrait, account: AccountId, id: ApiTokenId) -> DbResult<bool> {
    let own = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec())).filter(Column::DeviceId.is_null());
    Ok(own.filter(Column::Id.eq(id.0.to_vec())).exec(conn).await?.rows_affected == 1)
}

/// Removes all of an account. Gives their number.
pub async fn delete_all(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    let all = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    Ok(all.exec(conn).await?.rows_affected)
}

/// Removes those of an account that were made without a second factor. Gives their number.
pub async fn delete_unproved(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    let own = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    Ok(own.filter(Column::SecondFactor.eq(false)).exec(conn).await?.rows_affected)
}

/// An account has no second factor any more: none of its tokens counts as made with one.
pub async fn forget_second_factor(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::SecondFactor, Expr::value(false));
    query.filter(Column::AccountId.eq(account.0.to_vec())).exec(conn).await.map(drop)
}

/// Removes those that ended before a time.
pub async fn delete_expired_before(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<u64> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(time)).exec(conn).await?.rows_affected)
}
