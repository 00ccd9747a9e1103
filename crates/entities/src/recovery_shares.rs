//! The shares of a split recovery secret, each sealed to its contact.

use sea_orm::entity::prelude::*;

/// A row of `recovery_shares`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_shares")]
pub struct Model {
    /// Of which split.
    #[sea_orm(primary_key, auto_increment = false)]
    pub way_in_id: Vec<u8>,
    /// Who holds it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub contact_id: Vec<u8>,
    /// Its place in the statement, from 1.
    pub share_index: i32,
    /// The share, sealed to the contact.
    pub sealed: Vec<u8>,
    /// When the contact was first given it.
    pub opened_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
