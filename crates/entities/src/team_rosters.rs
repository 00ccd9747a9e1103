//! Signed rosters of teams, the first one first.

use sea_orm::entity::prelude::*;

/// A row of `team_rosters`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "team_rosters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    /// As received.
    pub roster: Vec<u8>,
    /// Its leaf in the keys tree.
    pub leaf: i64,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
