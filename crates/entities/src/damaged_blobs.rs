//! Blobs that are missing or don't hold what was stored: nothing of them is given out.

use sea_orm::entity::prelude::*;

/// A row of `damaged_blobs`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "damaged_blobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub key: String,
    /// Of a version; absent for an upload that none names yet.
    pub report_id: Option<Vec<u8>>,
    pub len: i64,
    /// What it must hold.
    pub sha256: Vec<u8>,
    /// `missing`, `changed` or `unreadable`.
    #[sea_orm(column_type = "Text")]
    pub health: String,
    pub found_at: i64,
    /// When it was last looked for in the backups.
    pub tried_at: Option<i64>,
    /// When it was last looked at.
    pub looked_at: i64,
    /// Whether administrators were told.
    pub told: bool,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
