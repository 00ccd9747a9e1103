//! `former_addresses`: labels of e-mail addresses that accounts left. The tree of keys binds an address to its account for
//! ever, so nobody else may have it; its account may have it again.

use api_types::{AccountId, UnixMillis};
use entities::former_addresses::{ActiveModel, Entity};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use tlog::leaf::Label;

use super::DbResult;

/// Whose address it was.
pub async fn holder(conn: &impl ConnectionTrait, label: &Label) -> DbResult<Option<AccountId>> {
    let found = Entity::find_by_id(label.as_bytes().to_vec()).one(conn).await?;
    found.map(|row| super::id("former_addresses", "account_id", &row.account_id).map(AccountId)).transpose()
}

/// An account leaves an address.
pub async fn leave(conn: &impl ConnectionTrait, label: &Label, account: AccountId, now: UnixMillis) -> DbResult<()> {
    let model =
        ActiveModel { label: Set(label.as_bytes().to_vec()), account_id: Set(account.0.to_vec()), left_at: Set(now) };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// Its account has an address again, if it had it before.
pub async fn take_back(conn: &impl ConnectionTrait, label: &Label) -> DbResult<()> {
    Entity::delete_by_id(label.as_bytes().to_vec()).exec(conn).await.map(drop)
}
