//! A row a server that serves this database, under a lease.

use sea_orm::entity::prelude::*;

/// A row of `servers`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "servers")]
pub struct Model {
    /// 16 bytes, random; it lies in the server's data folder.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// Which database it serves: a copy of that one is another.
    #[sea_orm(column_type = "Text")]
    pub place: String,
    /// Rises with each start.
    pub fence: i64,
    /// Whether no other server may serve this database beside it.
    pub alone: bool,
    /// What has to be the same on all of them, as names and hashes.
    #[sea_orm(column_type = "Text")]
    pub settings: String,
    pub started_at: i64,
    /// Until when it counts as living, by the database's clock.
    pub lease_until: i64,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
