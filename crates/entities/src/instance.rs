//! The one row that describes this installation.

use sea_orm::entity::prelude::*;

/// A row of `instance`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "instance")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Fixed random id, 16 bytes: the OPAQUE server identity.
    pub instance_id: Vec<u8>,
    /// Display name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Ed25519 public half; absent until set-up.
    pub organisation_key: Option<Vec<u8>>,
    /// When the first administrator signed up.
    pub set_up_at: Option<i64>,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
