//! Phone numbers of accounts, verified.

use sea_orm::entity::prelude::*;

/// A row of `phones`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "phones")]
pub struct Model {
    /// An account has one number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Vec<u8>,
    /// 16 bytes, random: its name among the second factors.
    pub id: Vec<u8>,
    /// E.164. Several accounts may have the same: families share phones.
    #[sea_orm(column_type = "Text")]
    pub number: String,
    pub second_factor: bool,
    /// The number again, where it signs in: that it does for one account only.
    #[sea_orm(column_type = "Text", nullable)]
    pub sign_in_number: Option<String>,
    pub verified_at: i64,
    pub last_used_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
