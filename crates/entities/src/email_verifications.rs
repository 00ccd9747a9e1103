//! Links that were mailed to verify an address.

use sea_orm::entity::prelude::*;

/// A row of `email_verifications`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_verifications")]
pub struct Model {
    /// 16 bytes, random; with a key outside the database it gives the link's token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub account_id: Vec<u8>,
    /// The address that it was sent to, normalised.
    #[sea_orm(column_type = "Text")]
    pub address_key: String,
    pub expires_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
