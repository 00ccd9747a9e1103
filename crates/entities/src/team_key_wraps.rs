//! The team's key of each epoch, sealed to each member.

use sea_orm::entity::prelude::*;

/// A row of `team_key_wraps`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "team_key_wraps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_epoch: i32,
    pub wrap: Vec<u8>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
