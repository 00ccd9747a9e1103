//! Signed key records, epoch 0 first.

use sea_orm::entity::prelude::*;

/// A row of `key_records`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_records")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub epoch: i32,
    /// As received.
    pub record: Vec<u8>,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
