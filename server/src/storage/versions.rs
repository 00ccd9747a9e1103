//! `versions`, `parts`, `part_segments`: what was sealed, and where the ciphertext lies.

use std::collections::BTreeSet;

use api_types::{ReportId, UnixMillis};
use entities::{part_segments, parts, rekey_queue, versions};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};

use super::DbResult;

pub use entities::{part_segments::Model as PartSegment, parts::Model as Part, versions::Model as Version};

/// Rows in one statement.
const BATCH: usize = 500;

/// A revision, superseded or not.
pub async fn get(
    conn: &impl ConnectionTrait,
    report: ReportId,
    version: i32,
    revision: i32,
) -> DbResult<Option<Version>> {
    versions::Entity::find_by_id((report.0.to_vec(), version, revision)).one(conn).await
}

/// The current revision of a version.
pub async fn current(conn: &impl ConnectionTrait, report: ReportId, version: i32) -> DbResult<Option<Version>> {
    versions::Entity::find()
        .filter(versions::Column::ReportId.eq(report.0.to_vec()))
        .filter(versions::Column::Version.eq(version))
        .filter(versions::Column::SupersededAt.is_null())
        .one(conn)
        .await
}

/// A revision without its large columns.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Version.
    pub version: i32,
    /// Revision.
    pub revision: i32,
    /// When the server took it.
    pub created_at: UnixMillis,
    /// A newer revision took its place.
    pub superseded: bool,
    /// Signed manifest.
    pub manifest: Vec<u8>,
    /// Whether the version waits for its owner to seal it under a new key.
    pub rekey_waits: bool,
}

/// Version, revision, time, time of its successor, manifest, the same version where it waits.
type SummaryRow = (i32, i32, UnixMillis, Option<UnixMillis>, Vec<u8>, Option<i32>);

/// Every revision of every version, ascending.
pub async fn summaries(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<Vec<Summary>> {
    use versions::Column;
    let queued = versions::Entity::belongs_to(rekey_queue::Entity)
        .from((Column::ReportId, Column::Version))
        .to((rekey_queue::Column::ReportId, rekey_queue::Column::Version))
        .into();
    let rows: Vec<SummaryRow> = versions::Entity::find()
        .select_only()
        .columns([Column::Version, Column::Revision, Column::CreatedAt, Column::SupersededAt, Column::Manifest])
        .column_as(rekey_queue::Column::Version, "waiting")
        .join(JoinType::LeftJoin, queued)
        .filter(Column::ReportId.eq(report.0.to_vec()))
        .order_by_asc(Column::Version)
        .order_by_asc(Column::Revision)
        .into_tuple()
        .all(conn)
        .await?;
    let summary = |(version, revision, created_at, superseded_at, manifest, waiting): SummaryRow| Summary {
        version,
        revision,
        created_at,
        superseded: superseded_at.is_some(),
        manifest,
        rekey_waits: waiting.is_some(),
    };
    Ok(rows.into_iter().map(summary).collect())
}

/// Version and current revision of every version, ascending.
pub async fn revisions(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<Vec<(i32, i32)>> {
    use versions::Column;
    versions::Entity::find()
        .select_only()
        .columns([Column::Version, Column::Revision])
        .filter(Column::ReportId.eq(report.0.to_vec()))
        .filter(Column::SupersededAt.is_null())
        .order_by_asc(Column::Version)
        .into_tuple()
        .all(conn)
        .await
}

/// A revision with its parts.
#[derive(Debug)]
pub struct NewRevision {
    /// The row.
    pub version: Version,
    /// Parts 1...
    pub parts: Vec<Part>,
    /// Their segments.
    pub segments: Vec<PartSegment>,
}

/// Inserts a revision with its parts.
pub async fn insert(conn: &impl ConnectionTrait, new: NewRevision) -> DbResult<()> {
    versions::Entity::insert(new.version.into_active_model().reset_all()).exec_without_returning(conn).await?;
    for batch in new.parts.chunks(BATCH) {
        let rows = batch.iter().cloned().map(|part| part.into_active_model().reset_all());
        parts::Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    for batch in new.segments.chunks(BATCH) {
        let rows = batch.iter().cloned().map(|segment| segment.into_active_model().reset_all());
        part_segments::Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// A newer revision took the place of this one: its ciphertext goes, its signed manifest stays. The keys of its blobs that no
/// other version carries over are the caller's to mark.
pub async fn supersede(
    conn: &impl ConnectionTrait,
    report: ReportId,
    version: i32,
    revision: i32,
    now: UnixMillis,
) -> DbResult<Vec<String>> {
    versions::Entity::update_many()
        .col_expr(versions::Column::SupersededAt, Expr::value(now))
        .col_expr(versions::Column::Part0, Expr::value(Vec::<u8>::new()))
        .col_expr(versions::Column::Statement, Expr::value(Vec::<u8>::new()))
        .filter(versions::Column::ReportId.eq(report.0.to_vec()))
        .filter(versions::Column::Version.eq(version))
        .filter(versions::Column::Revision.eq(revision))
        .exec(conn)
        .await?;
    use part_segments::Column;
    let of_revision = || {
        Condition::all()
            .add(Column::ReportId.eq(report.0.to_vec()))
            .add(Column::Version.eq(version))
            .add(Column::Revision.eq(revision))
    };
    let keys: Vec<String> = part_segments::Entity::find()
        .select_only()
        .column(Column::BlobKey)
        .filter(of_revision())
        .into_tuple()
        .all(conn)
        .await?;
    part_segments::Entity::delete_many().filter(of_revision()).exec(conn).await?;
    parts::Entity::delete_many()
        .filter(parts::Column::ReportId.eq(report.0.to_vec()))
        .filter(parts::Column::Version.eq(version))
        .filter(parts::Column::Revision.eq(revision))
        .exec(conn)
        .await?;
    let kept = still_named(conn, report, &keys).await?;
    Ok(keys.into_iter().filter(|key| !kept.contains(key)).collect())
}

/// Which of these blobs some version of a report still has.
async fn still_named(conn: &impl ConnectionTrait, report: ReportId, keys: &[String]) -> DbResult<BTreeSet<String>> {
    use part_segments::Column;
    let mut named = BTreeSet::new();
    for batch in keys.chunks(BATCH) {
        let found: Vec<String> = part_segments::Entity::find()
            .select_only()
            .column(Column::BlobKey)
            .filter(Column::ReportId.eq(report.0.to_vec()))
            .filter(Column::BlobKey.is_in(batch.to_vec()))
            .into_tuple()
            .all(conn)
            .await?;
        named.extend(found);
    }
    Ok(named)
}

/// A part's row.
pub async fn part(
    conn: &impl ConnectionTrait,
    report: ReportId,
    version: i32,
    revision: i32,
    part: i32,
) -> DbResult<Option<Part>> {
    parts::Entity::find_by_id((report.0.to_vec(), version, revision, part)).one(conn).await
}

/// The key of some blob that a report names, if there is any.
pub async fn any_blob(conn: &impl ConnectionTrait) -> DbResult<Option<String>> {
    part_segments::Entity::find().select_only().column(part_segments::Column::BlobKey).into_tuple().one(conn).await
}

/// Names a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionKey {
    /// Report.
    pub report: Vec<u8>,
    /// Version.
    pub version: i32,
    /// Revision.
    pub revision: i32,
}

/// The signed manifest of a revision, superseded or not.
pub async fn manifest(conn: &impl ConnectionTrait, of: &RevisionKey) -> DbResult<Option<Vec<u8>>> {
    let one = versions::Entity::find_by_id((of.report.clone(), of.version, of.revision));
    one.select_only().column(versions::Column::Manifest).into_tuple::<Vec<u8>>().one(conn).await
}

/// A revision that nothing took the place of.
#[derive(Debug)]
pub struct Current {
    /// Which.
    pub key: RevisionKey,
    /// Signed manifest.
    pub manifest: Vec<u8>,
}

/// Current revisions behind one, in the order of their keys.
pub async fn current_after(
    conn: &impl ConnectionTrait,
    after: Option<&RevisionKey>,
    limit: u64,
) -> DbResult<Vec<Current>> {
    use versions::Column;
    let mut found = versions::Entity::find().filter(Column::SupersededAt.is_null());
    if let Some(after) = after {
        let same_report = || Condition::all().add(Column::ReportId.eq(after.report.clone()));
        let same_version =
            same_report().add(Column::Version.eq(after.version)).add(Column::Revision.gt(after.revision));
        let behind = Condition::any()
            .add(Column::ReportId.gt(after.report.clone()))
            .add(same_report().add(Column::Version.gt(after.version)))
            .add(same_version);
        found = found.filter(behind);
    }
    let rows: Vec<(Vec<u8>, i32, i32, Vec<u8>)> = found
        .select_only()
        .columns([Column::ReportId, Column::Version, Column::Revision, Column::Manifest])
        .order_by_asc(Column::ReportId)
        .order_by_asc(Column::Version)
        .order_by_asc(Column::Revision)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    let current =
        |(report, version, revision, manifest)| Current { key: RevisionKey { report, version, revision }, manifest };
    Ok(rows.into_iter().map(current).collect())
}

/// All segments of a revision, in order.
pub async fn all_segments(conn: &impl ConnectionTrait, of: &RevisionKey) -> DbResult<Vec<PartSegment>> {
    use part_segments::Column;
    part_segments::Entity::find()
        .filter(Column::ReportId.eq(of.report.clone()))
        .filter(Column::Version.eq(of.version))
        .filter(Column::Revision.eq(of.revision))
        .order_by_asc(Column::Part)
        .order_by_asc(Column::N)
        .all(conn)
        .await
}

/// The blobs that versions before this one have: what is carried over has one in several.
pub async fn blobs_before(conn: &impl ConnectionTrait, of: &RevisionKey) -> DbResult<BTreeSet<String>> {
    let keys: Vec<String> = part_segments::Entity::find()
        .select_only()
        .column(part_segments::Column::BlobKey)
        .distinct()
        .filter(part_segments::Column::ReportId.eq(of.report.clone()))
        .filter(part_segments::Column::Version.lt(of.version))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(keys.into_iter().collect())
}

/// The keys of all blobs of a report.
pub async fn blob_keys(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<Vec<String>> {
    part_segments::Entity::find()
        .select_only()
        .column(part_segments::Column::BlobKey)
        .distinct()
        .filter(part_segments::Column::ReportId.eq(report.0.to_vec()))
        .into_tuple()
        .all(conn)
        .await
}

/// A part's segments numbered `first..=last`, in order.
pub async fn segments(conn: &impl ConnectionTrait, part: &Part, first: i32, last: i32) -> DbResult<Vec<PartSegment>> {
    use part_segments::Column;
    part_segments::Entity::find()
        .filter(Column::ReportId.eq(part.report_id.clone()))
        .filter(Column::Version.eq(part.version))
        .filter(Column::Revision.eq(part.revision))
        .filter(Column::Part.eq(part.part))
        .filter(Column::N.between(first, last))
        .order_by_asc(Column::N)
        .all(conn)
        .await
}
