//! Tiles of the verifiable log, each as wide as its tree reaches.

use sea_orm::entity::prelude::*;

/// A row of `log_tiles`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_tiles")]
pub struct Model {
    /// `events` or `keys`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub tree: String,
    /// Of a tile of hashes, from 0; −1 for the leaves' data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub level: i32,
    /// Its index in the level.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i64,
    /// 1 to 256 values: of 32 bytes, but the data of the keys tree, each `u16 BE length ‖ data`.
    pub hashes: Vec<u8>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
