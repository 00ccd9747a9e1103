//! Passkeys of accounts.

use sea_orm::entity::prelude::*;

/// A row of `passkeys`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkeys")]
pub struct Model {
    /// 16 bytes, random.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub account_id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub label: String,
    /// The authenticator's name for it.
    pub credential_id: Vec<u8>,
    /// Public key, counter and flags, as JSON of webauthn-rs.
    #[sea_orm(column_type = "Text")]
    pub credential: String,
    /// The way in that it opens; absent where its authenticator has no pseudo-random function.
    pub way_in_id: Option<Vec<u8>>,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
