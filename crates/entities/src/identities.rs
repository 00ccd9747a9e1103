//! Identities at OpenID Connect providers that sign in to accounts.

use sea_orm::entity::prelude::*;

/// A row of `identities`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identities")]
pub struct Model {
    /// 16 bytes, random.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub account_id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub issuer: String,
    /// Whom the issuer means by it; unique there, never given to somebody else.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// The address that the issuer knew when it was linked; shown, and no more.
    #[sea_orm(column_type = "Text", nullable)]
    pub email: Option<String>,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
    /// Signs in no more. It stays, so that its provider's word doesn't link it again by the address alone.
    pub removed_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
