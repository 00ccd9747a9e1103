//! What counts of an account with every request that comes by a session or an API token of it: read together with that, in
//! one statement, so that nothing of it is older than the request.

use api_types::accounts::{AccountStatus, Role};
use crypto::{account::KeyRecord, sign::Signed};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use super::DbResult;
use crate::policy::ReadingKey;

/// An account as it stands now, to whoever comes in its name.
#[derive(Debug, Clone, Copy)]
pub struct AccountNow {
    /// Its role.
    pub role: Role,
    /// Its status.
    pub status: AccountStatus,
    /// Whether that role needs a second factor, and none was proved by whoever comes.
    pub needs_second_factor: bool,
    /// Its newest key, under which requests to read count.
    pub reading_key: Option<ReadingKey>,
}

/// The row of a table with the columns `account_id` and `second_factor`, found by another of its columns, and its account.
/// Whoever proved a second factor has one. Of the account only what is asked: its row holds large sealed columns.
pub async fn with_row(
    conn: &impl ConnectionTrait,
    table: &'static str,
    column: &'static str,
    value: impl Into<Value>,
) -> DbResult<Option<(QueryResult, AccountNow)>> {
    let sql = format!(
        r#"SELECT o.*, a.role AS account_role, a.status AS account_status,
       CASE WHEN o.second_factor THEN 0
            WHEN EXISTS (SELECT 1 FROM role_policies p WHERE p.role = a.role AND p.second_factor) THEN 1
            ELSE 0 END AS second_factor_due,
       (SELECT k.record FROM key_records k WHERE k.account_id = a.id ORDER BY k.epoch DESC LIMIT 1) AS key_record
FROM {table} o JOIN accounts a ON a.id = o.account_id
WHERE o.{column} = $1"#
    );
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [value.into()]);
    let Some(row) = conn.query_one_raw(statement).await? else { return Ok(None) };
    let now = account_now(&row)?;
    Ok(Some((row, now)))
}

fn account_now(row: &QueryResult) -> DbResult<AccountNow> {
    let role: String = row.try_get("", "account_role")?;
    let status: String = row.try_get("", "account_status")?;
    let due: i32 = row.try_get("", "second_factor_due")?;
    let record: Option<Vec<u8>> = row.try_get("", "key_record")?;
    Ok(AccountNow {
        role: super::name("accounts", "role", &role)?,
        status: super::name("accounts", "status", &status)?,
        needs_second_factor: due != 0,
        reading_key: record.as_deref().and_then(reading_key),
    })
}

/// None where the record can't be read: then nothing of a report is, either.
fn reading_key(record: &[u8]) -> Option<ReadingKey> {
    let record = Signed::<KeyRecord>::parse(record).ok()?;
    Some(ReadingKey { epoch: record.claimed().epoch, signing: record.claimed().signing })
}
