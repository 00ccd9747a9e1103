//! `email_verifications`: links that were mailed, by their ids. No token lies here.

use api_types::{AccountId, UnixMillis};
use entities::email_verifications::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::DbResult;

/// A link that was mailed.
#[derive(Debug, Clone)]
pub struct VerificationRow {
    /// Its id.
    pub id: [u8; 16],
    /// Whose address it verifies.
    pub account: AccountId,
    /// That address, normalised.
    pub address_key: String,
    /// When it ends.
    pub expires_at: UnixMillis,
}

fn row(model: Model) -> DbResult<VerificationRow> {
    Ok(VerificationRow {
        id: super::id("email_verifications", "id", &model.id)?,
        account: AccountId(super::id("email_verifications", "account_id", &model.account_id)?),
        address_key: model.address_key,
        expires_at: model.expires_at,
    })
}

/// Stores one.
pub async fn insert(conn: &impl ConnectionTrait, verification: &VerificationRow) -> DbResult<()> {
    let model = ActiveModel {
        id: Set(verification.id.to_vec()),
        account_id: Set(verification.account.0.to_vec()),
        address_key: Set(verification.address_key.clone()),
        expires_at: Set(verification.expires_at),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// By its id.
pub async fn get(conn: &impl ConnectionTrait, id: &[u8; 16]) -> DbResult<Option<VerificationRow>> {
    Entity::find_by_id(id.to_vec()).one(conn).await?.map(row).transpose()
}

/// Ends all of an account: one of them was used.
pub async fn delete_of(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec())).exec(conn).await.map(drop)
}

/// Forgets what has ended.
pub async fn delete_expired(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<()> {
    Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(conn).await.map(drop)
}
