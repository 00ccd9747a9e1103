//! `second_factors` and `recovery_codes`.

use api_types::{AccountId, SecondFactorId, UnixMillis, second_factors::SecondFactorKind};
use entities::{
    recovery_codes,
    second_factors::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement, sea_query::Expr,
};

use super::DbResult;
use crate::audit::enum_name;

/// A second factor.
#[derive(Debug, Clone)]
pub struct FactorRow {
    /// Its id.
    pub id: SecondFactorId,
    /// Its kind.
    pub kind: SecondFactorKind,
    /// What the person calls it.
    pub label: String,
    /// Of its secret the part that is stored.
    pub salt: [u8; 32],
    /// The newest step whose code was taken.
    pub last_step: i64,
    /// When it was begun.
    pub created_at: UnixMillis,
    /// When its first code was right.
    pub confirmed_at: Option<UnixMillis>,
    /// When a code was last taken.
    pub last_used_at: Option<UnixMillis>,
}

fn row(model: Model) -> DbResult<FactorRow> {
    Ok(FactorRow {
        id: SecondFactorId(super::id("second_factors", "id", &model.id)?),
        kind: super::name("second_factors", "kind", &model.kind)?,
        label: model.label,
        salt: super::id("second_factors", "salt", &model.salt)?,
        last_step: model.last_step,
        created_at: model.created_at,
        confirmed_at: model.confirmed_at,
        last_used_at: model.last_used_at,
    })
}

/// An account's, oldest first; those that are only begun too.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<FactorRow>> {
    let query = Entity::find().filter(Column::AccountId.eq(account.0.to_vec())).order_by_asc(Column::CreatedAt);
    query.all(conn).await?.into_iter().map(row).collect()
}

/// Whether anybody has one.
pub async fn any(conn: &impl ConnectionTrait) -> DbResult<bool> {
    Ok(Entity::find().limit(1).one(conn).await?.is_some())
}

/// Those of an account that count.
pub async fn confirmed(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<FactorRow>> {
    Ok(of_account(conn, account).await?.into_iter().filter(|row| row.confirmed_at.is_some()).collect())
}

/// What an account has that counts as a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Has {
    /// An authenticator app or a passkey.
    pub strong: bool,
    /// A phone.
    pub phone: bool,
}

/// What it has, in one statement: it is asked at each sign-in, and again before its session is stored.
pub async fn has(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Has> {
    let sql = "SELECT \
        CASE WHEN EXISTS (SELECT 1 FROM second_factors f WHERE f.account_id = $1 AND f.confirmed_at IS NOT NULL) \
               OR EXISTS (SELECT 1 FROM passkeys k WHERE k.account_id = $1) THEN 1 ELSE 0 END AS strong, \
        CASE WHEN EXISTS (SELECT 1 FROM phones p WHERE p.account_id = $1 AND p.second_factor) THEN 1 ELSE 0 END AS phone";
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [account.0.to_vec().into()]);
    let row = conn.query_one_raw(statement).await?.ok_or_else(|| super::corrupt("second_factors", "account_id"))?;
    let flag = |name| row.try_get::<i32>("", name).map(|flag| flag != 0);
    Ok(Has { strong: flag("strong")?, phone: flag("phone")? })
}

/// Which of these accounts have one that counts.
pub async fn having(conn: &impl ConnectionTrait, accounts: &[AccountId]) -> DbResult<Vec<AccountId>> {
    let query = Entity::find()
        .select_only()
        .column(Column::AccountId)
        .distinct()
        .filter(Column::AccountId.is_in(accounts.iter().map(|id| id.0.to_vec())))
        .filter(Column::ConfirmedAt.is_not_null());
    let found = query.into_tuple::<Vec<u8>>().all(conn).await?;
    found.into_iter().map(|id| Ok(AccountId(super::id("second_factors", "account_id", &id)?))).collect()
}

/// Stores one that is begun, in place of an earlier one that was not confirmed.
pub async fn begin(conn: &impl ConnectionTrait, account: AccountId, factor: FactorRow) -> DbResult<()> {
    let begun = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    begun.filter(Column::ConfirmedAt.is_null()).exec(conn).await?;
    let model = ActiveModel {
        id: Set(factor.id.0.to_vec()),
        account_id: Set(account.0.to_vec()),
        kind: Set(enum_name(&factor.kind)),
        label: Set(factor.label),
        salt: Set(factor.salt.to_vec()),
        last_step: Set(factor.last_step),
        created_at: Set(factor.created_at),
        confirmed_at: Set(factor.confirmed_at),
        last_used_at: Set(factor.last_used_at),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// Takes a step's code, if none of it or of a later one was taken. Says whether it was.
pub async fn take_step(conn: &impl ConnectionTrait, id: SecondFactorId, step: i64, now: UnixMillis) -> DbResult<bool> {
    let done = Entity::update_many()
        .col_expr(Column::LastStep, Expr::value(step))
        .col_expr(Column::LastUsedAt, Expr::value(Some(now)))
        .filter(Column::Id.eq(id.0.to_vec()))
        .filter(Column::LastStep.lt(step))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// From now on it counts.
pub async fn confirm(conn: &impl ConnectionTrait, id: SecondFactorId, now: UnixMillis) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::ConfirmedAt, Expr::value(Some(now)))
        .filter(Column::Id.eq(id.0.to_vec()))
        .exec(conn)
        .await
        .map(drop)
}

/// Removes one of an account. Says whether it was there.
pub async fn delete(conn: &impl ConnectionTrait, account: AccountId, id: SecondFactorId) -> DbResult<bool> {
    let own = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    Ok(own.filter(Column::Id.eq(id.0.to_vec())).exec(conn).await?.rows_affected == 1)
}

/// Removes all of an account, recovery codes too. Says how many there were.
pub async fn delete_all(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    put_codes(conn, account, &[], 0).await?;
    let all = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    Ok(all.exec(conn).await?.rows_affected)
}

/// Replaces an account's recovery codes by these hashes.
pub async fn put_codes(
    conn: &impl ConnectionTrait,
    account: AccountId,
    hashes: &[[u8; 32]],
    now: UnixMillis,
) -> DbResult<()> {
    let mine = recovery_codes::Column::AccountId.eq(account.0.to_vec());
    recovery_codes::Entity::delete_many().filter(mine).exec(conn).await?;
    if hashes.is_empty() {
        return Ok(());
    }
    let models = hashes.iter().map(|hash| recovery_codes::ActiveModel {
        account_id: Set(account.0.to_vec()),
        code_hash: Set(hash.to_vec()),
        created_at: Set(now),
    });
    recovery_codes::Entity::insert_many(models).exec_without_returning(conn).await.map(drop)
}

/// How many recovery codes are left.
pub async fn codes_left(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    let mine = recovery_codes::Column::AccountId.eq(account.0.to_vec());
    recovery_codes::Entity::find().filter(mine).count(conn).await
}

/// Whether an account has this recovery code.
pub async fn has_code(conn: &impl ConnectionTrait, account: AccountId, hash: &[u8; 32]) -> DbResult<bool> {
    let found = recovery_codes::Entity::find_by_id((account.0.to_vec(), hash.to_vec())).one(conn).await?;
    Ok(found.is_some())
}

/// Takes a recovery code away. Says whether it was there.
pub async fn take_code(conn: &impl ConnectionTrait, account: AccountId, hash: &[u8; 32]) -> DbResult<bool> {
    let done = recovery_codes::Entity::delete_by_id((account.0.to_vec(), hash.to_vec())).exec(conn).await?;
    Ok(done.rows_affected == 1)
}
