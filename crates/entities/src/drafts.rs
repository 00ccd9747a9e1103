//! Sealed drafts; only their author sees them. One of each author for a report.

use sea_orm::entity::prelude::*;

/// A row of `drafts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "drafts")]
pub struct Model {
    /// The id the report has, or will have.
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub author: Vec<u8>,
    pub counter: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub sealed: Vec<u8>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
