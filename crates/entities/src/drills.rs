//! Restore drills that were begun, and how they ended.

use sea_orm::entity::prelude::*;

/// A row of `drills`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "drills")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    pub began_at: i64,
    /// Until then nobody else begins one.
    pub leased_until: i64,
    pub ended_at: Option<i64>,
    /// The snapshot that was tried.
    #[sea_orm(column_type = "Text", nullable)]
    pub snapshot: Option<String>,
    /// It was restored; otherwise its bytes were compared and no more.
    pub restored: bool,
    /// `none`, `opened` or `not_opened`.
    #[sea_orm(column_type = "Text")]
    pub canary: String,
    /// Rows of the restored database.
    pub rows: i64,
    /// Objects, or blobs that were opened.
    pub objects: i64,
    /// Their bytes.
    pub bytes: i64,
    /// Why it failed.
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
