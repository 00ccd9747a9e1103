//! `wraps`: one content key for one live grant.

use api_types::{GrantId, ReportId};
use entities::wraps::{Column, Entity};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::DbResult;

pub use entities::wraps::Model as WrapRow;

/// Rows in one statement.
const BATCH: usize = 500;

/// Stores wraps.
pub async fn insert(conn: &impl ConnectionTrait, wraps: Vec<WrapRow>) -> DbResult<()> {
    for batch in wraps.chunks(BATCH) {
        let rows = batch.iter().cloned().map(|wrap| wrap.into_active_model().reset_all());
        Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// A report's wraps for some grants, over all revisions.
pub async fn for_grants(conn: &impl ConnectionTrait, report: ReportId, grants: Vec<Vec<u8>>) -> DbResult<Vec<WrapRow>> {
    if grants.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::ReportId.eq(report.0.to_vec())).filter(Column::GrantId.is_in(grants)).all(conn).await
}

/// Deletes every wrap of some grants.
pub async fn delete_for_grants(conn: &impl ConnectionTrait, grants: &[GrantId]) -> DbResult<u64> {
    if grants.is_empty() {
        return Ok(0);
    }
    let ids = grants.iter().map(|grant| grant.0.to_vec());
    Ok(Entity::delete_many().filter(Column::GrantId.is_in(ids)).exec(conn).await?.rows_affected)
}

/// Deletes the wraps of a superseded revision.
pub async fn delete_revision(
    conn: &impl ConnectionTrait,
    report: ReportId,
    version: i32,
    revision: i32,
) -> DbResult<()> {
    Entity::delete_many()
        .filter(Column::ReportId.eq(report.0.to_vec()))
        .filter(Column::Version.eq(version))
        .filter(Column::Revision.eq(revision))
        .exec(conn)
        .await?;
    Ok(())
}
