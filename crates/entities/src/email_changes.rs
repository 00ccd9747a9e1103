//! Changes of accounts' e-mail addresses that wait for both addresses to confirm.

use sea_orm::entity::prelude::*;

/// A row of `email_changes`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_changes")]
pub struct Model {
    /// 16 bytes, random; with a key outside the database it gives the tokens of the two links.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// An account has one at a time.
    pub account_id: Vec<u8>,
    /// The address that is to be left, normalised.
    #[sea_orm(column_type = "Text")]
    pub old_key: String,
    /// The new address as typed.
    #[sea_orm(column_type = "Text")]
    pub address: String,
    /// The same, normalised.
    #[sea_orm(column_type = "Text")]
    pub address_key: String,
    pub expires_at: i64,
    /// When the link to the old address was confirmed.
    pub old_confirmed_at: Option<i64>,
    /// When the link to the new address was confirmed.
    pub new_confirmed_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
