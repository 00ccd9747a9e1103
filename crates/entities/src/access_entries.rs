//! Signed entries of a report's access chain.

use sea_orm::entity::prelude::*;

/// A row of `access_entries`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: Vec<u8>,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    pub hash: Vec<u8>,
    pub author: Vec<u8>,
    pub created_at: i64,
    /// As received.
    pub entry: Vec<u8>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
