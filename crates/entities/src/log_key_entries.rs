//! The keys tree's leaves in their order: entry n is leaf n.

use sea_orm::entity::prelude::*;

/// A row of `log_key_entries`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_key_entries")]
pub struct Model {
    /// From 0, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Whose; of a team's roster: who signed it.
    pub account_id: Vec<u8>,
    /// Of a key record; none for a binding of an e-mail address and for a roster.
    pub epoch: Option<i32>,
    /// The leaf's data.
    pub data: Vec<u8>,
    /// Of a team's roster.
    pub team_id: Option<Vec<u8>>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
