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
    /// What the account's list has delivered last; 0 before anything.
    pub listed_version: i32,
    pub listed_revision: i32,
    // From here on copies, so that a page of the list is read from here: of the report,
    pub creator: Option<Vec<u8>>,
    pub owner: Option<Vec<u8>>,
    pub created_at: Option<i64>,
    pub updated_at: Option<i64>,
    pub access_head: Option<Vec<u8>>,
    // of the grant,
    #[sea_orm(column_type = "Text", nullable)]
    pub right: Option<String>,
    pub expires_at: Option<i64>,
    pub team_id: Option<Vec<u8>>,
    pub seed: Option<Vec<u8>>,
    /// of the content key, wrapped for it,
    pub wrap: Option<Vec<u8>>,
    /// and of the version's sealed fields, where they are small. Like all of them absent where the state is `gone`.
    pub manifest: Option<Vec<u8>>,
    pub part0: Option<Vec<u8>>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
