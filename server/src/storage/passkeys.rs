//! `passkeys`.

use api_types::{AccountId, SecondFactorId, UnixMillis, WayInId, accounts::WayInKind};
use entities::{
    passkeys::{ActiveModel, Column, Entity, Model},
    ways_in,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use webauthn_rs::prelude::Passkey;

use super::DbResult;
use crate::audit::enum_name;

/// A passkey.
#[derive(Debug, Clone)]
pub struct PasskeyRow {
    /// Its id.
    pub id: SecondFactorId,
    /// Whose.
    pub account: AccountId,
    /// What the person calls it.
    pub label: String,
    /// What its answers are checked with.
    pub credential: Passkey,
    /// The same as it is stored; another version of webauthn-rs may write it otherwise.
    pub stored: String,
    /// The way in that it opens.
    pub way_in: Option<WayInId>,
    /// When it was added.
    pub created_at: UnixMillis,
    /// When it last answered.
    pub last_used_at: Option<UnixMillis>,
}

fn row(model: Model) -> DbResult<PasskeyRow> {
    let credential = serde_json::from_str(&model.credential);
    let way_in = model.way_in_id.map(|id| super::id("passkeys", "way_in_id", &id)).transpose()?;
    Ok(PasskeyRow {
        id: SecondFactorId(super::id("passkeys", "id", &model.id)?),
        account: AccountId(super::id("passkeys", "account_id", &model.account_id)?),
        label: model.label,
        stored: model.credential,
        credential: credential.map_err(|error| DbErr::Type(format!("passkeys.credential: {error}")))?,
        way_in: way_in.map(WayInId),
        created_at: model.created_at,
        last_used_at: model.last_used_at,
    })
}

fn json(credential: &Passkey) -> DbResult<String> {
    serde_json::to_string(credential).map_err(|error| DbErr::Type(format!("passkeys.credential: {error}")))
}

/// An account's, oldest first.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<PasskeyRow>> {
    let query = Entity::find().filter(Column::AccountId.eq(account.0.to_vec())).order_by_asc(Column::CreatedAt);
    query.all(conn).await?.into_iter().map(row).collect()
}

/// Whether an account has one.
pub async fn has(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<bool> {
    Ok(Entity::find().filter(Column::AccountId.eq(account.0.to_vec())).count(conn).await? > 0)
}

/// Which of these accounts have one.
pub async fn having(conn: &impl ConnectionTrait, accounts: &[AccountId]) -> DbResult<Vec<AccountId>> {
    let query = Entity::find()
        .select_only()
        .column(Column::AccountId)
        .distinct()
        .filter(Column::AccountId.is_in(accounts.iter().map(|id| id.0.to_vec())));
    let found = query.into_tuple::<Vec<u8>>().all(conn).await?;
    found.into_iter().map(|id| Ok(AccountId(super::id("passkeys", "account_id", &id)?))).collect()
}

/// The one that an authenticator names so.
pub async fn by_credential(conn: &impl ConnectionTrait, credential_id: &[u8]) -> DbResult<Option<PasskeyRow>> {
    let query = Entity::find().filter(Column::CredentialId.eq(credential_id));
    query.one(conn).await?.map(row).transpose()
}

/// One of an account.
pub async fn get(conn: &impl ConnectionTrait, account: AccountId, id: SecondFactorId) -> DbResult<Option<PasskeyRow>> {
    let own = Entity::find_by_id(id.0.to_vec()).filter(Column::AccountId.eq(account.0.to_vec()));
    own.one(conn).await?.map(row).transpose()
}

/// Stores a new one.
pub async fn insert(conn: &impl ConnectionTrait, passkey: &PasskeyRow) -> DbResult<()> {
    let model = ActiveModel {
        id: Set(passkey.id.0.to_vec()),
        account_id: Set(passkey.account.0.to_vec()),
        label: Set(passkey.label.clone()),
        credential_id: Set(passkey.credential.cred_id().to_vec()),
        credential: Set(json(&passkey.credential)?),
        way_in_id: Set(passkey.way_in.map(|id| id.0.to_vec())),
        created_at: Set(passkey.created_at),
        last_used_at: Set(passkey.last_used_at),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// It answered: takes its new counter in the place of the one that the answer was checked against. Says whether that was
/// still there.
pub async fn answered(
    conn: &impl ConnectionTrait,
    id: SecondFactorId,
    (before, after): (&str, &Passkey),
    now: UnixMillis,
) -> DbResult<bool> {
    let done = Entity::update_many()
        .col_expr(Column::Credential, Expr::value(json(after)?))
        .col_expr(Column::LastUsedAt, Expr::value(Some(now)))
        .filter(Column::Id.eq(id.0.to_vec()))
        .filter(Column::Credential.eq(before))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Removes one of an account. Says whether it was there.
pub async fn delete(conn: &impl ConnectionTrait, account: AccountId, id: SecondFactorId) -> DbResult<bool> {
    let own = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    Ok(own.filter(Column::Id.eq(id.0.to_vec())).exec(conn).await?.rows_affected == 1)
}

/// Removes all of an account and the ways in that they open. Says how many there were.
pub async fn delete_all(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    let ways = ways_in::Entity::delete_many().filter(ways_in::Column::AccountId.eq(account.0.to_vec()));
    ways.filter(ways_in::Column::Kind.eq(enum_name(&WayInKind::Passkey))).exec(conn).await?;
    let all = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    Ok(all.exec(conn).await?.rows_affected)
}
