//! Content keys, wrapped once for each live grant.

use sea_orm::entity::prelude::*;

/// A row of `wraps`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wraps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub grant_id: Vec<u8>,
    pub wrap: Vec<u8>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
