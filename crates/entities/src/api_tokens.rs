//! Personal API tokens.

use sea_orm::entity::prelude::*;

/// A row of `api_tokens`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_tokens")]
pub struct Model {
    /// 16 bytes, random; stands in the token's text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub account_id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// SHA-256 of the token's text.
    pub token_hash: Vec<u8>,
    /// Names, separated by spaces.
    #[sea_orm(column_type = "Text")]
    pub scopes: String,
    /// Whether the session that made it had proved a second factor.
    pub second_factor: bool,
    pub created_at: i64,
    pub expires_at: i64,
    /// To the minute.
    pub last_used_at: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_place: Option<String>,
    /// Of a device's token: the device.
    pub device_id: Option<Vec<u8>>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
