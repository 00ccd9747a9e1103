//! Each account's list of reports in order of change; rebuilt from the grants at every change.

use sea_orm::entity::prelude::*;

/// A row of `report_access`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_access")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: Vec<u8>,
    /// Grows with each change in this account's list.
    pub cursor: i64,
    /// `live` or `gone`.
    #[sea_orm(column_type = "Text")]
    pub state: String,
    /// The grant by which it is seen.
    pub grant_id: Option<Vec<u8>>,
    /// Newest version that the grant covers.
    pub version: i32,
    pub revision: i32,
    /// Of that grant; 0 for never.
    pub ends_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
