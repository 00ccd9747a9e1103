//! What of a report's versions is stored, read whole: to compare a database with a snapshot of it, and to put back what is
//! missing.

use api_types::ReportId;
use entities::{part_segments, parts, versions, wraps};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::{
    DbResult,
    versions::{Part, PartSegment, Version},
    wraps::WrapRow,
};

/// Rows in one statement.
const BATCH: usize = 500;

/// The rows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ReportRows {
    /// Revisions, superseded ones too.
    pub versions: Vec<Version>,
    /// Their parts.
    pub parts: Vec<Part>,
    /// The parts' segments.
    pub segments: Vec<PartSegment>,
    /// Content keys for grants.
    pub wraps: Vec<WrapRow>,
}

impl ReportRows {
    /// How many.
    pub fn len(&self) -> usize {
        self.versions.len() + self.parts.len() + self.segments.len() + self.wraps.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads all of a report.
pub async fn read(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<ReportRows> {
    let id = || report.0.to_vec();
    Ok(ReportRows {
        versions: versions::Entity::find().filter(versions::Column::ReportId.eq(id())).all(conn).await?,
        parts: parts::Entity::find().filter(parts::Column::ReportId.eq(id())).all(conn).await?,
        segments: part_segments::Entity::find().filter(part_segments::Column::ReportId.eq(id())).all(conn).await?,
        wraps: wraps::Entity::find().filter(wraps::Column::ReportId.eq(id())).all(conn).await?,
    })
}

/// Adds rows that are not there.
pub async fn insert(conn: &impl ConnectionTrait, rows: ReportRows) -> DbResult<()> {
    macro_rules! insert_all {
        ($entity:ident, $rows:expr) => {
            for batch in $rows.chunks(BATCH) {
                let rows = batch.iter().cloned().map(|row| row.into_active_model().reset_all());
                $entity::Entity::insert_many(rows).exec_without_returning(conn).await?;
            }
        };
    }
    insert_all!(versions, rows.versions);
    insert_all!(parts, rows.parts);
    insert_all!(part_segments, rows.segments);
    insert_all!(wraps, rows.wraps);
    Ok(())
}

/// Puts a revision in the place of the damaged one with the same key.
pub async fn replace(conn: &impl ConnectionTrait, version: Version) -> DbResult<()> {
    versions::Entity::update(version.into_active_model().reset_all()).exec(conn).await.map(drop)
}
