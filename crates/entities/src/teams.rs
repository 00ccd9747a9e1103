//! Care teams, with what the newest roster of each says.

use sea_orm::entity::prelude::*;

/// A row of `teams`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teams")]
pub struct Model {
    /// SHA-256 of the first roster.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Normalised for search.
    #[sea_orm(column_type = "Text")]
    pub name_key: String,
    /// Of the newest roster.
    pub seq: i32,
    /// Of the newest roster's key.
    pub key_epoch: i32,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
