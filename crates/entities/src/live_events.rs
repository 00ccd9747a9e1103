//! What open pages are told, for a while: ids only.

use sea_orm::entity::prelude::*;

/// A row of `live_events`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "live_events")]
pub struct Model {
    /// Rises in the order of the commits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// 8 bytes, random: tells this row from one that a database had under this id before it was set back.
    pub nonce: Vec<u8>,
    /// Whom it is for.
    pub account_id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    pub report_id: Option<Vec<u8>>,
    pub grant_id: Option<Vec<u8>>,
    pub session_id: Option<Vec<u8>>,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
