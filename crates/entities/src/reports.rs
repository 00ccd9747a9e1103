//! Reports. What the server derives from the signed chain, so that it can answer quickly.

use sea_orm::entity::prelude::*;

/// A row of `reports`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reports")]
pub struct Model {
    /// SHA-256 of the genesis.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub creator: Vec<u8>,
    /// By the replayed chain.
    pub owner: Vec<u8>,
    /// Of the genesis, where the patient had no account.
    pub placeholder: Option<Vec<u8>>,
    /// Hash of the newest entry; the id while there is none.
    pub access_head: Vec<u8>,
    /// Number of entries.
    pub entries: i32,
    pub latest_version: i32,
    pub created_at: i64,
    pub updated_at: i64,
    /// As received.
    pub genesis: Vec<u8>,
    /// When it was erased: then only genesis, chain and audit are left.
    pub erased_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
