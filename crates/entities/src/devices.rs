//! Devices: machines that only send.

use sea_orm::entity::prelude::*;

/// A row of `devices`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "devices")]
pub struct Model {
    /// SHA-256 of the record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// Account.
    pub owner: Vec<u8>,
    /// Signed by device and owner.
    pub record: Vec<u8>,
    /// Signed by the owner.
    pub removal: Option<Vec<u8>>,
    pub created_at: i64,
    pub expires_at: i64,
    pub last_sent_at: Option<i64>,
    pub removed_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
