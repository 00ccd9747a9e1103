//! Whoever a team's newest roster names, with what they said to it.

use sea_orm::entity::prelude::*;

/// A row of `team_members`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "team_members")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Vec<u8>,
    pub manager: bool,
    /// `invited`, `member` or `left`.
    #[sea_orm(column_type = "Text")]
    pub state: String,
    /// Epoch of the team's key when they joined last.
    pub since_epoch: i32,
    /// Signed by whoever left.
    pub leave_statement: Option<Vec<u8>>,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
