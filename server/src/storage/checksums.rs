//! The checksums of blobs, in the rows that name them: of `part_segments` and `upload_segments`.

use api_types::ReportId;
use entities::{part_segments, upload_segments};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::DbResult;

/// A blob's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// Its key in the store.
    pub key: String,
    /// Of a report's version: which. Otherwise it is an upload's.
    pub report: Option<ReportId>,
    /// CRC-64/NVME.
    pub crc64: u64,
}

/// Writes it into every row that names the blob.
pub async fn put(conn: &impl ConnectionTrait, sum: &Checksum) -> DbResult<()> {
    let crc64 = Expr::value(Some(sum.crc64.cast_signed()));
    match sum.report {
        Some(report) => {
            // The same blob may be in several versions, all of one report: its rows are found by their key.
            use part_segments::Column;
            let rows = part_segments::Entity::update_many().col_expr(Column::Crc64, crc64);
            let rows = rows.filter(Column::ReportId.eq(report.0.to_vec())).filter(Column::BlobKey.eq(&*sum.key));
            rows.exec(conn).await.map(drop)
        }
        None => {
            use upload_segments::Column;
            let rows = upload_segments::Entity::update_many().col_expr(Column::Crc64, crc64);
            rows.filter(Column::BlobKey.eq(&*sum.key)).exec(conn).await.map(drop)
        }
    }
}
