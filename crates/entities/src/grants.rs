//! Grants of the chain with what the server alone keeps: tries, redemption, revocation.

use sea_orm::entity::prelude::*;

/// A row of `grants`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grants")]
pub struct Model {
    /// 16 bytes, of the signed entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub report_id: Vec<u8>,
    /// Its entry.
    pub seq: i32,
    /// `account`, `code`, `bearer` or `team`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Account; absent for an unclaimed bearer grant and for a team's.
    pub recipient: Option<Vec<u8>>,
    /// Bearer grants.
    pub placeholder: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text")]
    pub right: String,
    pub versions_from: i32,
    /// Absent for all later ones.
    pub versions_to: Option<i32>,
    /// Grant.
    pub parent: Option<Vec<u8>>,
    /// Account.
    pub granted_by: Vec<u8>,
    pub created_at: i64,
    /// As signed; 0 for never.
    pub expires_at: i64,
    /// Earliest end of it and its parents; 0 for never.
    pub ends_at: i64,
    /// Code grants.
    pub tries_left: Option<i32>,
    /// The code was right; the seed isn't stored yet.
    pub proved_at: Option<i64>,
    /// Code and bearer grants.
    pub redeemed_at: Option<i64>,
    /// A new code was asked for.
    pub requested_at: Option<i64>,
    /// Itself or a parent was revoked.
    pub revoked_at: Option<i64>,
    /// Team.
    pub team_id: Option<Vec<u8>>,
    /// Epoch of the team's key that the chain says it is under.
    pub team_epoch: Option<i32>,
}

/// None are declared: storage joins by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
