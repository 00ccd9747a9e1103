//! Invitations and the set-up link.

use sea_orm::entity::prelude::*;

/// A row of `invitations`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    /// 16 bytes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// The link of the first administrator.
    pub set_up: bool,
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// Only this e-mail may use it.
    #[sea_orm(column_type = "Text", nullable)]
    pub email: Option<String>,
    /// Patient placeholder, 16 bytes.
    pub placeholder: Option<Vec<u8>>,
    /// Account; absent for the set-up link.
    pub created_by: Option<Vec<u8>>,
    pub created_at: i64,
    pub expires_at: i64,
    /// Account.
    pub used_by: Option<Vec<u8>>,
    pub used_at: Option<i64>,
    pub withdrawn_at: Option<i64>,
    /// SHA-256 of the token that was mailed, which isn't the one that was shown.
    pub mail_token_hash: Option<Vec<u8>>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
