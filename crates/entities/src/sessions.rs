//! Open sessions.

use sea_orm::entity::prelude::*;

/// A row of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// 16 bytes; not the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub account_id: Vec<u8>,
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub carrier: String,
    #[sea_orm(column_type = "Text")]
    pub device: String,
    pub created_at: i64,
    /// To the minute.
    pub last_seen_at: i64,
    /// Absolute end.
    pub expires_at: i64,
    /// When the password was last proved.
    pub confirmed_at: i64,
    /// Whether a second factor was proved.
    pub second_factor: bool,
    /// Where it began; absent for sessions from before this was noted.
    #[sea_orm(column_type = "Text", nullable)]
    pub place: Option<String>,
    /// 16 bytes of a keyed hash of the account and its network.
    pub network: Option<Vec<u8>>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
