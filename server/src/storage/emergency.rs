//! `emergency_contacts`.

use api_types::{AccountId, UnixMillis, WayInId, emergency::EmergencyState};
use entities::emergency_contacts::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::DbResult;

/// An emergency contact.
#[derive(Debug, Clone)]
pub struct EmergencyRow {
    /// The way in that its words open.
    pub way_in: WayInId,
    /// Who trusts.
    pub account: AccountId,
    /// Whom.
    pub contact: AccountId,
    /// As received.
    pub statement: Vec<u8>,
    /// The words, sealed to the contact.
    pub sealed: Vec<u8>,
    /// Days between asking and opening.
    pub delay_days: i32,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When the contact accepted.
    pub accepted_at: Option<UnixMillis>,
    /// When the contact declined.
    pub declined_at: Option<UnixMillis>,
    /// When it was asked for.
    pub asked_at: Option<UnixMillis>,
    /// When the delay has run.
    pub opens_at: Option<UnixMillis>,
    /// When the contact was given the words.
    pub given_at: Option<UnixMillis>,
    /// When it was last refused.
    pub refused_at: Option<UnixMillis>,
    /// How often.
    pub refusals: i32,
    /// Which of the messages about an asking were sent.
    pub told: i32,
}

impl EmergencyRow {
    /// As it is when nobody asks for it any more.
    pub fn unasked(self) -> Self {
        Self { asked_at: None, opens_at: None, ..self }
    }

    /// Where it stands at a time.
    pub fn state(&self, now: UnixMillis) -> EmergencyState {
        match (self.declined_at, self.accepted_at, self.opens_at) {
            (Some(_), ..) => EmergencyState::Declined,
            (_, None, _) => EmergencyState::Offered,
            (.., Some(opens_at)) if opens_at <= now => EmergencyState::Open,
            (.., Some(_)) => EmergencyState::Asked,
            (.., None) => EmergencyState::Accepted,
        }
    }
}

fn row(model: Model) -> DbResult<EmergencyRow> {
    const TABLE: &str = "emergency_contacts";
    Ok(EmergencyRow {
        way_in: WayInId(super::id(TABLE, "way_in_id", &model.way_in_id)?),
        account: AccountId(super::id(TABLE, "account_id", &model.account_id)?),
        contact: AccountId(super::id(TABLE, "contact_id", &model.contact_id)?),
        statement: model.statement,
        sealed: model.sealed,
        delay_days: model.delay_days,
        created_at: model.created_at,
        accepted_at: model.accepted_at,
        declined_at: model.declined_at,
        asked_at: model.asked_at,
        opens_at: model.opens_at,
        given_at: model.given_at,
        refused_at: model.refused_at,
        refusals: model.refusals,
        told: model.told,
    })
}

/// What changes of a row.
fn changing(row: &EmergencyRow) -> ActiveModel {
    ActiveModel {
        accepted_at: Set(row.accepted_at),
        declined_at: Set(row.declined_at),
        asked_at: Set(row.asked_at),
        opens_at: Set(row.opens_at),
        given_at: Set(row.given_at),
        refused_at: Set(row.refused_at),
        refusals: Set(row.refusals),
        told: Set(row.told),
        ..Default::default()
    }
}

/// Those that an account trusts, oldest first.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<EmergencyRow>> {
    let query = Entity::find().filter(Column::AccountId.eq(account.0.to_vec())).order_by_asc(Column::CreatedAt);
    query.all(conn).await?.into_iter().map(row).collect()
}

/// Those by which an account is trusted, oldest first.
pub async fn of_contact(conn: &impl ConnectionTrait, contact: AccountId) -> DbResult<Vec<EmergencyRow>> {
    let query = Entity::find().filter(Column::ContactId.eq(contact.0.to_vec())).order_by_asc(Column::CreatedAt);
    query.all(conn).await?.into_iter().map(row).collect()
}

/// One.
pub async fn get(conn: &impl ConnectionTrait, way_in: WayInId) -> DbResult<Option<EmergencyRow>> {
    Entity::find_by_id(way_in.0.to_vec()).one(conn).await?.map(row).transpose()
}

/// Those that were asked for, and whose last message wasn't sent yet.
pub async fn asked(conn: &impl ConnectionTrait, last: i32, limit: u64) -> DbResult<Vec<EmergencyRow>> {
    let query = Entity::find().filter(Column::AskedAt.is_not_null()).filter(Column::Told.lt(last)).limit(limit);
    query.all(conn).await?.into_iter().map(row).collect()
}

/// Stores a new one.
pub async fn insert(conn: &impl ConnectionTrait, row: &EmergencyRow) -> DbResult<()> {
    let model = ActiveModel {
        way_in_id: Set(row.way_in.0.to_vec()),
        account_id: Set(row.account.0.to_vec()),
        contact_id: Set(row.contact.0.to_vec()),
        statement: Set(row.statement.clone()),
        sealed: Set(row.sealed.clone()),
        delay_days: Set(row.delay_days),
        created_at: Set(row.created_at),
        ..changing(row)
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// Stores where it stands.
pub async fn put(conn: &impl ConnectionTrait, row: &EmergencyRow) -> DbResult<()> {
    let one = Entity::update_many().set(changing(row)).filter(Column::WayInId.eq(row.way_in.0.to_vec()));
    one.exec(conn).await.map(drop)
}

/// Removes one.
pub async fn delete(conn: &impl ConnectionTrait, way_in: WayInId) -> DbResult<()> {
    Entity::delete_by_id(way_in.0.to_vec()).exec(conn).await.map(drop)
}
