//! `outbox`: messages that wait to be sent, and those that were given up. What was sent is deleted.

use api_types::{AccountId, UnixMillis};
use entities::outbox::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, sea_query::Expr,
};

use super::{DbResult, lease_time::Times};
use crate::{
    audit::enum_name,
    clock::{AHEAD, HOUR, MINUTE},
    mail::MailKind,
};

/// A lease of ten minutes by a clock that is as far ahead as clocks may be, and some more.
const LONGEST_LEASE: UnixMillis = AHEAD + 15 * MINUTE;
/// Likewise of what waits longest: four hours after a try, or for its turn.
const LONGEST_WAIT: UnixMillis = AHEAD + 5 * HOUR;

/// A message before it is written.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    /// Its id.
    pub id: [u8; 16],
    /// What it tells.
    pub kind: MailKind,
    /// Whom; nobody's account where somebody is invited.
    pub account: Option<AccountId>,
    /// The verification, invitation or code at sign-up that its link or code belongs to.
    pub subject: Option<[u8; 16]>,
    /// As typed.
    pub address: String,
    /// Normalised.
    pub address_key: String,
    /// When it was queued.
    pub created_at: UnixMillis,
    /// Not tried before.
    pub due_at: UnixMillis,
    /// Tries so far that failed.
    pub attempts: i32,
    /// Since when the mail server refuses it, or whom it is for, or puts it off, without the time for which that failed.
    pub refused_since: Option<UnixMillis>,
    /// Since when the mail server fails, where that is what it waits for.
    pub failing_since: Option<UnixMillis>,
}

fn row(model: Model) -> DbResult<OutboxRow> {
    Ok(OutboxRow {
        id: super::id("outbox", "id", &model.id)?,
        kind: super::name("outbox", "kind", &model.kind)?,
        account: model.account_id.map(|id| super::id("outbox", "account_id", &id).map(AccountId)).transpose()?,
        subject: model.subject.map(|id| super::id("outbox", "subject", &id)).transpose()?,
        address: model.address,
        address_key: model.address_key,
        created_at: model.created_at,
        due_at: model.due_at,
        attempts: model.attempts,
        refused_since: model.refused_since,
        failing_since: model.failing_since,
    })
}

/// Stores one; `WriteTx::queue_mail` calls it.
pub async fn insert(conn: &impl ConnectionTrait, message: &OutboxRow) -> DbResult<()> {
    let model = ActiveModel {
        id: Set(message.id.to_vec()),
        kind: Set(enum_name(&message.kind)),
        account_id: Set(message.account.map(|id| id.0.to_vec())),
        subject: Set(message.subject.map(Vec::from)),
        address: Set(message.address.clone()),
        address_key: Set(message.address_key.clone()),
        created_at: Set(message.created_at),
        due_at: Set(message.due_at),
        attempts: Set(message.attempts),
        leased_until: Set(0),
        failed_at: Set(None),
        refused_since: Set(message.refused_since),
        failing_since: Set(message.failing_since),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

fn waiting() -> Select<Entity> {
    Entity::find().filter(Column::FailedAt.is_null())
}

/// Due, and in nobody's hands. Nobody holds for as long as [`LONGEST_LEASE`], and nothing waits for as long as [`LONGEST_WAIT`]: who
/// says so was killed while a clock was ahead.
fn free(now: Times) -> Condition {
    let due = Condition::any().add(Column::DueAt.lte(now.own)).add(Column::DueAt.gt(now.own + LONGEST_WAIT));
    Condition::all().add(due).add(in_nobodys_hands(now))
}

fn in_nobodys_hands(now: Times) -> Condition {
    let left = Condition::any().add(Column::LeasedUntil.lte(now.leases));
    left.add(Column::LeasedUntil.gt(now.leases + LONGEST_LEASE))
}

/// What is due and in nobody's hands, oldest first.
pub async fn due(conn: &impl ConnectionTrait, now: Times, limit: u64) -> DbResult<Vec<OutboxRow>> {
    let query = waiting().filter(free(now));
    query.order_by_asc(Column::DueAt).limit(limit).all(conn).await?.into_iter().map(row).collect()
}

/// How long it takes until the next one is due or falls free again.
pub async fn next_in(conn: &impl ConnectionTrait, now: Times) -> DbResult<Option<UnixMillis>> {
    let rows = waiting().order_by_asc(Column::DueAt).limit(100).all(conn).await?;
    Ok(rows.iter().map(|row| Ord::max(row.due_at - now.own, row.leased_until - now.leases)).min())
}

/// A message in hand: its id, and the end of the lease, which is another with each holder and so tells one from the next.
pub type Leased<'a> = (&'a [u8; 16], UnixMillis);

/// Takes one in hand until then. Says whether this call did: two servers don't both.
pub async fn lease(conn: &impl ConnectionTrait, id: &[u8; 16], now: Times, until: UnixMillis) -> DbResult<bool> {
    let query = Entity::update_many()
        .col_expr(Column::LeasedUntil, Expr::value(until))
        .filter(Column::Id.eq(id.to_vec()))
        .filter(Column::FailedAt.is_null())
        .filter(free(now));
    Ok(query.exec(conn).await?.rows_affected == 1)
}

/// It was sent, or is of no use any more. Nothing, where the lease that ends then is not this one's any more; so below.
pub async fn delete(conn: &impl ConnectionTrait, (id, until): Leased<'_>) -> DbResult<()> {
    let query = Entity::delete_many().filter(Column::Id.eq(id.to_vec())).filter(Column::LeasedUntil.eq(until));
    query.exec(conn).await.map(drop)
}

/// It wasn't taken: tried again at its `due_at`.
pub async fn put_off(conn: &impl ConnectionTrait, until: UnixMillis, message: &OutboxRow) -> DbResult<()> {
    let query = Entity::update_many()
        .col_expr(Column::Attempts, Expr::value(message.attempts))
        .col_expr(Column::DueAt, Expr::value(message.due_at))
        .col_expr(Column::RefusedSince, Expr::value(message.refused_since))
        .col_expr(Column::FailingSince, Expr::value(message.failing_since))
        .col_expr(Column::LeasedUntil, Expr::value(0_i64))
        .filter(Column::Id.eq(message.id.to_vec()))
        .filter(Column::LeasedUntil.eq(until));
    query.exec(conn).await.map(drop)
}

fn failing() -> Condition {
    Condition::all().add(Column::FailingSince.is_not_null()).add(Column::FailedAt.is_null())
}

/// What waits for a mail server that fails is tried at once: it may be another one now.
pub async fn hurry(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::DueAt, Expr::value(now)).filter(failing());
    query.exec(conn).await.map(drop)
}

/// The mail server answers as it should: nothing waits for that any more. The time for which it failed counts for nothing that
/// it refused before.
pub async fn works(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<()> {
    let later = Expr::col(Column::RefusedSince).add(now).sub(Expr::col(Column::FailingSince));
    let query = Entity::update_many().col_expr(Column::RefusedSince, later).filter(failing());
    query.filter(Column::RefusedSince.is_not_null()).filter(Column::FailingSince.lte(now)).exec(conn).await?;
    let query = Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(now))
        .col_expr(Column::FailingSince, Expr::value(None::<UnixMillis>))
        .filter(failing());
    query.exec(conn).await.map(drop)
}

/// How mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Messages that wait.
    pub waiting: u64,
    /// Since when the mail server fails.
    pub failing_since: Option<UnixMillis>,
    /// Messages that were given up lately.
    pub given_up: u64,
}

/// How mail stands, whichever server sends it.
pub async fn standing(conn: &impl ConnectionTrait) -> DbResult<Standing> {
    let waiting = waiting().count(conn).await?;
    let given_up = Entity::find().filter(Column::FailedAt.is_not_null()).count(conn).await?;
    let first = Entity::find().filter(failing()).order_by_asc(Column::FailingSince).limit(1).one(conn).await?;
    Ok(Standing { waiting, given_up, failing_since: first.and_then(|row| row.failing_since) })
}

/// It is given up.
pub async fn fail(
    conn: &impl ConnectionTrait,
    (id, until): Leased<'_>,
    attempts: i32,
    now: UnixMillis,
) -> DbResult<()> {
    let query = Entity::update_many()
        .col_expr(Column::Attempts, Expr::value(attempts))
        .col_expr(Column::FailedAt, Expr::value(Some(now)))
        .filter(Column::Id.eq(id.to_vec()))
        .filter(Column::LeasedUntil.eq(until));
    query.exec(conn).await.map(drop)
}

/// Messages of a kind that wait for an address.
pub async fn count(conn: &impl ConnectionTrait, address_key: &str, kind: MailKind) -> DbResult<u64> {
    of(waiting(), address_key, kind).count(conn).await
}

/// Of a kind to an address the newest that were given up stay, so many.
pub async fn keep_failed(conn: &impl ConnectionTrait, address_key: &str, kind: MailKind, most: usize) -> DbResult<()> {
    let failed = of(Entity::find(), address_key, kind).filter(Column::FailedAt.is_not_null());
    let failed = failed.order_by_desc(Column::FailedAt).all(conn).await?;
    let old: Vec<_> = failed.into_iter().skip(most).map(|row| row.id).collect();
    if old.is_empty() {
        return Ok(());
    }
    Entity::delete_many().filter(Column::Id.is_in(old)).exec(conn).await.map(drop)
}

/// Whether one of a kind that is due after a time waits for an address.
pub async fn waits(
    conn: &impl ConnectionTrait,
    address_key: &str,
    kind: MailKind,
    after: UnixMillis,
) -> DbResult<bool> {
    let query = of(waiting(), address_key, kind).filter(Column::DueAt.gt(after));
    Ok(query.limit(1).one(conn).await?.is_some())
}

/// The last one of a kind that waits for an address and that nobody is sending.
pub async fn last(
    conn: &impl ConnectionTrait,
    address_key: &str,
    kind: MailKind,
    now: Times,
) -> DbResult<Option<OutboxRow>> {
    let query = of(waiting(), address_key, kind).filter(in_nobodys_hands(now));
    query.order_by_desc(Column::DueAt).limit(1).one(conn).await?.map(row).transpose()
}

/// Takes one out that nobody has in hand.
pub async fn remove(conn: &impl ConnectionTrait, id: &[u8; 16]) -> DbResult<()> {
    Entity::delete_by_id(id.to_vec()).exec(conn).await.map(drop)
}

fn of(query: Select<Entity>, address_key: &str, kind: MailKind) -> Select<Entity> {
    query.filter(Column::AddressKey.eq(address_key)).filter(Column::Kind.eq(enum_name(&kind)))
}

/// Forgets those that were given up before a time.
pub async fn delete_failed_before(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<()> {
    Entity::delete_many().filter(Column::FailedAt.lt(time)).exec(conn).await.map(drop)
}
