//! Recovery secrets of accounts, split among contacts.

use sea_orm::entity::prelude::*;

/// A row of `recovery_splits`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_splits")]
pub struct Model {
    /// 16 bytes: the way in that the shares open together.
    #[sea_orm(primary_key, auto_increment = false)]
    pub way_in_id: Vec<u8>,
    /// Whose it is; an account has one.
    pub account_id: Vec<u8>,
    /// As received.
    pub statement: Vec<u8>,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
