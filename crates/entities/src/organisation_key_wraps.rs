//! The organisation key's seed, wrapped to each administrator.

use sea_orm::entity::prelude::*;

/// A row of `organisation_key_wraps`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organisation_key_wraps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Vec<u8>,
    pub wrap: Vec<u8>,
    pub created_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
