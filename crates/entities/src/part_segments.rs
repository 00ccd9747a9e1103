//! Where the ciphertext of a part lies. A part that was carried over lies where it did: rows of several versions name one blob.

use sea_orm::entity::prelude::*;

/// A row of `part_segments`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "part_segments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: i32,
    /// From 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub n: i32,
    pub len: i64,
    #[sea_orm(column_type = "Text")]
    pub blob_key: String,
    /// CRC-64/NVME; of rows from before there was one, once the blob was read again and found right.
    pub crc64: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
