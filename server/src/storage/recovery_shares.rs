//! `recovery_splits` and `recovery_shares`.

use api_types::{AccountId, UnixMillis, WayInId};
use entities::{
    recovery_shares::{self, Column as ShareColumn, Entity as Shares},
    recovery_splits::{self, Column as SplitColumn, Entity as Splits},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::DbResult;

/// How an account split its recovery.
#[derive(Debug, Clone)]
pub struct SplitRow {
    /// The way in that the shares open together.
    pub way_in: WayInId,
    /// Whose.
    pub account: AccountId,
    /// As received.
    pub statement: Vec<u8>,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// A share.
#[derive(Debug, Clone)]
pub struct ShareRow {
    /// Of which split.
    pub way_in: WayInId,
    /// Who holds it.
    pub contact: AccountId,
    /// Its place in the statement, from 1.
    pub index: i32,
    /// Sealed to the contact.
    pub sealed: Vec<u8>,
    /// When the contact was first given it.
    pub opened_at: Option<UnixMillis>,
}

fn split(model: recovery_splits::Model) -> DbResult<SplitRow> {
    const TABLE: &str = "recovery_splits";
    Ok(SplitRow {
        way_in: WayInId(super::id(TABLE, "way_in_id", &model.way_in_id)?),
        account: AccountId(super::id(TABLE, "account_id", &model.account_id)?),
        statement: model.statement,
        created_at: model.created_at,
    })
}

fn share(model: recovery_shares::Model) -> DbResult<ShareRow> {
    const TABLE: &str = "recovery_shares";
    Ok(ShareRow {
        way_in: WayInId(super::id(TABLE, "way_in_id", &model.way_in_id)?),
        contact: AccountId(super::id(TABLE, "contact_id", &model.contact_id)?),
        index: model.share_index,
        sealed: model.sealed,
        opened_at: model.opened_at,
    })
}

/// An account's split.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Option<SplitRow>> {
    let query = Splits::find().filter(SplitColumn::AccountId.eq(account.0.to_vec()));
    query.one(conn).await?.map(split).transpose()
}

/// A split.
pub async fn get(conn: &impl ConnectionTrait, way_in: WayInId) -> DbResult<Option<SplitRow>> {
    Splits::find_by_id(way_in.0.to_vec()).one(conn).await?.map(split).transpose()
}

/// The shares of a split, in order.
pub async fn shares(conn: &impl ConnectionTrait, way_in: WayInId) -> DbResult<Vec<ShareRow>> {
    let query = Shares::find().filter(ShareColumn::WayInId.eq(way_in.0.to_vec()));
    let models = query.order_by_asc(ShareColumn::ShareIndex).all(conn).await?;
    models.into_iter().map(share).collect()
}

/// A contact's share of a split.
pub async fn held(conn: &impl ConnectionTrait, way_in: WayInId, contact: AccountId) -> DbResult<Option<ShareRow>> {
    let query = Shares::find()
        .filter(ShareColumn::WayInId.eq(way_in.0.to_vec()))
        .filter(ShareColumn::ContactId.eq(contact.0.to_vec()));
    query.one(conn).await?.map(share).transpose()
}

/// The shares that a contact holds, each with its split, oldest first.
pub async fn of_contact(conn: &impl ConnectionTrait, contact: AccountId) -> DbResult<Vec<(SplitRow, ShareRow)>> {
    let mine = Shares::find().filter(ShareColumn::ContactId.eq(contact.0.to_vec())).all(conn).await?;
    let ids: Vec<_> = mine.iter().map(|model| model.way_in_id.clone()).collect();
    let query = Splits::find().filter(SplitColumn::WayInId.is_in(ids)).order_by_asc(SplitColumn::CreatedAt);
    let mut held = Vec::with_capacity(mine.len());
    for of in query.all(conn).await? {
        if let Some(model) = mine.iter().find(|model| model.way_in_id == of.way_in_id) {
            held.push((split(of)?, share(model.clone())?));
        }
    }
    Ok(held)
}

/// Stores a new split with its shares.
pub async fn insert(conn: &impl ConnectionTrait, row: &SplitRow, shares: &[ShareRow]) -> DbResult<()> {
    let model = recovery_splits::ActiveModel {
        way_in_id: Set(row.way_in.0.to_vec()),
        account_id: Set(row.account.0.to_vec()),
        statement: Set(row.statement.clone()),
        created_at: Set(row.created_at),
    };
    Splits::insert(model).exec_without_returning(conn).await?;
    let models = shares.iter().map(|share| recovery_shares::ActiveModel {
        way_in_id: Set(share.way_in.0.to_vec()),
        contact_id: Set(share.contact.0.to_vec()),
        share_index: Set(share.index),
        sealed: Set(share.sealed.clone()),
        opened_at: Set(share.opened_at),
    });
    for model in models {
        Shares::insert(model).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// Remembers when a share was first given out.
pub async fn put_opened(conn: &impl ConnectionTrait, share: &ShareRow, at: UnixMillis) -> DbResult<()> {
    let change = recovery_shares::ActiveModel { opened_at: Set(Some(at)), ..Default::default() };
    let one = Shares::update_many()
        .set(change)
        .filter(ShareColumn::WayInId.eq(share.way_in.0.to_vec()))
        .filter(ShareColumn::ContactId.eq(share.contact.0.to_vec()));
    one.exec(conn).await.map(drop)
}

/// Removes a split with its shares.
pub async fn delete(conn: &impl ConnectionTrait, way_in: WayInId) -> DbResult<()> {
    Shares::delete_many().filter(ShareColumn::WayInId.eq(way_in.0.to_vec())).exec(conn).await?;
    Splits::delete_by_id(way_in.0.to_vec()).exec(conn).await.map(drop)
}
