//! `escrow_keys` and `account_escrows`.

use api_types::{AccountId, UnixMillis, WayInId, escrow::EscrowState};
use entities::{
    account_escrows::{self, Column, Entity, Model},
    escrow_keys::{self, Column as KeyColumn, Entity as Keys},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::DbResult;

/// An escrow key.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// SHA-256 of the public key.
    pub key_hash: [u8; 32],
    /// As received.
    pub statement: Vec<u8>,
    /// When it was signed: later than every key before it.
    pub signed_at: UnixMillis,
    /// As received, once it has ended.
    pub end_statement: Option<Vec<u8>>,
}

/// What an account put in escrow.
#[derive(Debug, Clone)]
pub struct EscrowRow {
    /// The way in that the secret opens.
    pub way_in: WayInId,
    /// Whose.
    pub account: AccountId,
    /// The escrow key that it is sealed to.
    pub key_hash: [u8; 32],
    /// As received.
    pub statement: Vec<u8>,
    /// The sealed secret; empty once the key has ended.
    pub sealed: Vec<u8>,
    /// When it was turned on.
    pub created_at: UnixMillis,
    /// The administrator who asked.
    pub asked_by: Option<AccountId>,
    /// When it was asked for.
    pub asked_at: Option<UnixMillis>,
    /// When the delay has run.
    pub opens_at: Option<UnixMillis>,
    /// When an administrator was given the sealed secret.
    pub given_at: Option<UnixMillis>,
    /// When it was last refused.
    pub refused_at: Option<UnixMillis>,
    /// How often.
    pub refusals: i32,
    /// Which of the messages about an asking were sent.
    pub told: i32,
}

impl EscrowRow {
    /// As it is when nobody asks for it any more.
    pub fn unasked(self) -> Self {
        Self { asked_by: None, asked_at: None, opens_at: None, ..self }
    }

    /// Where it stands at a time.
    pub fn state(&self, now: UnixMillis) -> EscrowState {
        match self.opens_at {
            _ if self.sealed.is_empty() => EscrowState::Ended,
            None => EscrowState::On,
            Some(opens_at) if opens_at <= now => EscrowState::Open,
            Some(_) => EscrowState::Asked,
        }
    }
}

fn key(model: escrow_keys::Model) -> DbResult<KeyRow> {
    Ok(KeyRow {
        key_hash: super::id("escrow_keys", "key_hash", &model.key_hash)?,
        statement: model.statement,
        signed_at: model.signed_at,
        end_statement: model.end_statement,
    })
}

fn row(model: Model) -> DbResult<EscrowRow> {
    const TABLE: &str = "account_escrows";
    let asked_by = model.asked_by.map(|id| super::id(TABLE, "asked_by", &id).map(AccountId)).transpose()?;
    Ok(EscrowRow {
        way_in: WayInId(super::id(TABLE, "way_in_id", &model.way_in_id)?),
        account: AccountId(super::id(TABLE, "account_id", &model.account_id)?),
        key_hash: super::id(TABLE, "key_hash", &model.key_hash)?,
        statement: model.statement,
        sealed: model.sealed,
        created_at: model.created_at,
        asked_by,
        asked_at: model.asked_at,
        opens_at: model.opens_at,
        given_at: model.given_at,
        refused_at: model.refused_at,
        refusals: model.refusals,
        told: model.told,
    })
}

/// What changes of a row.
fn changing(row: &EscrowRow) -> account_escrows::ActiveModel {
    account_escrows::ActiveModel {
        sealed: Set(row.sealed.clone()),
        asked_by: Set(row.asked_by.map(|id| id.0.to_vec())),
        asked_at: Set(row.asked_at),
        opens_at: Set(row.opens_at),
        given_at: Set(row.given_at),
        refused_at: Set(row.refused_at),
        refusals: Set(row.refusals),
        told: Set(row.told),
        ..Default::default()
    }
}

/// The key that is offered.
pub async fn present_key(conn: &impl ConnectionTrait) -> DbResult<Option<KeyRow>> {
    Keys::find().filter(KeyColumn::EndedAt.is_null()).one(conn).await?.map(key).transpose()
}

/// The newest key, whether or not it has ended.
pub async fn newest_key(conn: &impl ConnectionTrait) -> DbResult<Option<KeyRow>> {
    Keys::find().order_by_desc(KeyColumn::SignedAt).one(conn).await?.map(key).transpose()
}

/// The newest of the keys that have ended.
pub async fn newest_ended_key(conn: &impl ConnectionTrait) -> DbResult<Option<KeyRow>> {
    let query = Keys::find().filter(KeyColumn::EndedAt.is_not_null()).order_by_desc(KeyColumn::SignedAt);
    query.one(conn).await?.map(key).transpose()
}

/// Some of the keys, also those that have ended.
pub async fn keys(conn: &impl ConnectionTrait, hashes: &[[u8; 32]]) -> DbResult<Vec<KeyRow>> {
    let query = Keys::find().filter(KeyColumn::KeyHash.is_in(hashes.iter().map(|hash| hash.to_vec())));
    query.all(conn).await?.into_iter().map(key).collect()
}

/// Stores a new key.
pub async fn insert_key(conn: &impl ConnectionTrait, row: &KeyRow) -> DbResult<()> {
    let model = escrow_keys::ActiveModel {
        key_hash: Set(row.key_hash.to_vec()),
        statement: Set(row.statement.clone()),
        signed_at: Set(row.signed_at),
        end_statement: Set(None),
        ended_at: Set(None),
    };
    Keys::insert(model).exec_without_returning(conn).await.map(drop)
}

/// Ends a key.
pub async fn end_key(
    conn: &impl ConnectionTrait,
    key_hash: &[u8; 32],
    statement: Vec<u8>,
    now: UnixMillis,
) -> DbResult<()> {
    let ended = escrow_keys::ActiveModel {
        end_statement: Set(Some(statement)),
        ended_at: Set(Some(now)),
        ..Default::default()
    };
    let one = Keys::update_many().set(ended).filter(KeyColumn::KeyHash.eq(key_hash.to_vec()));
    one.exec(conn).await.map(drop)
}

/// What lies under a key.
pub async fn under_key(conn: &impl ConnectionTrait, key_hash: &[u8; 32]) -> DbResult<Vec<EscrowRow>> {
    let query = Entity::find().filter(Column::KeyHash.eq(key_hash.to_vec()));
    query.all(conn).await?.into_iter().map(row).collect()
}

/// What an account put in escrow.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Option<EscrowRow>> {
    Entity::find().filter(Column::AccountId.eq(account.0.to_vec())).one(conn).await?.map(row).transpose()
}

/// One.
pub async fn get(conn: &impl ConnectionTrait, way_in: WayInId) -> DbResult<Option<EscrowRow>> {
    Entity::find_by_id(way_in.0.to_vec()).one(conn).await?.map(row).transpose()
}

/// A page of all, newest first.
pub async fn list(
    conn: &impl ConnectionTrait,
    before: Option<(UnixMillis, WayInId)>,
    limit: u64,
) -> DbResult<Vec<EscrowRow>> {
    let mut query = Entity::find();
    if let Some((time, id)) = before {
        let same_time = Condition::all().add(Column::CreatedAt.eq(time)).add(Column::WayInId.lt(id.0.to_vec()));
        query = query.filter(Condition::any().add(Column::CreatedAt.lt(time)).add(same_time));
    }
    let found = query.order_by_desc(Column::CreatedAt).order_by_desc(Column::WayInId).limit(limit).all(conn).await?;
    found.into_iter().map(row).collect()
}

/// Those that were asked for, and whose last message wasn't sent yet.
pub async fn asked(conn: &impl ConnectionTrait, last: i32, limit: u64) -> DbResult<Vec<EscrowRow>> {
    let query = Entity::find().filter(Column::AskedAt.is_not_null()).filter(Column::Told.lt(last)).limit(limit);
    query.all(conn).await?.into_iter().map(row).collect()
}

/// Stores a new one.
pub async fn insert(conn: &impl ConnectionTrait, row: &EscrowRow) -> DbResult<()> {
    let model = account_escrows::ActiveModel {
        way_in_id: Set(row.way_in.0.to_vec()),
        account_id: Set(row.account.0.to_vec()),
        key_hash: Set(row.key_hash.to_vec()),
        statement: Set(row.statement.clone()),
        created_at: Set(row.created_at),
        ..changing(row)
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// Stores where it stands.
pub async fn put(conn: &impl ConnectionTrait, row: &EscrowRow) -> DbResult<()> {
    let one = Entity::update_many().set(changing(row)).filter(Column::WayInId.eq(row.way_in.0.to_vec()));
    one.exec(conn).await.map(drop)
}

/// Removes one.
pub async fn delete(conn: &impl ConnectionTrait, way_in: WayInId) -> DbResult<()> {
    Entity::delete_by_id(way_in.0.to_vec()).exec(conn).await.map(drop)
}
