//! Walks over all blobs and signed rows that were begun, and how far each is.

use sea_orm::entity::prelude::*;

/// A row of `scrubs`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scrubs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    pub began_at: i64,
    /// Until then nobody else goes on with it.
    pub leased_until: i64,
    pub ended_at: Option<i64>,
    /// Behind what it goes on; empty at its beginning.
    #[sea_orm(column_type = "Text")]
    pub place: String,
    /// Read so far.
    pub blobs: i64,
    pub bytes: i64,
    /// Of them missing or changed.
    pub damaged: i64,
    /// Signed rows that were compared so far.
    pub rows: i64,
    /// Of them not what was signed.
    pub damaged_rows: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
