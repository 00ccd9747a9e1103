//! Codes that prove an address before it has an account. The code itself is made of its row and a key outside the database.

use sea_orm::entity::prelude::*;

/// A row of `sign_up_codes`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_up_codes")]
pub struct Model {
    /// 16 bytes, random.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// SHA-256 of the secret of whoever asked for it.
    pub secret_hash: Vec<u8>,
    /// The address, normalised.
    #[sea_orm(column_type = "Text")]
    pub address_key: String,
    /// Whether the code was mailed; where the address has an account it wasn't, and is never right.
    pub mailed: bool,
    /// Wrong tries so far.
    pub tries: i32,
    /// Whether it was typed, so that the account may be made.
    pub proved: bool,
    pub expires_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
