//! OPAQUE password files (RFC 9807); useless without the OPRF seed, which lives outside.

use sea_orm::entity::prelude::*;

/// A row of `opaque_records`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opaque_records")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Vec<u8>,
    pub record: Vec<u8>,
    pub updated_at: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
