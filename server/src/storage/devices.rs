//! `devices`: machines that only send. A removed one stays, as what it sent does.

use std::collections::BTreeSet;

use api_types::{AccountId, UnixMillis};
use entities::{
    api_tokens,
    devices::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use super::DbResult;

/// A device.
#[derive(Debug, Clone)]
pub struct DeviceRow {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub owner: AccountId,
    /// Signed by both.
    pub record: Vec<u8>,
    /// Signed by its owner.
    pub removal: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it ends.
    pub expires_at: UnixMillis,
    /// When it last sent a report.
    pub last_sent_at: Option<UnixMillis>,
}

fn row(model: Model) -> DbResult<DeviceRow> {
    Ok(DeviceRow {
        id: AccountId(super::id("devices", "id", &model.id)?),
        owner: AccountId(super::id("devices", "owner", &model.owner)?),
        record: model.record,
        removal: model.removal,
        created_at: model.created_at,
        expires_at: model.expires_at,
        last_sent_at: model.last_sent_at,
    })
}

/// Stores a new one.
pub async fn insert(conn: &impl ConnectionTrait, device: &DeviceRow) -> DbResult<()> {
    let model = ActiveModel {
        id: Set(device.id.0.to_vec()),
        owner: Set(device.owner.0.to_vec()),
        record: Set(device.record.clone()),
        removal: Set(None),
        created_at: Set(device.created_at),
        expires_at: Set(device.expires_at),
        last_sent_at: Set(None),
        removed_at: Set(None),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// Those of an account that were not removed, newest first, each with whether its token is there.
pub async fn of_account(conn: &impl ConnectionTrait, owner: AccountId) -> DbResult<Vec<(DeviceRow, bool)>> {
    let own = Entity::find().filter(Column::Owner.eq(owner.0.to_vec())).filter(Column::RemovedAt.is_null());
    let found = own.order_by_desc(Column::CreatedAt).order_by_asc(Column::Id).all(conn).await?;
    let tokens: Vec<Vec<u8>> = api_tokens::Entity::find()
        .select_only()
        .column(api_tokens::Column::DeviceId)
        .filter(api_tokens::Column::AccountId.eq(owner.0.to_vec()))
        .filter(api_tokens::Column::DeviceId.is_not_null())
        .into_tuple()
        .all(conn)
        .await?;
    let has_token = |model: &Model| tokens.contains(&model.id);
    let listed = |model: Model| {
        let has_token = has_token(&model);
        row(model).map(|row| (row, has_token))
    };
    found.into_iter().map(listed).collect()
}

/// One of an account that was not removed.
pub async fn get(conn: &impl ConnectionTrait, owner: AccountId, id: AccountId) -> DbResult<Option<DeviceRow>> {
    let found = Entity::find_by_id(id.0.to_vec()).filter(Column::Owner.eq(owner.0.to_vec()));
    found.filter(Column::RemovedAt.is_null()).one(conn).await?.map(row).transpose()
}

/// Which of some accounts' ids are devices, removed ones among them.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &BTreeSet<AccountId>) -> DbResult<Vec<DeviceRow>> {
    let ids: Vec<Vec<u8>> = ids.iter().map(|id| id.0.to_vec()).collect();
    let mut found = Vec::new();
    for chunk in ids.chunks(500) {
        let some = Entity::find().filter(Column::Id.is_in(chunk.iter().cloned()));
        found.extend(some.all(conn).await?);
    }
    found.into_iter().map(row).collect()
}

/// Whether an account's id is a device's.
pub async fn exists(conn: &impl ConnectionTrait, id: AccountId) -> DbResult<bool> {
    Ok(Entity::find_by_id(id.0.to_vec()).one(conn).await?.is_some())
}

/// Removes one; its token goes with it.
pub async fn remove(conn: &impl ConnectionTrait, id: AccountId, removal: Vec<u8>, now: UnixMillis) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::Removal, Expr::value(Some(removal)))
        .col_expr(Column::RemovedAt, Expr::value(Some(now)))
        .filter(Column::Id.eq(id.0.to_vec()))
        .exec(conn)
        .await?;
    let token = api_tokens::Entity::delete_many().filter(api_tokens::Column::DeviceId.eq(id.0.to_vec()));
    token.exec(conn).await.map(drop)
}

/// Notes that it sent.
pub async fn sent(conn: &impl ConnectionTrait, id: AccountId, now: UnixMillis) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::LastSentAt, Expr::value(Some(now)));
    query.filter(Column::Id.eq(id.0.to_vec())).exec(conn).await.map(drop)
}

/// With an account: those that never sent anything. The others are named by what they sent.
pub async fn forget_unused(conn: &impl ConnectionTrait, owner: AccountId) -> DbResult<()> {
    let own = Entity::delete_many().filter(Column::Owner.eq(owner.0.to_vec()));
    own.filter(Column::LastSentAt.is_null()).exec(conn).await.map(drop)
}
