//! Emergency contacts of accounts.

use sea_orm::entity::prelude::*;

/// A row of `emergency_contacts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "emergency_contacts")]
pub struct Model {
    /// 16 bytes: the way in that its words open.
    #[sea_orm(primary_key, auto_increment = false)]
    pub way_in_id: Vec<u8>,
    /// Who trusts.
    pub account_id: Vec<u8>,
    /// Whom.
    pub contact_id: Vec<u8>,
    /// As received.
    pub statement: Vec<u8>,
    /// The words, sealed to the contact.
    pub sealed: Vec<u8>,
    pub delay_days: i32,
    pub created_at: i64,
    pub accepted_at: Option<i64>,
    pub declined_at: Option<i64>,
    pub asked_at: Option<i64>,
    /// When the delay has run.
    pub opens_at: Option<i64>,
    /// When the contact was given the words.
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
