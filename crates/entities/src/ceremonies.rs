//! Short-lived state between two requests: sign-in, recovery, passkey, code challenge.

use sea_orm::entity::prelude::*;

/// A row of `ceremonies`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ceremonies")]
pub struct Model {
    /// The challenge itself for a code; else the SHA-256 of a random id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// `sign_in`, `recovery`, `passkey`, `own_passkey`, `passkey_registration` or `redeem`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    pub account_id: Option<Vec<u8>>,
    /// What it is about: a grant id for a code; the network that asked for a `passkey`, as a keyed hash.
    pub subject: Option<Vec<u8>>,
    pub state: Vec<u8>,
    pub created_at: i64,
    pub expires_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
