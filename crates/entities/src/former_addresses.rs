//! Labels of e-mail addresses that accounts left: nobody else gets them.

use sea_orm::entity::prelude::*;

/// A row of `former_addresses`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "former_addresses")]
pub struct Model {
    /// As in the tree of keys; the address itself isn't kept.
    #[sea_orm(primary_key, auto_increment = false)]
    pub label: Vec<u8>,
    /// Whose it was.
    pub account_id: Vec<u8>,
    pub left_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
