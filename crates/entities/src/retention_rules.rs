//! How long reports of each kind are kept, as the organisation signed it.

use sea_orm::entity::prelude::*;

/// A row of `retention_rules`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "retention_rules")]
pub struct Model {
    /// From 1; the highest counts.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// As received.
    pub statement: Vec<u8>,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
