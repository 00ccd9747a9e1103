//! `sessions`: open ones only; a session that ended is gone, the audit remembers it.

use api_types::{
    AccountId, SessionId, UnixMillis,
    sessions::{Carrier, Place},
};
use entities::sessions::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QueryResult, sea_query::Expr,
};

use super::{
    DbResult,
    account_now::{self, AccountNow},
};
use crate::{audit::enum_name, config::SessionLimits};

/// An open session.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// How the token travels.
    pub carrier: Carrier,
    /// What the client called itself.
    pub device: String,
    /// When it began.
    pub created_at: UnixMillis,
    /// Last use, to the minute.
    pub last_seen_at: UnixMillis,
    /// Absolute end.
    pub expires_at: UnixMillis,
    /// When the password was last proved.
    pub confirmed_at: UnixMillis,
    /// Whether a second factor was proved.
    pub second_factor: bool,
    /// Where it began.
    pub place: Option<Place>,
    /// Keyed hash of the account and its network there.
    pub network: Option<[u8; 16]>,
}

fn row(model: Model) -> DbResult<SessionRow> {
    Ok(SessionRow {
        id: SessionId(super::id("sessions", "id", &model.id)?),
        account: AccountId(super::id("sessions", "account_id", &model.account_id)?),
        token_hash: super::id("sessions", "token_hash", &model.token_hash)?,
        carrier: super::name("sessions", "carrier", &model.carrier)?,
        device: model.device,
        created_at: model.created_at,
        last_seen_at: model.last_seen_at,
        expires_at: model.expires_at,
        confirmed_at: model.confirmed_at,
        second_factor: model.second_factor,
        place: model.place.map(|place| super::name("sessions", "place", &place)).transpose()?,
        network: model.network.map(|network| super::id("sessions", "network", &network)).transpose()?,
    })
}

/// Stores a new session.
pub async fn insert(conn: &impl ConnectionTrait, session: &SessionRow) -> DbResult<()> {
    let model = ActiveModel {
        id: Set(session.id.0.to_vec()),
        account_id: Set(session.account.0.to_vec()),
        token_hash: Set(session.token_hash.to_vec()),
        carrier: Set(enum_name(&session.carrier)),
        device: Set(session.device.clone()),
        created_at: Set(session.created_at),
        last_seen_at: Set(session.last_seen_at),
        expires_at: Set(session.expires_at),
        confirmed_at: Set(session.confirmed_at),
        second_factor: Set(session.second_factor),
        place: Set(session.place.as_ref().map(enum_name)),
        network: Set(session.network.map(Vec::from)),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// A session with what counts of its account.
#[derive(Debug)]
pub struct Found {
    /// The session.
    pub session: SessionRow,
    /// Its account.
    pub account: AccountNow,
}

/// The session that a token opens.
pub async fn find(conn: &impl ConnectionTrait, token_hash: &[u8; 32]) -> DbResult<Option<Found>> {
    found(account_now::with_row(conn, "sessions", "token_hash", token_hash.to_vec()).await?)
}

/// A session by its id.
pub async fn get_with_account(conn: &impl ConnectionTrait, id: SessionId) -> DbResult<Option<Found>> {
    found(account_now::with_row(conn, "sessions", "id", id.0.to_vec()).await?)
}

fn found(found: Option<(QueryResult, AccountNow)>) -> DbResult<Option<Found>> {
    let Some((session, account)) = found else { return Ok(None) };
    Ok(Some(Found { session: row(Model::from_query_result(&session, "")?)?, account }))
}

/// A session by its id.
pub async fn get(conn: &impl ConnectionTrait, id: SessionId) -> DbResult<Option<SessionRow>> {
    Entity::find_by_id(id.0.to_vec()).one(conn).await?.map(row).transpose()
}

/// An account's sessions, newest first.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<SessionRow>> {
    let found = Entity::find()
        .filter(Column::AccountId.eq(account.0.to_vec()))
        .order_by_desc(Column::CreatedAt)
        .all(conn)
        .await?;
    found.into_iter().map(row).collect()
}

/// Ends one of an account's sessions. Says whether it was there.
pub async fn delete(conn: &impl ConnectionTrait, account: AccountId, id: SessionId) -> DbResult<bool> {
    let done = Entity::delete_many()
        .filter(Column::Id.eq(id.0.to_vec()))
        .filter(Column::AccountId.eq(account.0.to_vec()))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Ends all of an account's sessions but `keep`. Gives their number.
pub async fn delete_others(conn: &impl ConnectionTrait, account: AccountId, keep: Option<SessionId>) -> DbResult<u64> {
    let mut query = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    if let Some(keep) = keep {
        query = query.filter(Column::Id.ne(keep.0.to_vec()));
    }
    Ok(query.exec(conn).await?.rows_affected)
}

/// Notes a session's use, on it and on its account.
pub async fn touch(conn: &impl ConnectionTrait, account: AccountId, id: SessionId, now: UnixMillis) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::LastSeenAt, Expr::value(now))
        .filter(Column::Id.eq(id.0.to_vec()))
        .exec(conn)
        .await?;
    super::accounts::touch(conn, account, now).await
}

/// The password was proved again, and perhaps a second factor.
pub async fn confirm(conn: &impl ConnectionTrait, id: SessionId, now: UnixMillis) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::ConfirmedAt, Expr::value(now));
    query.filter(Column::Id.eq(id.0.to_vec())).exec(conn).await.map(drop)
}

/// A session proved a second factor.
pub async fn prove_second_factor(conn: &impl ConnectionTrait, id: SessionId) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::SecondFactor, Expr::value(true));
    query.filter(Column::Id.eq(id.0.to_vec())).exec(conn).await.map(drop)
}

/// An account has no second factor any more: none of its sessions proves one.
pub async fn forget_second_factor(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::SecondFactor, Expr::value(false));
    query.filter(Column::AccountId.eq(account.0.to_vec())).exec(conn).await.map(drop)
}

/// Ends those of an account's sessions that proved no second factor, but `keep`. Gives their number.
pub async fn delete_unproved(conn: &impl ConnectionTrait, account: AccountId, keep: SessionId) -> DbResult<u64> {
    let unproved = Condition::all()
        .add(Column::AccountId.eq(account.0.to_vec()))
        .add(Column::SecondFactor.eq(false))
        .add(Column::Id.ne(keep.0.to_vec()));
    Ok(Entity::delete_many().filter(unproved).exec(conn).await?.rows_affected)
}

/// Ends every session.
pub async fn delete_all(conn: &impl ConnectionTrait) -> DbResult<u64> {
    Ok(Entity::delete_many().exec(conn).await?.rows_affected)
}

/// Removes what has expired, idle or absolute.
pub async fn delete_expired(conn: &impl ConnectionTrait, now: UnixMillis, limits: &SessionLimits) -> DbResult<u64> {
    let idle = |carrier: Carrier, limit: UnixMillis| {
        Condition::all().add(Column::Carrier.eq(enum_name(&carrier))).add(Column::LastSeenAt.lt(now - limit))
    };
    let expired = Condition::any()
        .add(Column::ExpiresAt.lte(now))
        .add(idle(Carrier::Cookie, limits.cookie_idle))
        .add(idle(Carrier::Bearer, limits.bearer_idle));
    Ok(Entity::delete_many().filter(expired).exec(conn).await?.rows_affected)
}
