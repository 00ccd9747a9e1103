//! Browsers that were sent to an identity provider and are to come back.

use sea_orm::entity::prelude::*;

/// A row of `identity_flows`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identity_flows")]
pub struct Model {
    /// SHA-256 of the state that goes with them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: Vec<u8>,
    /// SHA-256 of the cookie that stays with them.
    pub browser_hash: Vec<u8>,
    /// The provider's id in the configuration.
    #[sea_orm(column_type = "Text")]
    pub provider: String,
    /// To whose account the identity is to be linked; absent where it is to sign in.
    pub session_id: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text")]
    pub nonce: String,
    /// PKCE's.
    #[sea_orm(column_type = "Text")]
    pub verifier: String,
    pub expires_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
