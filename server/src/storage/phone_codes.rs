//! `phone_codes`: codes that live, by their ids, and those that still have to be sent. No code lies here.

use api_types::{AccountId, UnixMillis};
use entities::phone_codes::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

use super::{DbResult, lease_time::Times, outbox::Leased};
use crate::{
    audit::enum_name,
    clock::{AHEAD, MINUTE},
    sms::{CodePurpose, Number},
};

/// The ten minutes of a code by a clock that is as far ahead as clocks may be, and some more.
const LONGEST: UnixMillis = AHEAD + 15 * MINUTE;

/// A code before it is made.
#[derive(Debug, Clone)]
pub struct CodeRow {
    /// Its id.
    pub id: [u8; 16],
    /// What it is good for.
    pub purpose: CodePurpose,
    /// Where it is sent.
    pub number: Number,
    /// Whose; nobody's where the number signs in to no account.
    pub account: Option<AccountId>,
    /// SHA-256 of the cookie of the browser that it is for, or of the attempt whose second factor it is.
    pub browser: Option<[u8; 32]>,
    /// Wrong tries so far.
    pub tries: i32,
    /// When it ends.
    pub expires_at: UnixMillis,
    /// Not sent before; absent where there is nothing to send any more.
    pub send_at: Option<UnixMillis>,
    /// Tries at sending that failed.
    pub attempts: i32,
}

impl CodeRow {
    /// Whether it counts by its time. None does for as long as [`LONGEST`]: a clock was ahead when it was asked for, and until
    /// it is as late as that it would neither be sent nor end.
    pub fn lives(&self, now: UnixMillis) -> bool {
        now < self.expires_at && self.expires_at <= now + LONGEST
    }
}

/// As [`CodeRow::lives`]. A lease ends a minute after its code at the latest.
fn lives(now: UnixMillis) -> Condition {
    Condition::all().add(Column::ExpiresAt.gt(now)).add(Column::ExpiresAt.lte(now + LONGEST))
}

fn row(model: Model) -> DbResult<CodeRow> {
    let account = model.account_id.map(|id| super::id("phone_codes", "account_id", &id)).transpose()?;
    Ok(CodeRow {
        id: super::id("phone_codes", "id", &model.id)?,
        purpose: super::name("phone_codes", "purpose", &model.purpose)?,
        number: Number::parse(&model.number).map_err(|_| super::corrupt("phone_codes", "number"))?,
        account: account.map(AccountId),
        browser: model.browser_hash.map(|hash| super::id("phone_codes", "browser_hash", &hash)).transpose()?,
        tries: model.tries,
        expires_at: model.expires_at,
        send_at: model.send_at,
        attempts: model.attempts,
    })
}

/// Stores one.
pub async fn insert(conn: &impl ConnectionTrait, code: &CodeRow) -> DbResult<()> {
    let model = ActiveModel {
        id: Set(code.id.to_vec()),
        purpose: Set(enum_name(&code.purpose)),
        number: Set(code.number.as_str().to_owned()),
        account_id: Set(code.account.map(|id| id.0.to_vec())),
        browser_hash: Set(code.browser.map(Vec::from)),
        tries: Set(code.tries),
        expires_at: Set(code.expires_at),
        send_at: Set(code.send_at),
        attempts: Set(code.attempts),
        leased_until: Set(0),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// By its id.
pub async fn get(conn: &impl ConnectionTrait, id: &[u8; 16]) -> DbResult<Option<CodeRow>> {
    Entity::find_by_id(id.to_vec()).one(conn).await?.map(row).transpose()
}

/// An account's code of a purpose.
pub async fn of_account(
    conn: &impl ConnectionTrait,
    account: AccountId,
    purpose: CodePurpose,
) -> DbResult<Option<CodeRow>> {
    let query = Entity::find().filter(Column::AccountId.eq(account.0.to_vec()));
    query.filter(Column::Purpose.eq(enum_name(&purpose))).one(conn).await?.map(row).transpose()
}

/// The code of a purpose that is good in one browser, or one attempt.
pub async fn bound(conn: &impl ConnectionTrait, purpose: CodePurpose, to: [u8; 32]) -> DbResult<Option<CodeRow>> {
    let query = Entity::find().filter(Column::BrowserHash.eq(to.to_vec()));
    query.filter(Column::Purpose.eq(enum_name(&purpose))).one(conn).await?.map(row).transpose()
}

/// A wrong try.
pub async fn count_try(conn: &impl ConnectionTrait, id: &[u8; 16]) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::Tries, Expr::col(Column::Tries).add(1));
    query.filter(Column::Id.eq(id.to_vec())).exec(conn).await.map(drop)
}

/// Takes one out: it counts once. Says whether it was there.
pub async fn take(conn: &impl ConnectionTrait, id: &[u8; 16]) -> DbResult<bool> {
    Ok(Entity::delete_by_id(id.to_vec()).exec(conn).await?.rows_affected == 1)
}

/// Voids the codes of a purpose for an account.
pub async fn void_of_account(conn: &impl ConnectionTrait, account: AccountId, purpose: CodePurpose) -> DbResult<()> {
    let query = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    query.filter(Column::Purpose.eq(enum_name(&purpose))).exec(conn).await.map(drop)
}

/// Voids every code of an account: its number has gone.
pub async fn void_all(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec())).exec(conn).await.map(drop)
}

/// Voids the code of a purpose that was good in one browser, or one attempt. Where there was none the same is done.
pub async fn void_bound(conn: &impl ConnectionTrait, purpose: CodePurpose, to: Option<[u8; 32]>) -> DbResult<()> {
    let query = Entity::delete_many().filter(Column::BrowserHash.eq(to.unwrap_or_default().to_vec()));
    query.filter(Column::Purpose.eq(enum_name(&purpose))).exec(conn).await.map(drop)
}

/// What is due to be sent, lives and is in nobody's hands, oldest first.
pub async fn due(conn: &impl ConnectionTrait, now: Times, limit: u64) -> DbResult<Vec<CodeRow>> {
    let query = Entity::find().filter(Column::SendAt.lte(now.own)).filter(Column::LeasedUntil.lte(now.leases));
    let query = query.filter(lives(now.own)).order_by_asc(Column::SendAt).limit(limit);
    query.all(conn).await?.into_iter().map(row).collect()
}

/// How long it takes until the next one is due or falls free again.
pub async fn next_in(conn: &impl ConnectionTrait, now: Times) -> DbResult<Option<UnixMillis>> {
    let query = Entity::find().filter(Column::SendAt.is_not_null()).filter(lives(now.own));
    let rows = query.order_by_asc(Column::SendAt).limit(100).all(conn).await?;
    Ok(rows.iter().filter_map(|row| Some(Ord::max(row.send_at? - now.own, row.leased_until - now.leases))).min())
}

/// Takes one in hand until then. Says whether this call did: two servers don't both.
pub async fn lease(conn: &impl ConnectionTrait, id: &[u8; 16], now: Times, until: UnixMillis) -> DbResult<bool> {
    let query = Entity::update_many()
        .col_expr(Column::LeasedUntil, Expr::value(until))
        .filter(Column::Id.eq(id.to_vec()))
        .filter(Column::SendAt.lte(now.own))
        .filter(Column::LeasedUntil.lte(now.leases));
    Ok(query.exec(conn).await?.rows_affected == 1)
}

/// There is nothing to send any more: it was sent, or given up. Nothing, where the lease that ends then is not this one's any
/// more; so below.
pub async fn sent(conn: &impl ConnectionTrait, (id, until): Leased<'_>) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::SendAt, Expr::value(None::<UnixMillis>));
    let query = query.filter(Column::Id.eq(id.to_vec())).filter(Column::LeasedUntil.eq(until));
    query.exec(conn).await.map(drop)
}

/// It wasn't taken: tried again then.
pub async fn put_off(
    conn: &impl ConnectionTrait,
    (id, until): Leased<'_>,
    attempts: i32,
    send_at: UnixMillis,
) -> DbResult<()> {
    let query = Entity::update_many()
        .col_expr(Column::Attempts, Expr::value(attempts))
        .col_expr(Column::SendAt, Expr::value(Some(send_at)))
        .col_expr(Column::LeasedUntil, Expr::value(0_i64))
        .filter(Column::Id.eq(id.to_vec()))
        .filter(Column::LeasedUntil.eq(until));
    query.exec(conn).await.map(drop)
}

/// Forgets what has ended.
pub async fn delete_expired(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<()> {
    let over = Condition::any().add(Column::ExpiresAt.lte(now)).add(Column::ExpiresAt.gt(now + LONGEST));
    Entity::delete_many().filter(over).exec(conn).await.map(drop)
}
