//! Accounts that were closed, or whose removal was asked for.

use sea_orm::entity::prelude::*;

/// A row of `closed_accounts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "closed_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Vec<u8>,
    /// `holder` or `organisation`.
    #[sea_orm(column_type = "Text")]
    pub closed_by: String,
    /// As received: signed by the account, or under the organisation key.
    pub statement: Vec<u8>,
    /// When it takes effect.
    pub due_at: i64,
    /// When it did; until then nothing is gone.
    pub closed_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
