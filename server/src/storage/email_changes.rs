//! `email_changes`: addresses that accounts are to have once both addresses have confirmed. No token lies here.

use api_types::{AccountId, UnixMillis, email_change::AddressSide};
use entities::email_changes::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::DbResult;

/// A change that waits.
#[derive(Debug, Clone)]
pub struct ChangeRow {
    /// Its id.
    pub id: [u8; 16],
    /// Whose address it is to change.
    pub account: AccountId,
    /// The address that is to be left, normalised.
    pub old_key: String,
    /// The new address as typed.
    pub address: String,
    /// The same, normalised.
    pub address_key: String,
    /// When it ends.
    pub expires_at: UnixMillis,
    /// When the old address confirmed.
    pub old_confirmed_at: Option<UnixMillis>,
    /// When the new address confirmed.
    pub new_confirmed_at: Option<UnixMillis>,
}

impl ChangeRow {
    /// When that side confirmed.
    pub fn confirmed_at(&self, side: AddressSide) -> Option<UnixMillis> {
        match side {
            AddressSide::Old => self.old_confirmed_at,
            AddressSide::New => self.new_confirmed_at,
        }
    }

    /// The address that the link of that side was sent to, normalised.
    pub fn sent_to(&self, side: AddressSide) -> &str {
        match side {
            AddressSide::Old => &self.old_key,
            AddressSide::New => &self.address_key,
        }
    }
}

fn row(model: Model) -> DbResult<ChangeRow> {
    Ok(ChangeRow {
        id: super::id("email_changes", "id", &model.id)?,
        account: AccountId(super::id("email_changes", "account_id", &model.account_id)?),
        old_key: model.old_key,
        address: model.address,
        address_key: model.address_key,
        expires_at: model.expires_at,
        old_confirmed_at: model.old_confirmed_at,
        new_confirmed_at: model.new_confirmed_at,
    })
}

/// Stores one in the place of the one before: the links of that lead nowhere from now on.
pub async fn replace(conn: &impl ConnectionTrait, change: &ChangeRow) -> DbResult<()> {
    delete_of(conn, change.account).await?;
    let model = ActiveModel {
        id: Set(change.id.to_vec()),
        account_id: Set(change.account.0.to_vec()),
        old_key: Set(change.old_key.clone()),
        address: Set(change.address.clone()),
        address_key: Set(change.address_key.clone()),
        expires_at: Set(change.expires_at),
        old_confirmed_at: Set(change.old_confirmed_at),
        new_confirmed_at: Set(change.new_confirmed_at),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// By its id.
pub async fn get(conn: &impl ConnectionTrait, id: &[u8; 16]) -> DbResult<Option<ChangeRow>> {
    Entity::find_by_id(id.to_vec()).one(conn).await?.map(row).transpose()
}

/// That of an account.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Option<ChangeRow>> {
    Entity::find().filter(Column::AccountId.eq(account.0.to_vec())).one(conn).await?.map(row).transpose()
}

/// A side has confirmed.
pub async fn confirm(conn: &impl ConnectionTrait, id: &[u8; 16], side: AddressSide, now: UnixMillis) -> DbResult<()> {
    let column = match side {
        AddressSide::Old => Column::OldConfirmedAt,
        AddressSide::New => Column::NewConfirmedAt,
    };
    let query = Entity::update_many().col_expr(column, Expr::value(Some(now))).filter(Column::Id.eq(id.to_vec()));
    query.exec(conn).await.map(drop)
}

/// Ends that of an account. Says whether there was one.
pub async fn delete_of(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<bool> {
    let query = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    Ok(query.exec(conn).await?.rows_affected > 0)
}

/// Forgets what has ended.
pub async fn delete_expired(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<()> {
    Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(conn).await.map(drop)
}
