//! `accounts`: people.

use std::collections::HashMap;

use api_types::{
    AccountId, B64, UnixMillis,
    accounts::{AccountStatus, PublicAccount, Role},
};
use entities::{access_entries, accounts, grants, report_access, reports};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Statement, sea_query::Expr,
};
use tlog::leaf::Label;

use super::{
    DbResult, key_records,
    log_keys::{self, Entry},
};
use crate::audit::enum_name;

/// A person.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// SHA-256 of the epoch-0 key record.
    pub id: AccountId,
    /// As typed.
    pub email: String,
    /// Normalised.
    pub email_key: String,
    /// Full name.
    pub name: String,
    /// Normalised for search.
    pub name_key: String,
    /// Role.
    pub role: Role,
    /// Status.
    pub status: AccountStatus,
    /// AK-sealed.
    pub keyring: Vec<u8>,
    /// AK-sealed.
    pub client_state: Vec<u8>,
    /// Its counter.
    pub client_state_counter: i64,
    /// Signed under the organisation key.
    pub approval: Option<Vec<u8>>,
    /// By whom.
    pub invited_by: Option<AccountId>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Last use of any session, to the minute.
    pub last_seen_at: Option<UnixMillis>,
    /// When its holder showed that they read that address's mail.
    pub email_verified_at: Option<UnixMillis>,
}

fn row(model: accounts::Model) -> DbResult<AccountRow> {
    let invited_by = model.invited_by.map(|id| super::id("accounts", "invited_by", &id).map(AccountId)).transpose()?;
    Ok(AccountRow {
        id: AccountId(super::id("accounts", "id", &model.id)?),
        email: model.email,
        email_key: model.email_key,
        name: model.name,
        name_key: model.name_key,
        role: super::name("accounts", "role", &model.role)?,
        status: super::name("accounts", "status", &model.status)?,
        keyring: model.keyring,
        client_state: model.client_state,
        client_state_counter: model.client_state_counter,
        approval: model.approval,
        invited_by,
        created_at: model.created_at,
        last_seen_at: model.last_seen_at,
        email_verified_at: model.email_verified_at,
    })
}

/// Whether any account exists.
pub async fn any(conn: &impl ConnectionTrait) -> DbResult<bool> {
    let first = accounts::Entity::find().select_only().column(accounts::Column::Id).limit(1);
    Ok(first.into_tuple::<Vec<u8>>().one(conn).await?.is_some())
}

/// Stores a new account, and in the keys tree that its e-mail, whose label this is, belongs to it.
pub async fn insert(conn: &impl ConnectionTrait, account: AccountRow, label: Label) -> DbResult<()> {
    let binding = Entry::binding(account.id, label);
    let model = accounts::ActiveModel {
        id: Set(account.id.0.to_vec()),
        email: Set(account.email),
        email_key: Set(account.email_key),
        name: Set(account.name),
        name_key: Set(account.name_key),
        role: Set(enum_name(&account.role)),
        status: Set(enum_name(&account.status)),
        keyring: Set(account.keyring),
        client_state: Set(account.client_state),
        client_state_counter: Set(account.client_state_counter),
        approval: Set(account.approval),
        invited_by: Set(account.invited_by.map(|a| a.0.to_vec())),
        list_head: Set(0),
        created_at: Set(account.created_at),
        last_seen_at: Set(account.last_seen_at),
        email_verified_at: Set(account.email_verified_at),
    };
    accounts::Entity::insert(model).exec_without_returning(conn).await?;
    log_keys::append(conn, &[binding]).await
}

/// By id.
pub async fn get(conn: &impl ConnectionTrait, id: AccountId) -> DbResult<Option<AccountRow>> {
    accounts::Entity::find_by_id(id.0.to_vec()).one(conn).await?.map(row).transpose()
}

/// An account's normalised e-mail.
pub async fn email_key(conn: &impl ConnectionTrait, id: AccountId) -> DbResult<Option<String>> {
    let query = accounts::Entity::find_by_id(id.0.to_vec()).select_only().column(accounts::Column::EmailKey);
    query.into_tuple().one(conn).await
}

/// Notes an account's use.
pub async fn touch(conn: &impl ConnectionTrait, id: AccountId, now: UnixMillis) -> DbResult<()> {
    let query = accounts::Entity::update_many().col_expr(accounts::Column::LastSeenAt, Expr::value(Some(now)));
    query.filter(accounts::Column::Id.eq(id.0.to_vec())).exec(conn).await.map(drop)
}

/// By normalised e-mail.
pub async fn by_email(conn: &impl ConnectionTrait, email_key: &str) -> DbResult<Option<AccountRow>> {
    let found = accounts::Entity::find().filter(accounts::Column::EmailKey.eq(email_key)).one(conn).await?;
    found.map(row).transpose()
}

/// The id behind a normalised e-mail, and nothing else of the row. One row comes in any case: recovery takes the same time with
/// and without an account.
pub async fn id_by_email(conn: &impl ConnectionTrait, email_key: &str) -> DbResult<Option<AccountId>> {
    let sql = "SELECT (SELECT id FROM accounts WHERE email_key = $1) AS id";
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [email_key.into()]);
    let Some(row) = conn.query_one_raw(statement).await? else { return Ok(None) };
    row.try_get::<Option<Vec<u8>>>("", "id")?.map(|id| super::id("accounts", "id", &id).map(AccountId)).transpose()
}

/// The id behind a normalised e-mail and its OPAQUE record, in one statement that gives one row in any case: sign-in takes the same
/// time with and without an account.
pub async fn to_sign_in(
    conn: &impl ConnectionTrait,
    email_key: &str,
) -> DbResult<(Option<AccountId>, Option<Vec<u8>>)> {
    let sql = "SELECT a.id AS id, r.record AS record FROM (SELECT 1 AS one) o \
               LEFT JOIN accounts a ON a.email_key = $1 LEFT JOIN opaque_records r ON r.account_id = a.id";
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [email_key.into()]);
    let Some(row) = conn.query_one_raw(statement).await? else { return Ok((None, None)) };
    let id = row.try_get::<Option<Vec<u8>>>("", "id")?;
    let id = id.map(|id| super::id("accounts", "id", &id).map(AccountId)).transpose()?;
    Ok((id, row.try_get("", "record")?))
}

/// Approved doctors one of whose names begins with the normalised text.
pub async fn doctors_by_name(conn: &impl ConnectionTrait, name_key: &str, limit: u64) -> DbResult<Vec<AccountRow>> {
    let escaped = name_key.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let like =
        |pattern: String| accounts::Column::NameKey.like(sea_orm::sea_query::LikeExpr::new(pattern).escape('\\'));
    let found = accounts::Entity::find()
        .filter(accounts::Column::Role.eq(enum_name(&Role::Doctor)))
        .filter(accounts::Column::Status.eq(enum_name(&AccountStatus::Active)))
        .filter(Condition::any().add(like(format!("{escaped}%"))).add(like(format!("% {escaped}%"))))
        .order_by_asc(accounts::Column::NameKey)
        .limit(limit)
        .all(conn)
        .await?;
    found.into_iter().map(row).collect()
}

/// A page for Administration, newest first, after the account at (time, id).
pub async fn list(
    conn: &impl ConnectionTrait,
    status: Option<AccountStatus>,
    before: Option<(UnixMillis, AccountId)>,
    limit: u64,
) -> DbResult<Vec<AccountRow>> {
    let mut query = accounts::Entity::find();
    if let Some(status) = status {
        query = query.filter(accounts::Column::Status.eq(enum_name(&status)));
    }
    if let Some((time, id)) = before {
        let same_time =
            Condition::all().add(accounts::Column::CreatedAt.eq(time)).add(accounts::Column::Id.lt(id.0.to_vec()));
        query = query.filter(Condition::any().add(accounts::Column::CreatedAt.lt(time)).add(same_time));
    }
    let found = query
        .order_by_desc(accounts::Column::CreatedAt)
        .order_by_desc(accounts::Column::Id)
        .limit(limit)
        .all(conn)
        .await?;
    found.into_iter().map(row).collect()
}

/// Accounts that may act in a role.
pub async fn active_with_role(conn: &impl ConnectionTrait, role: Role) -> DbResult<Vec<AccountId>> {
    let found: Vec<Vec<u8>> = accounts::Entity::find()
        .select_only()
        .column(accounts::Column::Id)
        .filter(accounts::Column::Role.eq(enum_name(&role)))
        .filter(accounts::Column::Status.eq(enum_name(&AccountStatus::Active)))
        .into_tuple()
        .all(conn)
        .await?;
    found.iter().map(|id| super::id("accounts", "id", id).map(AccountId)).collect()
}

/// The names of accounts.
pub async fn names(conn: &impl ConnectionTrait, ids: &[AccountId]) -> DbResult<HashMap<AccountId, String>> {
    let mut names = HashMap::new();
    for chunk in ids.chunks(500) {
        let found: Vec<(Vec<u8>, String)> = accounts::Entity::find()
            .select_only()
            .column(accounts::Column::Id)
            .column(accounts::Column::Name)
            .filter(accounts::Column::Id.is_in(chunk.iter().map(|id| id.0.to_vec())))
            .into_tuple()
            .all(conn)
            .await?;
        for (id, name) in found {
            names.insert(AccountId(super::id("accounts", "id", &id)?), name);
        }
    }
    Ok(names)
}

/// What others may see of accounts, in the order given; unknown ids are left out.
pub async fn public(conn: &impl ConnectionTrait, rows: &[AccountRow]) -> DbResult<Vec<PublicAccount>> {
    let ids: Vec<AccountId> = rows.iter().map(|row| row.id).collect();
    let mut records = key_records::of(conn, &ids).await?;
    let mut leaves = log_keys::key_leaves(conn, &ids).await?;
    let deleted = rows.iter().filter(|row| row.status == AccountStatus::Deleted).map(|row| row.id);
    let mut closings = super::closing::statements(conn, &deleted.collect::<Vec<_>>()).await?;
    let public = |row: &AccountRow| PublicAccount {
        id: row.id,
        name: row.name.clone(),
        role: row.role,
        status: row.status,
        key_records: records.remove(&row.id).unwrap_or_default(),
        key_leaves: leaves.remove(&row.id).unwrap_or_default(),
        approval: row.approval.clone().map(B64),
        closing: closings.remove(&row.id),
    };
    Ok(rows.iter().map(public).collect())
}

/// What others may see of accounts by id; unknown ids are left out.
pub async fn public_by_ids(conn: &impl ConnectionTrait, ids: &[AccountId]) -> DbResult<Vec<PublicAccount>> {
    let mut rows = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        let found = accounts::Entity::find()
            .filter(accounts::Column::Id.is_in(chunk.iter().map(|id| id.0.to_vec())))
            .all(conn)
            .await?;
        for model in found {
            rows.push(row(model)?);
        }
    }
    public(conn, &rows).await
}

/// Sets status and, where given, the approval. Says whether the account was there.
pub async fn set_status(
    conn: &impl ConnectionTrait,
    account: AccountId,
    status: AccountStatus,
    approval: Option<Vec<u8>>,
) -> DbResult<bool> {
    let mut query = accounts::Entity::update_many()
        .col_expr(accounts::Column::Status, Expr::value(enum_name(&status)))
        .filter(accounts::Column::Id.eq(account.0.to_vec()));
    if let Some(approval) = approval {
        query = query.col_expr(accounts::Column::Approval, Expr::value(Some(approval)));
    }
    Ok(query.exec(conn).await?.rows_affected == 1)
}

/// Its holder showed that they read this address's mail. Says whether the account still has it.
pub async fn verify_email(
    conn: &impl ConnectionTrait,
    account: AccountId,
    email_key: &str,
    now: UnixMillis,
) -> DbResult<bool> {
    let query = accounts::Entity::update_many()
        .col_expr(accounts::Column::EmailVerifiedAt, Expr::value(Some(now)))
        .filter(accounts::Column::Id.eq(account.0.to_vec()))
        .filter(accounts::Column::EmailKey.eq(email_key));
    Ok(query.exec(conn).await?.rows_affected == 1)
}

/// Gives an account another e-mail, as typed and normalised, whose holder showed that they read its mail.
pub async fn set_email(
    conn: &impl ConnectionTrait,
    account: AccountId,
    (email, email_key): (&str, &str),
    now: UnixMillis,
) -> DbResult<()> {
    let query = accounts::Entity::update_many()
        .col_expr(accounts::Column::Email, Expr::value(email))
        .col_expr(accounts::Column::EmailKey, Expr::value(email_key))
        .col_expr(accounts::Column::EmailVerifiedAt, Expr::value(Some(now)))
        .filter(accounts::Column::Id.eq(account.0.to_vec()));
    query.exec(conn).await.map(drop)
}

/// Replaces the client state if `counter` is one above the stored. Says whether it was.
pub async fn put_client_state(
    conn: &impl ConnectionTrait,
    account: AccountId,
    sealed: Vec<u8>,
    counter: i64,
) -> DbResult<bool> {
    let done = accounts::Entity::update_many()
        .col_expr(accounts::Column::ClientState, Expr::value(sealed))
        .col_expr(accounts::Column::ClientStateCounter, Expr::value(counter))
        .filter(accounts::Column::Id.eq(account.0.to_vec()))
        .filter(accounts::Column::ClientStateCounter.eq(counter - 1))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Replaces the keyring.
pub async fn put_keyring(conn: &impl ConnectionTrait, account: AccountId, sealed: Vec<u8>) -> DbResult<()> {
    let query = accounts::Entity::update_many()
        .col_expr(accounts::Column::Keyring, Expr::value(sealed))
        .filter(accounts::Column::Id.eq(account.0.to_vec()));
    query.exec(conn).await.map(drop)
}

/// Whether `asker` needs `other`'s keys: `other` had a part in a report that `asker` sees now, or in one whose share
/// waits for `asker`. Without the key records neither could verify the access chain. Of a deleted account, whose reports
/// are gone, those count that `asker` saw once.
pub async fn share_report(
    conn: &impl ConnectionTrait,
    asker: AccountId,
    (other, status): (AccountId, AccountStatus),
) -> DbResult<bool> {
    let (asker, other) = (asker.0.to_vec(), other.0.to_vec());
    let mut seen = report_access::Entity::find()
        .select_only()
        .column(report_access::Column::ReportId)
        .filter(report_access::Column::AccountId.eq(asker.clone()));
    if status != AccountStatus::Deleted {
        seen = seen.filter(report_access::Column::State.eq("live"));
    }
    let seen = seen.into_query();
    let offered = grants::Entity::find()
        .select_only()
        .column(grants::Column::ReportId)
        .filter(grants::Column::Recipient.eq(asker))
        .filter(grants::Column::RevokedAt.is_null())
        .into_query();
    let granted = grants::Entity::find()
        .select_only()
        .column(grants::Column::ReportId)
        .filter(grants::Column::Recipient.eq(other.clone()))
        .into_query();
    let wrote = access_entries::Entity::find()
        .select_only()
        .column(access_entries::Column::ReportId)
        .filter(access_entries::Column::Author.eq(other.clone()))
        .into_query();
    let to_asker =
        Condition::any().add(reports::Column::Id.in_subquery(seen)).add(reports::Column::Id.in_subquery(offered));
    let of_other = Condition::any()
        .add(reports::Column::Creator.eq(other.clone()))
        .add(reports::Column::Owner.eq(other))
        .add(reports::Column::Id.in_subquery(granted))
        .add(reports::Column::Id.in_subquery(wrote));
    let shared = reports::Entity::find().select_only().column(reports::Column::Id).filter(to_asker).filter(of_other);
    Ok(shared.limit(1).into_tuple::<Vec<u8>>().one(conn).await?.is_some())
}
