//! What is demanded of each role.

use sea_orm::entity::prelude::*;

/// A row of `role_policies`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_policies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub role: String,
    /// Whether its people need a second factor.
    pub second_factor: bool,
    pub updated_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
