//! Durable segments of an upload.

use sea_orm::entity::prelude::*;

/// A row of `upload_segments`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "upload_segments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub upload_id: Vec<u8>,
    /// From 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub n: i32,
    pub len: i64,
    pub sha256: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub blob_key: String,
    /// CRC-64/NVME; of rows from before there was one, once the blob was read again and found right.
    pub crc64: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
