//! Upload sessions of parts that no version names yet.

use sea_orm::entity::prelude::*;

/// A row of `uploads`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    /// 16 bytes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub account_id: Vec<u8>,
    /// Draft or report.
    pub report_id: Vec<u8>,
    pub version: i32,
    pub revision: i32,
    /// 1 or more.
    pub part: i32,
    pub ciphertext_len: i64,
    pub segments: i32,
    pub created_at: i64,
    pub expires_at: i64,
    /// Of a device's upload: the device; the account is its owner's.
    pub device_id: Option<Vec<u8>>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
