//! Signed rows that aren't what was signed.

use sea_orm::entity::prelude::*;

/// A row of `damaged_rows`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "damaged_rows")]
pub struct Model {
    /// Kind and key, for instance `event/17`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    /// The report that it is of.
    pub report_id: Option<Vec<u8>>,
    pub found_at: i64,
    /// When it was last looked at.
    pub looked_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
