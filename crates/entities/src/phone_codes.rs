//! Codes that are sent to phones. The code itself is made of its row and a key outside the database.

use sea_orm::entity::prelude::*;

/// A row of `phone_codes`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "phone_codes")]
pub struct Model {
    /// 16 bytes, random.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// What it is good for.
    #[sea_orm(column_type = "Text")]
    pub purpose: String,
    /// Where to, E.164.
    #[sea_orm(column_type = "Text")]
    pub number: String,
    /// Whose; absent where a number that signs in to no account was typed: its code is never right.
    pub account_id: Option<Vec<u8>>,
    /// SHA-256 of the cookie of the browser that signs in with it, or of the attempt whose second factor it is.
    pub browser_hash: Option<Vec<u8>>,
    /// Wrong tries so far.
    pub tries: i32,
    pub expires_at: i64,
    /// Not sent before; absent once it was sent, was given up, or isn't to be sent.
    pub send_at: Option<i64>,
    /// Tries at sending so far that failed.
    pub attempts: i32,
    /// Until then some server has it in hand.
    pub leased_until: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
