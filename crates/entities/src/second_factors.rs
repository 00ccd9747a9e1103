//! Second factors of accounts.

use sea_orm::entity::prelude::*;

/// A row of `second_factors`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factors")]
pub struct Model {
    /// 16 bytes, random.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub account_id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    #[sea_orm(column_type = "Text")]
    pub label: String,
    /// 32 bytes; with a key outside the database they give the app's secret.
    pub salt: Vec<u8>,
    /// The newest step whose code was taken: none counts twice.
    pub last_step: i64,
    pub created_at: i64,
    /// Absent until its first code was right.
    pub confirmed_at: Option<i64>,
    pub last_used_at: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
