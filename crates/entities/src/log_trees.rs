//! A row a tree of the verifiable log: its head, and the lease of who may move it.

use sea_orm::entity::prelude::*;

/// A row of `log_trees`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_trees")]
pub struct Model {
    /// `events` or `keys`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub tree: String,
    /// Leaves that the checkpoint is about.
    pub size: i64,
    /// The signed note; empty before the first.
    #[sea_orm(column_type = "Text")]
    pub checkpoint: String,
    /// What people are shown where witnesses are asked: the newest note that was sent to them, with their lines; empty
    /// before the first.
    #[sea_orm(column_type = "Text")]
    pub published: String,
    /// Rises with each holder of the lease.
    pub fence: i64,
    /// Until when nobody else takes the lease without need.
    pub lease_until: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
