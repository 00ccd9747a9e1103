//! People: what the server may know of them.

use sea_orm::entity::prelude::*;

/// A row of `accounts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// SHA-256 of the epoch-0 key record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// As typed.
    #[sea_orm(column_type = "Text")]
    pub email: String,
    /// Normalised, for look-up.
    #[sea_orm(column_type = "Text")]
    pub email_key: String,
    /// Full name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Normalised, for search.
    #[sea_orm(column_type = "Text")]
    pub name_key: String,
    #[sea_orm(column_type = "Text")]
    pub role: String,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// AK-sealed.
    pub keyring: Vec<u8>,
    /// AK-sealed.
    pub client_state: Vec<u8>,
    pub client_state_counter: i64,
    /// Statement signed under the organisation key.
    pub approval: Option<Vec<u8>>,
    /// Account.
    pub invited_by: Option<Vec<u8>>,
    /// Highest cursor handed out in `report_access` for this account.
    pub list_head: i64,
    pub created_at: i64,
    /// To the minute.
    pub last_seen_at: Option<i64>,
    /// When its holder showed that they read that address's mail.
    pub email_verified_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
