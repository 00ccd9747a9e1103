//! The organisation's escrow keys: at most one that has not ended.

use sea_orm::entity::prelude::*;

/// A row of `escrow_keys`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "escrow_keys")]
pub struct Model {
    /// SHA-256 of the public key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: Vec<u8>,
    /// As received.
    pub statement: Vec<u8>,
    /// The statement's own time.
    pub signed_at: i64,
    /// As received.
    pub end_statement: Option<Vec<u8>>,
    pub ended_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
