//! The tables of what was signed, as the scrub walks over them: in the order of their keys.

use entities::{access_entries, devices, key_records, parts, reports, team_rosters, versions};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value,
    sea_query::{Expr, ExprTrait},
};

use super::{
    DbResult,
    versions::{Part, PartSegment, RevisionKey, Version, all_segments},
};

pub use entities::{
    access_entries::Model as EntryRow, key_records::Model as KeyRow, reports::Model as ReportRow,
    team_rosters::Model as RosterRow,
};

macro_rules! ids_after {
    ($(#[$doc:meta])* $name:ident, $table:ident, $column:ident) => {
        $(#[$doc])*
        pub async fn $name(conn: &impl ConnectionTrait, after: Option<&[u8]>, limit: u64) -> DbResult<Vec<Vec<u8>>> {
            let column = $table::Column::$column;
            let mut found = $table::Entity::find().select_only().column(column).distinct();
            if let Some(after) = after {
                found = found.filter(column.gt(after.to_vec()));
            }
            found.order_by_asc(column).limit(limit).into_tuple().all(conn).await
        }
    };
}

ids_after! {
    /// Reports behind one.
    reports_after, reports, Id
}
ids_after! {
    /// Accounts that have key records, behind one.
    accounts_after, key_records, AccountId
}
ids_after! {
    /// Teams that have rosters, behind one.
    teams_after, team_rosters, TeamId
}
ids_after! {
    /// Devices that send, removed ones among them, behind one.
    devices_after, devices, Id
}

/// Revisions behind one, superseded ones among them.
pub async fn revisions_after(
    conn: &impl ConnectionTrait,
    after: Option<&RevisionKey>,
    limit: u64,
) -> DbResult<Vec<RevisionKey>> {
    use versions::Column;
    let mut found = versions::Entity::find();
    if let Some(after) = after {
        // A row of values is found along the primary key; conditions joined by OR would be tried from its beginning.
        let key = Expr::tuple([Column::ReportId, Column::Version, Column::Revision].map(Expr::col));
        let behind: [Value; 3] = [after.report.clone().into(), after.version.into(), after.revision.into()];
        found = found.filter(key.gt(Expr::tuple(behind.map(Expr::val))));
    }
    let rows: Vec<(Vec<u8>, i32, i32)> = found
        .select_only()
        .columns([Column::ReportId, Column::Version, Column::Revision])
        .order_by_asc(Column::ReportId)
        .order_by_asc(Column::Version)
        .order_by_asc(Column::Revision)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|(report, version, revision)| RevisionKey { report, version, revision }).collect())
}

/// A report with the entries of its access chain, in order.
pub async fn chain(conn: &impl ConnectionTrait, report: &[u8]) -> DbResult<Option<(ReportRow, Vec<EntryRow>)>> {
    let Some(row) = reports::Entity::find_by_id(report.to_vec()).one(conn).await? else { return Ok(None) };
    let entries = access_entries::Entity::find().filter(access_entries::Column::ReportId.eq(report.to_vec()));
    let entries = entries.order_by_asc(access_entries::Column::Seq).all(conn).await?;
    Ok(Some((row, entries)))
}

/// A revision as it is stored.
#[derive(Debug)]
pub struct Revision {
    /// Its row.
    pub version: Version,
    /// Parts 1.. in order; none where it is superseded.
    pub parts: Vec<Part>,
    /// Their segments, in order.
    pub segments: Vec<PartSegment>,
}

/// A revision, superseded or not.
pub async fn revision(conn: &impl ConnectionTrait, key: &RevisionKey) -> DbResult<Option<Revision>> {
    let one = versions::Entity::find_by_id((key.report.clone(), key.version, key.revision));
    let Some(version) = one.one(conn).await? else { return Ok(None) };
    let parts = parts::Entity::find()
        .filter(parts::Column::ReportId.eq(key.report.clone()))
        .filter(parts::Column::Version.eq(key.version))
        .filter(parts::Column::Revision.eq(key.revision))
        .order_by_asc(parts::Column::Part)
        .all(conn)
        .await?;
    Ok(Some(Revision { version, parts, segments: all_segments(conn, key).await? }))
}

/// An account's key records, epoch 0 first.
pub async fn keys(conn: &impl ConnectionTrait, account: &[u8]) -> DbResult<Vec<KeyRow>> {
    let found = key_records::Entity::find().filter(key_records::Column::AccountId.eq(account.to_vec()));
    found.order_by_asc(key_records::Column::Epoch).all(conn).await
}

/// A team's rosters, the first one first.
pub async fn rosters(conn: &impl ConnectionTrait, team: &[u8]) -> DbResult<Vec<RosterRow>> {
    let found = team_rosters::Entity::find().filter(team_rosters::Column::TeamId.eq(team.to_vec()));
    found.order_by_asc(team_rosters::Column::Seq).all(conn).await
}
