//! The list of an account's reports: one statement a page, along the index over (account, cursor), so that its cost
//! depends on the rows asked for and not on how many there are. All that a row says stands in `report_access`: each table that is
//! looked into by a random id is two pages of the file more for every row, once there are many. What a team was granted has its key
//! in `wraps` alone, and long sealed fields are in `versions`.

use api_types::{AccountId, ReportId, UnixMillis};
use entities::{accounts, report_access};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, Statement,
};

use super::DbResult;

/// Which rows.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Only below this cursor.
    pub before: i64,
    /// Only above this cursor.
    pub since: i64,
    /// At most so many.
    pub limit: u64,
}

/// A row, as stored.
#[derive(Debug)]
pub struct Row {
    /// Report.
    pub report_id: Vec<u8>,
    /// Place in the account's order of change.
    pub cursor: i64,
    /// Who made it.
    pub creator: Vec<u8>,
    /// Who owns it.
    pub owner: Vec<u8>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Last change.
    pub updated_at: UnixMillis,
    /// Newest version seen.
    pub version: i32,
    /// Its revision.
    pub revision: i32,
    /// Its manifest.
    pub manifest: Vec<u8>,
    /// Its sealed part 0.
    pub part0: Vec<u8>,
    /// Hash of the newest chain entry.
    pub access_head: Vec<u8>,
    /// The grant by which it is seen.
    pub grant_id: Vec<u8>,
    /// Its right.
    pub right: String,
    /// Its end, as signed.
    pub expires_at: UnixMillis,
    /// Its resealed seed.
    pub seed: Option<Vec<u8>>,
    /// The content key, wrapped for it.
    pub wrap: Vec<u8>,
    /// A re-key is due and the account owns the report.
    pub rekey_pending: bool,
    /// The team that the grant is for.
    pub team_id: Option<Vec<u8>>,
    /// The version that the account's list has delivered last; 0 before any.
    pub listed_version: i32,
    /// Its revision.
    pub listed_revision: i32,
}

/// Of a row's version.
macro_rules! of_version {
    () => {
        "v.report_id = a.report_id AND v.version = a.version AND v.revision = a.revision"
    };
}

/// Which rows, in which order. What is not in the row itself is looked for only where the row lacks it.
macro_rules! rows {
    () => {
        concat!(
            r#"
FROM report_access a
WHERE a.account_id = $1 AND a.cursor < $2 AND a.cursor > $3 AND a.state = 'live'
      AND (a.ends_at = 0 OR a.ends_at > $4)
      AND (a.part0 IS NOT NULL OR EXISTS (SELECT 1 FROM versions v WHERE "#,
            of_version!(),
            r#"))
      AND (a.wrap IS NOT NULL OR EXISTS (SELECT 1 FROM wraps w WHERE w.report_id = a.report_id
           AND w.version = a.version AND w.revision = a.revision AND w.grant_id = a.grant_id))
ORDER BY a.cursor DESC
LIMIT $5"#
        )
    };
}

/// The statement of a page; public so that a test can ask the database how it runs it.
pub const LIST: &str = concat!(
    r#"
SELECT a.report_id, a.cursor, a.creator, a.owner, a.created_at, a.updated_at, a.version, a.revision,
       COALESCE(a.manifest, (SELECT v.manifest FROM versions v WHERE "#,
    of_version!(),
    r#")),
       COALESCE(a.part0, (SELECT v.part0 FROM versions v WHERE "#,
    of_version!(),
    r#")),
       a.access_head, a.grant_id, a."right", a.expires_at, a.seed,
       COALESCE(a.wrap, (SELECT w.wrap FROM wraps w WHERE w.report_id = a.report_id AND w.version = a.version
           AND w.revision = a.revision AND w.grant_id = a.grant_id)),
       CASE WHEN a.owner = $1 AND EXISTS (SELECT 1 FROM rekey_queue q WHERE q.report_id = a.report_id) THEN 1 ELSE 0 END,
       a.team_id, a.listed_version, a.listed_revision"#,
    rows!()
);

const SIZES: &str = concat!(
    r#"
SELECT CAST(COALESCE(length(a.manifest) + length(a.part0),
            (SELECT length(v.manifest) + length(v.part0) FROM versions v WHERE "#,
    of_version!(),
    ")) AS BIGINT)",
    rows!()
);

/// A page of an account's list, newest change first.
pub async fn page(conn: &impl ConnectionTrait, account: AccountId, page: Page, now: UnixMillis) -> DbResult<Vec<Row>> {
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let values = [account.0.to_vec().into(), page.before.into(), page.since.into(), now.into(), limit.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), LIST, values);
    conn.query_all_raw(statement).await?.iter().map(read).collect()
}

/// What the rows of a page weigh, in their order: the sealed bytes alone, without reading them.
pub async fn sizes(conn: &impl ConnectionTrait, account: AccountId, page: Page, now: UnixMillis) -> DbResult<Vec<i64>> {
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let values = [account.0.to_vec().into(), page.before.into(), page.since.into(), now.into(), limit.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), SIZES, values);
    conn.query_all_raw(statement).await?.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Columns by position: by name would search them for every value.
fn read(row: &QueryResult) -> DbResult<Row> {
    Ok(Row {
        report_id: row.try_get_by_index(0)?,
        cursor: row.try_get_by_index(1)?,
        creator: row.try_get_by_index(2)?,
        owner: row.try_get_by_index(3)?,
        created_at: row.try_get_by_index(4)?,
        updated_at: row.try_get_by_index(5)?,
        version: row.try_get_by_index(6)?,
        revision: row.try_get_by_index(7)?,
        manifest: row.try_get_by_index(8)?,
        part0: row.try_get_by_index(9)?,
        access_head: row.try_get_by_index(10)?,
        grant_id: row.try_get_by_index(11)?,
        right: row.try_get_by_index(12)?,
        expires_at: row.try_get_by_index(13)?,
        seed: row.try_get_by_index(14)?,
        wrap: row.try_get_by_index(15)?,
        rekey_pending: row.try_get_by_index::<i32>(16)? != 0,
        team_id: row.try_get_by_index(17)?,
        listed_version: row.try_get_by_index(18)?,
        listed_revision: row.try_get_by_index(19)?,
    })
}

/// Reports that left an account's list after `since`.
pub async fn gone(conn: &impl ConnectionTrait, account: AccountId, since: i64) -> DbResult<Vec<Vec<u8>>> {
    use report_access::Column;
    report_access::Entity::find()
        .select_only()
        .column(Column::ReportId)
        .filter(Column::AccountId.eq(account.0.to_vec()))
        .filter(Column::Cursor.gt(since))
        .filter(Column::State.eq("gone"))
        .order_by_asc(Column::Cursor)
        .into_tuple()
        .all(conn)
        .await
}

const ERASED: &str = r#"
SELECT a.report_id
FROM report_access a
JOIN reports r ON r.id = a.report_id
WHERE a.account_id = $1 AND a.cursor > $2 AND a.state = 'gone' AND r.owner = $1 AND r.erased_at IS NOT NULL
ORDER BY a.cursor"#;

/// Of the reports that left an account's list after `since`, its own that were erased.
pub async fn erased(conn: &impl ConnectionTrait, account: AccountId, since: i64) -> DbResult<Vec<Vec<u8>>> {
    let values = [account.0.to_vec().into(), since.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), ERASED, values);
    conn.query_all_raw(statement).await?.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The highest cursor of an account's list.
pub async fn head(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<i64> {
    let head: Option<i64> = accounts::Entity::find_by_id(account.0.to_vec())
        .select_only()
        .column(accounts::Column::ListHead)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(head.unwrap_or(0))
}

/// Reports in an account's list whose grant has ended since the list was last brought up to date.
pub async fn overdue(conn: &impl ConnectionTrait, account: AccountId, now: UnixMillis) -> DbResult<Vec<ReportId>> {
    use report_access::Column;
    let ids: Vec<Vec<u8>> = report_access::Entity::find()
        .select_only()
        .column(Column::ReportId)
        .filter(Column::AccountId.eq(account.0.to_vec()))
        .filter(Column::EndsAt.gt(0))
        .filter(Column::EndsAt.lte(now))
        .into_tuple()
        .all(conn)
        .await?;
    ids.iter().map(|id| super::id("report_access", "report_id", id).map(ReportId)).collect()
}

/// Whether somebody's list still has a report whose grant has ended.
pub async fn is_overdue(conn: &impl ConnectionTrait, report: ReportId, now: UnixMillis) -> DbResult<bool> {
    use report_access::Column;
    let query = report_access::Entity::find()
        .filter(Column::ReportId.eq(report.0.to_vec()))
        .filter(Column::EndsAt.gt(0))
        .filter(Column::EndsAt.lte(now));
    Ok(query.limit(1).one(conn).await?.is_some())
}

/// The same over all accounts, for the clean-up.
pub async fn overdue_anywhere(conn: &impl ConnectionTrait, now: UnixMillis, limit: u64) -> DbResult<Vec<ReportId>> {
    use report_access::Column;
    let ids: Vec<Vec<u8>> = report_access::Entity::find()
        .select_only()
        .column(Column::ReportId)
        .distinct()
        .filter(Column::EndsAt.gt(0))
        .filter(Column::EndsAt.lte(now))
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    ids.iter().map(|id| super::id("report_access", "report_id", id).map(ReportId)).collect()
}
