//! `report_access`: who has which report in their list, with what a row of the list says. Rows that are `gone` keep `ends_at` 0
//! and nothing of the report. What a list has delivered last stays in a row over every change of it. The key of a grant to a team,
//! which all of its members would have again, stays in `wraps` alone, and long sealed fields in `versions`.

use std::collections::{BTreeMap, BTreeSet};

use api_types::{AccountId, ReportId, UnixMillis};
use entities::report_access;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
    QuerySelect, Statement, Value, sea_query::OnConflict,
};

use super::DbResult;

pub use entities::report_access::Model as Access;

/// State of a report in a list.
pub const LIVE: &str = "live";
/// State of a report that left a list.
pub const GONE: &str = "gone";

/// Rows in one statement.
const BATCH: usize = 500;

/// Every account that has a report in its list.
pub async fn seen_by(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<Vec<AccountId>> {
    use report_access::Column;
    let accounts: Vec<Vec<u8>> = report_access::Entity::find()
        .select_only()
        .column(Column::AccountId)
        .filter(Column::ReportId.eq(report.0.to_vec()))
        .filter(Column::State.eq(LIVE))
        .into_tuple()
        .all(conn)
        .await?;
    accounts.iter().map(|id| super::id("report_access", "account_id", id).map(AccountId)).collect()
}

/// The next cursor of an account's list.
pub async fn next_cursor(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<i64> {
    let sql = "UPDATE accounts SET list_head = list_head + 1 WHERE id = $1 RETURNING list_head";
    let values = [account.0.to_vec().into()];
    let row = conn.query_one_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    let missing = || DbErr::RecordNotFound(format!("account {account}"));
    row.ok_or_else(missing)?.try_get_by_index(0)
}

/// A row, in the place of the account's earlier one.
#[derive(Debug)]
pub struct Place {
    /// Whose list.
    pub account: AccountId,
    /// Where in it.
    pub cursor: i64,
    /// What is seen there; nothing once it left the list.
    pub sight: Option<Sight>,
}

/// By what somebody sees a report.
#[derive(Debug)]
pub struct Sight {
    /// Grant.
    pub grant_id: Vec<u8>,
    /// Newest version that it covers.
    pub version: i32,
    /// Its revision.
    pub revision: i32,
    /// Of the grant; 0 for never.
    pub ends_at: UnixMillis,
}

/// Which rows of a report copy what it says now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// All of them: the report, its grants or their keys have changed.
    All,
    /// Those that are stored: only who sees it has changed.
    Stored,
}

/// Stores rows of a report, with what they copy.
pub async fn put(conn: &impl ConnectionTrait, report: ReportId, places: Vec<Place>, copies: Copies) -> DbResult<()> {
    use report_access::Column;
    let key = [Column::AccountId, Column::ReportId];
    let stays = |column: &Column| {
        matches!(column, Column::AccountId | Column::ReportId | Column::ListedVersion | Column::ListedRevision)
    };
    let others = Column::iter().filter(|column| !stays(column));
    let conflict = OnConflict::columns(key).update_columns(others).to_owned();
    for some in places.chunks(BATCH) {
        let rows = some.iter().map(|place| row(report, place).into_active_model().reset_all());
        report_access::Entity::insert_many(rows).on_conflict(conflict.clone()).exec_without_returning(conn).await?;
    }
    if copies == Copies::All {
        return copy(conn, report).await;
    }
    for place in places.iter().filter(|place| place.sight.is_some()) {
        let sql = format!("{COPY} AND account_id = $2");
        let values = [report.0.to_vec().into(), place.account.0.to_vec().into()];
        conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    }
    Ok(())
}

fn row(report: ReportId, place: &Place) -> Access {
    let sight = place.sight.as_ref();
    Access {
        account_id: place.account.0.to_vec(),
        report_id: report.0.to_vec(),
        cursor: place.cursor,
        state: if sight.is_some() { LIVE } else { GONE }.to_owned(),
        grant_id: sight.map(|sight| sight.grant_id.clone()),
        version: sight.map_or(0, |sight| sight.version),
        revision: sight.map_or(0, |sight| sight.revision),
        ends_at: sight.map_or(0, |sight| sight.ends_at),
        listed_version: 0,
        listed_revision: 0,
        creator: None,
        owner: None,
        created_at: None,
        updated_at: None,
        access_head: None,
        right: None,
        expires_at: None,
        team_id: None,
        seed: None,
        wrap: None,
        manifest: None,
        part0: None,
    }
}

/// Sealed fields of at most 2,048 bytes with their manifest stand in the row: together they fit into one page of either database.
const COPY: &str = r#"
UPDATE report_access SET
    (creator, owner, created_at, updated_at, access_head) =
        (SELECT r.creator, r.owner, r.created_at, r.updated_at, r.access_head
         FROM reports r WHERE r.id = report_access.report_id),
    ("right", expires_at, team_id, seed, wrap) =
        (SELECT g."right", g.expires_at, g.team_id, s.seed, w.wrap
         FROM grants g
         LEFT JOIN grant_seeds s ON s.grant_id = g.id
         LEFT JOIN wraps w ON g.team_id IS NULL AND w.report_id = report_access.report_id
              AND w.version = report_access.version AND w.revision = report_access.revision AND w.grant_id = g.id
         WHERE g.id = report_access.grant_id),
    (manifest, part0) =
        (SELECT v.manifest, v.part0 FROM versions v
         WHERE v.report_id = report_access.report_id AND v.version = report_access.version
               AND v.revision = report_access.revision AND length(v.manifest) + length(v.part0) <= 2048)
WHERE report_id = $1 AND state = 'live'"#;

/// Copies into a report's rows what a list says of it: after every change of the report, its grants or their keys.
pub async fn copy(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<()> {
    let values = [report.0.to_vec().into()];
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), COPY, values)).await.map(drop)
}

/// A report's version as a list delivered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The report.
    pub report: ReportId,
    /// The version.
    pub version: i32,
    /// Its revision.
    pub revision: i32,
}

/// Notes what an account's list delivers. Gives the reports of which it had delivered something else last, or nothing: of two
/// lists at once only the first is given a report. The rows stay in their places.
pub async fn mark_listed(
    conn: &impl ConnectionTrait,
    account: AccountId,
    listed: &[Listed],
) -> DbResult<BTreeSet<ReportId>> {
    // Most are of one version and revision.
    let mut alike: BTreeMap<(i32, i32), Vec<ReportId>> = BTreeMap::new();
    for one in listed {
        alike.entry((one.version, one.revision)).or_default().push(one.report);
    }
    let mut marked = BTreeSet::new();
    for ((version, revision), reports) in alike {
        for some in reports.chunks(BATCH) {
            let places: Vec<String> = (4..4 + some.len()).map(|n| format!("${n}")).collect();
            let sql = format!("{MARK} AND report_id IN ({}) RETURNING report_id", places.join(", "));
            let mut values: Vec<Value> = vec![account.0.to_vec().into(), version.into(), revision.into()];
            values.extend(some.iter().map(|report| Value::from(report.0.to_vec())));
            let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
            for row in conn.query_all_raw(statement).await? {
                let id: Vec<u8> = row.try_get_by_index(0)?;
                marked.insert(ReportId(super::id("report_access", "report_id", &id)?));
            }
        }
    }
    Ok(marked)
}

const MARK: &str = "UPDATE report_access SET listed_version = $2, listed_revision = $3 \
                    WHERE account_id = $1 AND (listed_version <> $2 OR listed_revision <> $3)";
