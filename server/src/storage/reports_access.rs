//! `report_access`: who has which report in their list. Rows that are `gone` keep `ends_at` 0.

use api_types::{AccountId, ReportId};
use entities::report_access;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, Statement,
    sea_query::OnConflict,
};

use super::DbResult;

pub use entities::report_access::Model as Access;

/// State of a report in a list.
pub const LIVE: &str = "live";
/// State of a report that left a list.
pub const GONE: &str = "gone";

/// Every account's row on a report.
pub async fn of_report(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<Vec<Access>> {
    report_access::Entity::find().filter(report_access::Column::ReportId.eq(report.0.to_vec())).all(conn).await
}

/// The next cursor of an account's list.
pub async fn next_cursor(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<i64> {
    let sql = "UPDATE accounts SET list_head = list_head + 1 WHERE id = $1 RETURNING list_head";
    let values = [account.0.to_vec().into()];
    let row = conn.query_one_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    let missing = || DbErr::RecordNotFound(format!("account {account}"));
    row.ok_or_else(missing)?.try_get_by_index(0)
}

/// Stores a row, in the place of the account's earlier one.
pub async fn put(conn: &impl ConnectionTrait, access: Access) -> DbResult<()> {
    use report_access::Column;
    let conflict = OnConflict::columns([Column::AccountId, Column::ReportId])
        .update_columns([
            Column::Cursor,
            Column::State,
            Column::GrantId,
            Column::Version,
            Column::Revision,
            Column::EndsAt,
        ])
        .to_owned();
    let row = access.into_active_model().reset_all();
    report_access::Entity::insert(row).on_conflict(conflict).exec_without_returning(conn).await?;
    Ok(())
}
