//! Counters of tries in a window of time.

use sea_orm::entity::prelude::*;

/// A row of `throttles`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "throttles")]
pub struct Model {
    /// SHA-256 of what is counted.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    pub window_start: i64,
    pub count: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
