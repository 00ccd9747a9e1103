//! `uploads` and `upload_segments`: ciphertext that no version names yet.

use api_types::{AccountId, ReportId, UnixMillis, UploadId};
use entities::{upload_segments, uploads};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::DbResult;

pub use entities::{upload_segments::Model as Segment, uploads::Model as Upload};

/// An upload.
pub async fn get(conn: &impl ConnectionTrait, id: UploadId) -> DbResult<Option<Upload>> {
    uploads::Entity::find_by_id(id.0.to_vec()).one(conn).await
}

/// Whose an upload is: a device's, or an account's.
pub fn holder(upload: &Upload) -> DbResult<AccountId> {
    let (column, id) = match &upload.device_id {
        Some(device) => ("device_id", device),
        None => ("account_id", &upload.account_id),
    };
    super::id("uploads", column, id).map(AccountId)
}

/// Those of an account or a device.
fn by(holder: AccountId) -> Condition {
    let own =
        Condition::all().add(uploads::Column::AccountId.eq(holder.0.to_vec())).add(uploads::Column::DeviceId.is_null());
    Condition::any().add(own).add(uploads::Column::DeviceId.eq(holder.0.to_vec()))
}

/// How many uploads an account or a device has open.
pub async fn count(conn: &impl ConnectionTrait, holder: AccountId) -> DbResult<u64> {
    uploads::Entity::find().filter(by(holder)).count(conn).await
}

/// Those to a report, whoever makes them.
pub async fn by_anyone(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<Vec<Upload>> {
    uploads::Entity::find().filter(uploads::Column::ReportId.eq(report.0.to_vec())).all(conn).await
}

/// Those of an account.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<Upload>> {
    uploads::Entity::find().filter(uploads::Column::AccountId.eq(account.0.to_vec())).all(conn).await
}

/// A new upload.
pub async fn insert(conn: &impl ConnectionTrait, upload: Upload) -> DbResult<()> {
    let row = upload.into_active_model().reset_all();
    uploads::Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}

/// Moves the end of an upload.
pub async fn extend(conn: &impl ConnectionTrait, id: UploadId, expires_at: UnixMillis) -> DbResult<()> {
    uploads::Entity::update_many()
        .col_expr(uploads::Column::ExpiresAt, Expr::value(expires_at))
        .filter(uploads::Column::Id.eq(id.0.to_vec()))
        .exec(conn)
        .await?;
    Ok(())
}

/// The durable segments of an upload, ascending.
pub async fn segments(conn: &impl ConnectionTrait, id: UploadId) -> DbResult<Vec<Segment>> {
    upload_segments::Entity::find()
        .filter(upload_segments::Column::UploadId.eq(id.0.to_vec()))
        .order_by_asc(upload_segments::Column::N)
        .all(conn)
        .await
}

/// One durable segment.
pub async fn segment(conn: &impl ConnectionTrait, id: UploadId, n: i32) -> DbResult<Option<Segment>> {
    upload_segments::Entity::find_by_id((id.0.to_vec(), n)).one(conn).await
}

/// Names a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentKey {
    /// Upload.
    pub upload: Vec<u8>,
    /// From 0.
    pub n: i32,
}

/// Segments of all uploads behind one, in the order of their keys.
pub async fn segments_after(
    conn: &impl ConnectionTrait,
    after: Option<&SegmentKey>,
    limit: u64,
) -> DbResult<Vec<Segment>> {
    use upload_segments::Column;
    let mut found = upload_segments::Entity::find();
    if let Some(after) = after {
        let same_upload = Condition::all().add(Column::UploadId.eq(after.upload.clone())).add(Column::N.gt(after.n));
        found = found.filter(Condition::any().add(Column::UploadId.gt(after.upload.clone())).add(same_upload));
    }
    found.order_by_asc(Column::UploadId).order_by_asc(Column::N).limit(limit).all(conn).await
}

/// The key of some blob that an upload names, if there is any.
pub async fn any_blob(conn: &impl ConnectionTrait) -> DbResult<Option<String>> {
    upload_segments::Entity::find().select_only().column(upload_segments::Column::BlobKey).into_tuple().one(conn).await
}

/// Stores a segment, in the place of an earlier one with the same number.
pub async fn put_segment(conn: &impl ConnectionTrait, segment: Segment) -> DbResult<()> {
    use upload_segments::Column;
    let conflict = OnConflict::columns([Column::UploadId, Column::N])
        .update_columns([Column::Len, Column::Sha256, Column::BlobKey, Column::Crc64])
        .to_owned();
    let row = segment.into_active_model().reset_all();
    upload_segments::Entity::insert(row).on_conflict(conflict).exec_without_returning(conn).await?;
    Ok(())
}

/// Deletes an upload and its segments' rows; the blobs are the caller's to mark.
pub async fn delete(conn: &impl ConnectionTrait, id: UploadId) -> DbResult<bool> {
    upload_segments::Entity::delete_many()
        .filter(upload_segments::Column::UploadId.eq(id.0.to_vec()))
        .exec(conn)
        .await?;
    Ok(uploads::Entity::delete_by_id(id.0.to_vec()).exec(conn).await?.rows_affected > 0)
}

/// The uploads of a draft or report by one account or device.
pub async fn of_report(conn: &impl ConnectionTrait, holder: AccountId, report: ReportId) -> DbResult<Vec<Upload>> {
    uploads::Entity::find().filter(uploads::Column::ReportId.eq(report.0.to_vec())).filter(by(holder)).all(conn).await
}

/// Uploads past their end.
pub async fn expired(conn: &impl ConnectionTrait, now: UnixMillis, limit: u64) -> DbResult<Vec<Upload>> {
    uploads::Entity::find()
        .filter(uploads::Column::ExpiresAt.lte(now))
        .order_by_asc(uploads::Column::ExpiresAt)
        .limit(limit)
        .all(conn)
        .await
}
