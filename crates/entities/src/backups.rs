//! Backups that were begun, and how they ended; while one runs, also its hold on blobs.

use sea_orm::entity::prelude::*;

/// A row of `backups`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "backups")]
pub struct Model {
    /// The snapshot's.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    pub began_at: i64,
    /// Until then nobody else begins one, and no blob is deleted.
    pub leased_until: i64,
    pub ended_at: Option<i64>,
    /// Why there is no snapshot.
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    /// Bytes that the snapshot needs in the repository.
    pub bytes: i64,
    /// Bytes of them that were not there yet.
    pub new_bytes: i64,
    pub blobs: i64,
    /// Its end stands in the audit.
    pub recorded: bool,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
