//! `rekey_queue`: versions that a revoked party held and that wait for their owner's client.

use api_types::{GrantId, ReportId, UnixMillis};
use entities::rekey_queue::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, sea_query::OnConflict};

use super::DbResult;

/// Puts versions into the queue; one that waits already stays as it is.
pub async fn add(
    conn: &impl ConnectionTrait,
    report: ReportId,
    versions: &[i32],
    grant: GrantId,
    now: UnixMillis,
) -> DbResult<()> {
    if versions.is_empty() {
        return Ok(());
    }
    let rows = versions.iter().map(|version| ActiveModel {
        report_id: Set(report.0.to_vec()),
        version: Set(*version),
        grant_id: Set(grant.0.to_vec()),
        created_at: Set(now),
    });
    let conflict = OnConflict::columns([Column::ReportId, Column::Version]).update_column(Column::CreatedAt).to_owned();
    Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(conn).await?;
    Ok(())
}

/// A version was re-keyed; whether it was waiting.
pub async fn done(conn: &impl ConnectionTrait, report: ReportId, version: i32) -> DbResult<bool> {
    let deleted = Entity::delete_by_id((report.0.to_vec(), version)).exec(conn).await?;
    Ok(deleted.rows_affected > 0)
}
