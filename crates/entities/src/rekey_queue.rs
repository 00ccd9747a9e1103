//! Versions that wait for their owner's client to re-key them.

use sea_orm::entity::prelude::*;

/// A row of `rekey_queue`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rekey_queue")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// The revoked grant that made it due.
    pub grant_id: Vec<u8>,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
