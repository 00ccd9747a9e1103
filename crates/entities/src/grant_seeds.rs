//! Sealed seeds of code and bearer grants.

use sea_orm::entity::prelude::*;

/// A row of `grant_seeds`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grant_seeds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub grant_id: Vec<u8>,
    /// Code grants: sealed to recipient and code.
    pub sealed_seed: Option<Vec<u8>>,
    /// Once redeemed: resealed under the holder's account key.
    pub seed: Option<Vec<u8>>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
