//! Mail that waits to be sent, or couldn't be.

use sea_orm::entity::prelude::*;

/// A row of `outbox`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// 16 bytes, random; the Message-ID too.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Whom it tells; absent for whoever is invited.
    pub account_id: Option<Vec<u8>>,
    /// The verification or invitation that its link belongs to.
    pub subject: Option<Vec<u8>>,
    /// As typed.
    #[sea_orm(column_type = "Text")]
    pub address: String,
    /// Normalised.
    #[sea_orm(column_type = "Text")]
    pub address_key: String,
    pub created_at: i64,
    /// Not tried before.
    pub due_at: i64,
    /// Tries so far that failed.
    pub attempts: i32,
    /// Until then some server has it in hand.
    pub leased_until: i64,
    /// When it was given up.
    pub failed_at: Option<i64>,
    /// Since when the mail server refuses it, or whom it is for, or puts it off, without the time for which that failed.
    pub refused_since: Option<i64>,
    /// Since when the mail server fails, where that is what it waits for.
    pub failing_since: Option<i64>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
