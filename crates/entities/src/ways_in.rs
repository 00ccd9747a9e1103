//! Ways in to an account.

use sea_orm::entity::prelude::*;

/// A row of `ways_in`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ways_in")]
pub struct Model {
    /// 16 bytes, chosen by the client.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub account_id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    #[sea_orm(column_type = "Text")]
    pub label: String,
    /// As received.
    pub record: Vec<u8>,
    /// Recovery kit: Ed25519 public half.
    pub proof_key: Option<Vec<u8>>,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
