//! `reports` and `access_entries`: what was signed, and what the server derived from it.

use api_types::{AccountId, ReportId, UnixMillis, grants::Right};
use entities::{access_entries, reports};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, Statement, sea_query::Expr,
};

use super::DbResult;

pub use entities::{access_entries::Model as Entry, reports::Model as Report};

/// A report.
pub async fn get(conn: &impl ConnectionTrait, id: ReportId) -> DbResult<Option<Report>> {
    reports::Entity::find_by_id(id.0.to_vec()).one(conn).await
}

/// A new report.
pub async fn insert(conn: &impl ConnectionTrait, report: Report) -> DbResult<()> {
    reports::Entity::insert(report.into_active_model().reset_all()).exec_without_returning(conn).await?;
    Ok(())
}

/// What replaying the longer chain gave.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// Hash of the newest entry.
    pub hash: [u8; 32],
    /// Number of entries.
    pub entries: i32,
    /// Who owns the report now.
    pub owner: AccountId,
}

/// Moves the head of the access chain.
pub async fn set_head(conn: &impl ConnectionTrait, id: ReportId, head: Head, now: UnixMillis) -> DbResult<()> {
    use reports::Column;
    reports::Entity::update_many()
        .col_expr(Column::AccessHead, Expr::value(head.hash.to_vec()))
        .col_expr(Column::Entries, Expr::value(head.entries))
        .col_expr(Column::Owner, Expr::value(head.owner.0.to_vec()))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id.0.to_vec()))
        .exec(conn)
        .await?;
    Ok(())
}

/// A version was added.
pub async fn set_latest(conn: &impl ConnectionTrait, id: ReportId, version: i32, now: UnixMillis) -> DbResult<()> {
    use reports::Column;
    reports::Entity::update_many()
        .col_expr(Column::LatestVersion, Expr::value(version))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id.0.to_vec()))
        .exec(conn)
        .await?;
    Ok(())
}

/// A revision was added: the newest version stays what it is.
pub async fn touch(conn: &impl ConnectionTrait, id: ReportId, now: UnixMillis) -> DbResult<()> {
    use reports::Column;
    reports::Entity::update_many()
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id.0.to_vec()))
        .exec(conn)
        .await?;
    Ok(())
}

/// Appends signed entries.
pub async fn insert_entries(conn: &impl ConnectionTrait, entries: Vec<Entry>) -> DbResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let rows = entries.into_iter().map(|entry| access_entries::ActiveModel {
        report_id: Set(entry.report_id),
        seq: Set(entry.seq),
        hash: Set(entry.hash),
        author: Set(entry.author),
        created_at: Set(entry.created_at),
        entry: Set(entry.entry),
    });
    access_entries::Entity::insert_many(rows).exec_without_returning(conn).await?;
    Ok(())
}

/// The signed entries, in order.
pub async fn entries(conn: &impl ConnectionTrait, id: ReportId) -> DbResult<Vec<Vec<u8>>> {
    access_entries::Entity::find()
        .select_only()
        .column(access_entries::Column::Entry)
        .filter(access_entries::Column::ReportId.eq(id.0.to_vec()))
        .order_by_asc(access_entries::Column::Seq)
        .into_tuple()
        .all(conn)
        .await
}

/// The signed entry at a place of the chain.
pub async fn entry(conn: &impl ConnectionTrait, id: ReportId, seq: i32) -> DbResult<Option<Vec<u8>>> {
    access_entries::Entity::find()
        .select_only()
        .column(access_entries::Column::Entry)
        .filter(access_entries::Column::ReportId.eq(id.0.to_vec()))
        .filter(access_entries::Column::Seq.eq(seq))
        .into_tuple()
        .one(conn)
        .await
}

/// One live grant of an account on a report.
#[derive(Debug, Clone)]
pub struct OwnGrantRow {
    /// Grant id.
    pub id: Vec<u8>,
    /// Right.
    pub right: Right,
    /// As signed.
    pub expires_at: UnixMillis,
    /// First version covered.
    pub versions_from: i32,
    /// Last version covered.
    pub versions_to: Option<i32>,
    /// The resealed seed.
    pub seed: Option<Vec<u8>>,
    /// The team by which it is the account's.
    pub team_id: Option<Vec<u8>>,
}

/// A report as one account meets it: the row, and that account's live grants.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The report.
    pub report: Report,
    /// The account's live grants: redeemed, not ended, not revoked.
    pub grants: Vec<OwnGrantRow>,
}

const SEEN: &str = r#"
SELECT r.id, r.creator, r.owner, r.placeholder, r.access_head, r.entries, r.latest_version, r.created_at,
       r.updated_at, r.genesis, r.erased_at, g.id AS grant_id, g."right" AS grant_right, g.expires_at, g.versions_from,
       g.versions_to, g.team_id, s.seed
FROM reports r
LEFT JOIN grants g ON g.report_id = r.id AND g.revoked_at IS NULL AND (g.ends_at = 0 OR g.ends_at > $3)
     AND ((g.recipient = $2 AND (g.kind = 'account' OR g.redeemed_at IS NOT NULL))
          OR EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = g.team_id AND m.account_id = $2
                     AND m.state = 'member' AND m.since_epoch <= g.team_epoch))
LEFT JOIN grant_seeds s ON s.grant_id = g.id
WHERE r.id = $1
ORDER BY g.seq"#;

/// A report and an account's live grants on it, in one statement.
pub async fn seen_by(
    conn: &impl ConnectionTrait,
    report: ReportId,
    account: AccountId,
    now: UnixMillis,
) -> DbResult<Option<Seen>> {
    let values = [report.0.to_vec().into(), account.0.to_vec().into(), now.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), SEEN, values);
    let rows = conn.query_all_raw(statement).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let report = Report::from_query_result(first, "")?;
    let mut grants = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(id) = row.try_get::<Option<Vec<u8>>>("", "grant_id")? else { continue };
        let right: String = row.try_get("", "grant_right")?;
        grants.push(OwnGrantRow {
            id,
            right: super::name("grants", "right", &right)?,
            expires_at: row.try_get("", "expires_at")?,
            versions_from: row.try_get("", "versions_from")?,
            versions_to: row.try_get("", "versions_to")?,
            seed: row.try_get("", "seed")?,
            team_id: row.try_get("", "team_id")?,
        });
    }
    Ok(Some(Seen { report, grants }))
}
