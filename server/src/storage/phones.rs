//! `phones`: verified numbers, one for each account.

use api_types::{AccountId, SecondFactorId, UnixMillis};
use entities::phones::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Statement,
    sea_query::{Expr, OnConflict},
};

use super::DbResult;
use crate::sms::Number;

/// An account's number.
#[derive(Debug, Clone)]
pub struct PhoneRow {
    /// Whose.
    pub account: AccountId,
    /// Its name among the second factors.
    pub id: SecondFactorId,
    /// The number.
    pub number: Number,
    /// Whether its codes are a second factor.
    pub second_factor: bool,
    /// Whether its codes sign in.
    pub sign_in: bool,
    /// When it was verified.
    pub verified_at: UnixMillis,
    /// When a code of it was last used.
    pub last_used_at: Option<UnixMillis>,
}

fn row(model: Model) -> DbResult<PhoneRow> {
    Ok(PhoneRow {
        account: AccountId(super::id("phones", "account_id", &model.account_id)?),
        id: SecondFactorId(super::id("phones", "id", &model.id)?),
        number: Number::parse(&model.number).map_err(|_| super::corrupt("phones", "number"))?,
        second_factor: model.second_factor,
        sign_in: model.sign_in_number.is_some(),
        verified_at: model.verified_at,
        last_used_at: model.last_used_at,
    })
}

/// An account's.
pub async fn get(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Option<PhoneRow>> {
    Entity::find_by_id(account.0.to_vec()).one(conn).await?.map(row).transpose()
}

/// An account's, where its codes are a second factor.
pub async fn factor(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Option<PhoneRow>> {
    Ok(get(conn, account).await?.filter(|phone| phone.second_factor))
}

/// Which of these accounts have one that is a second factor.
pub async fn having(conn: &impl ConnectionTrait, accounts: &[AccountId]) -> DbResult<Vec<AccountId>> {
    let query = Entity::find()
        .select_only()
        .column(Column::AccountId)
        .filter(Column::AccountId.is_in(accounts.iter().map(|id| id.0.to_vec())))
        .filter(Column::SecondFactor.eq(true));
    let found = query.into_tuple::<Vec<u8>>().all(conn).await?;
    found.into_iter().map(|id| Ok(AccountId(super::id("phones", "account_id", &id)?))).collect()
}

/// The account that a number signs in to, and nothing else of the row.
pub async fn signs_in(conn: &impl ConnectionTrait, number: &Number) -> DbResult<Option<AccountId>> {
    let query = Entity::find().select_only().column(Column::AccountId);
    let found = query.filter(Column::SignInNumber.eq(number.as_str())).into_tuple::<Vec<u8>>().one(conn).await?;
    found.map(|id| super::id("phones", "account_id", &id).map(AccountId)).transpose()
}

/// The account that a number signs in to, with its normalised e-mail. One row comes in any case: it takes the same time with and
/// without one.
pub async fn whose(conn: &impl ConnectionTrait, number: &Number) -> DbResult<Option<(AccountId, String)>> {
    let sql = "SELECT a.id AS id, a.email_key AS email_key FROM (SELECT 1 AS one) o \
               LEFT JOIN phones p ON p.sign_in_number = $1 LEFT JOIN accounts a ON a.id = p.account_id";
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [number.as_str().into()]);
    let Some(row) = conn.query_one_raw(statement).await? else { return Ok(None) };
    let id = row.try_get::<Option<Vec<u8>>>("", "id")?;
    let id = id.map(|id| super::id("accounts", "id", &id).map(AccountId)).transpose()?;
    Ok(id.zip(row.try_get("", "email_key")?))
}

/// Stores an account's, in the place of one before.
pub async fn put(conn: &impl ConnectionTrait, phone: &PhoneRow) -> DbResult<()> {
    let number = phone.number.as_str().to_owned();
    let model = ActiveModel {
        account_id: Set(phone.account.0.to_vec()),
        id: Set(phone.id.0.to_vec()),
        sign_in_number: Set(phone.sign_in.then(|| number.clone())),
        number: Set(number),
        second_factor: Set(phone.second_factor),
        verified_at: Set(phone.verified_at),
        last_used_at: Set(phone.last_used_at),
    };
    let columns = [
        Column::Id,
        Column::Number,
        Column::SecondFactor,
        Column::SignInNumber,
        Column::VerifiedAt,
        Column::LastUsedAt,
    ];
    let replace = OnConflict::column(Column::AccountId).update_columns(columns).to_owned();
    Entity::insert(model).on_conflict(replace).exec_without_returning(conn).await.map(drop)
}

/// A code of it was used.
pub async fn used(conn: &impl ConnectionTrait, account: AccountId, now: UnixMillis) -> DbResult<()> {
    let query = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(Some(now)));
    query.filter(Column::AccountId.eq(account.0.to_vec())).exec(conn).await.map(drop)
}

/// Removes an account's. Says how many there were.
pub async fn delete(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    Ok(Entity::delete_by_id(account.0.to_vec()).exec(conn).await?.rows_affected)
}
