//! The audit: append-only, hash-chained; holds every field that the hash covers.

use sea_orm::entity::prelude::*;

/// A row of `audit_events`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    /// Position in the whole log, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub time: i64,
    /// Account.
    pub actor: Option<Vec<u8>>,
    pub session: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text")]
    pub action: String,
    #[sea_orm(column_type = "Text")]
    pub outcome: String,
    pub report_id: Option<Vec<u8>>,
    /// Position in the report's own chain, from 0.
    pub report_seq: Option<i64>,
    /// Hash before it in that chain.
    pub report_prev: Option<Vec<u8>>,
    /// Ids and numbers only.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// Ids that a list delivered, concatenated; the subject carries their number and SHA-256.
    pub details: Option<Vec<u8>>,
    /// SHA-256 of the event.
    pub hash: Vec<u8>,
    /// Chain value of the whole log after it; empty where old events before it may have been removed.
    pub chain: Vec<u8>,
    /// Of its leaf in the log, 32 random bytes; absent in an event of an earlier version that no leaf stands for yet.
    pub salt: Option<Vec<u8>>,
    /// Of a reading: the reader's signed request.
    pub request: Option<Vec<u8>>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
