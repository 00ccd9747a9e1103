//! What accounts put in escrow with the organisation.

use sea_orm::entity::prelude::*;

/// A row of `account_escrows`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_escrows")]
pub struct Model {
    /// 16 bytes: the way in that the sealed secret opens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub way_in_id: Vec<u8>,
    /// Whose.
    pub account_id: Vec<u8>,
    /// The escrow key that it is sealed to.
    pub key_hash: Vec<u8>,
    /// As received.
    pub statement: Vec<u8>,
    /// The secret, sealed to the escrow key; empty once that key has ended.
    pub sealed: Vec<u8>,
    pub created_at: i64,
    /// The administrator who asked.
    pub asked_by: Option<Vec<u8>>,
    pub asked_at: Option<i64>,
    /// When the delay has run.
    pub opens_at: Option<i64>,
    /// When an administrator was given the sealed secret.
    pub given_at: Option<i64>,
    pub refused_at: Option<i64>,
    /// How often it was refused.
    pub refusals: i32,
    /// Which of the messages about an asking were sent.
    pub told: i32,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
