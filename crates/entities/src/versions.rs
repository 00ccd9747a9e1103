//! Revisions of versions; immutable but for being superseded.

use sea_orm::entity::prelude::*;

/// A row of `versions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i32,
    /// Who sealed it.
    pub author: Vec<u8>,
    pub created_at: i64,
    /// A newer revision took its place.
    pub superseded_at: Option<i64>,
    /// SHA-256 of the manifest as received.
    pub manifest_hash: Vec<u8>,
    /// As received.
    pub manifest: Vec<u8>,
    /// Ciphertext.
    pub part0: Vec<u8>,
    /// Sealed.
    pub statement: Vec<u8>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
