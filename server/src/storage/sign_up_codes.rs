//! `sign_up_codes`: codes that prove addresses at sign-up, by their ids, and those that did. No code lies here.

use api_types::UnixMillis;
use entities::sign_up_codes::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};

use super::DbResult;

/// A code before it is made.
#[derive(Debug, Clone)]
pub struct SignUpCodeRow {
    /// Its id.
    pub id: [u8; 16],
    /// SHA-256 of the secret of whoever asked for it.
    pub secret_hash: [u8; 32],
    /// The address, normalised.
    pub address_key: String,
    /// Whether the code was mailed; where not, none is right.
    pub mailed: bool,
    /// Wrong tries so far.
    pub tries: i32,
    /// Whether it was typed.
    pub proved: bool,
    /// When it ends; once it was typed, until when the account may be made.
    pub expires_at: UnixMillis,
}

fn row(model: Model) -> DbResult<SignUpCodeRow> {
    Ok(SignUpCodeRow {
        id: super::id("sign_up_codes", "id", &model.id)?,
        secret_hash: super::id("sign_up_codes", "secret_hash", &model.secret_hash)?,
        address_key: model.address_key,
        mailed: model.mailed,
        tries: model.tries,
        proved: model.proved,
        expires_at: model.expires_at,
    })
}

/// Stores one.
pub async fn insert(conn: &impl ConnectionTrait, code: &SignUpCodeRow) -> DbResult<()> {
    let model = ActiveModel {
        id: Set(code.id.to_vec()),
        secret_hash: Set(code.secret_hash.to_vec()),
        address_key: Set(code.address_key.clone()),
        mailed: Set(code.mailed),
        tries: Set(code.tries),
        proved: Set(code.proved),
        expires_at: Set(code.expires_at),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// By its id.
pub async fn get(conn: &impl ConnectionTrait, id: &[u8; 16]) -> DbResult<Option<SignUpCodeRow>> {
    Entity::find_by_id(id.to_vec()).one(conn).await?.map(row).transpose()
}

/// The one that was asked for with a secret.
pub async fn by_secret(conn: &impl ConnectionTrait, secret_hash: &[u8; 32]) -> DbResult<Option<SignUpCodeRow>> {
    let query = Entity::find().filter(Column::SecretHash.eq(secret_hash.to_vec()));
    query.one(conn).await?.map(row).transpose()
}

/// A wrong try.
pub async fn count_try(conn: &impl ConnectionTrait, id: &[u8; 16]) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::Tries, Expr::col(Column::Tries).add(1));
    query.filter(Column::Id.eq(id.to_vec())).exec(conn).await.map(drop)
}

/// It was typed: the account may be made until then.
pub async fn prove(conn: &impl ConnectionTrait, id: &[u8; 16], until: UnixMillis) -> DbResult<()> {
    let query = Entity::update_many()
        .col_expr(Column::Proved, Expr::value(true))
        .col_expr(Column::ExpiresAt, Expr::value(until))
        .filter(Column::Id.eq(id.to_vec()));
    query.exec(conn).await.map(drop)
}

/// Takes one out: it counts once. Says whether it was there.
pub async fn take(conn: &impl ConnectionTrait, id: &[u8; 16]) -> DbResult<bool> {
    Ok(Entity::delete_by_id(id.to_vec()).exec(conn).await?.rows_affected == 1)
}

/// Forgets what has ended.
pub async fn delete_expired(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<()> {
    Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(conn).await.map(drop)
}
