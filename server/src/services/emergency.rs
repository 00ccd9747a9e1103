//! Emergency contacts, from the side of the account that trusts: added, removed, refused; and whether one may open it.
//!
//! The delay is the server's word alone: it holds the sealed words back, and takes their proof only while they are open.

use api_types::{
    AccountId, B64, ErrorCode, UnixMillis, WayInId,
    accounts::{AccountStatus, WayIn, WayInKind},
    emergency::{EmergencyContact, EmergencyContactList, EmergencyState, NewEmergencyContact, RemoveEmergencyContact},
    live::LiveKind,
};
use crypto::{
    account::{self, KeyChain},
    encoding::sha256,
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    error::unique,
    live,
    mail::MailKind,
    policy::Actor,
    services::{
        asking, confirmation, fields, notices,
        passkeys::of_present_key,
        rotation::{self, Rotated},
        second_factors::change,
        signed, verify,
    },
    storage::{
        accounts,
        db::WriteTx,
        emergency::{self, EmergencyRow},
        ways_in,
    },
};

/// Most that an account has.
const MAX: usize = 5;
/// Largest sealed words, bytes.
const SEALED_MAX: usize = 2048;

/// Before then it can't be asked for again.
pub(super) fn ask_again_at(row: &EmergencyRow) -> Option<UnixMillis> {
    asking::again_at(row.refused_at, row.refusals)
}

/// Rows as one of the two sees them; `other` is whom they are shown.
pub(super) async fn shown(
    state: &AppState,
    rows: Vec<EmergencyRow>,
    other: impl Fn(&EmergencyRow) -> AccountId,
) -> ServiceResult<EmergencyContactList> {
    let now = state.clock.now();
    let ids: Vec<_> = rows.iter().map(&other).collect();
    let people = accounts::public_by_ids(state.db.read(), &ids).await?;
    let items = rows.into_iter().map(|row| {
        let account = people.iter().find(|account| account.id == other(&row)).cloned();
        let account = account.ok_or_else(|| ServiceError::Internal("an emergency contact of nobody".into()))?;
        Ok(EmergencyContact {
            account,
            state: row.state(now),
            ask_again_at: ask_again_at(&row).filter(|at| now < *at),
            way_in: row.way_in,
            statement: B64(row.statement),
            created_at: row.created_at,
            asked_at: row.asked_at,
            opens_at: row.opens_at,
            given_at: row.given_at,
            refused_at: row.refused_at,
        })
    });
    Ok(EmergencyContactList { items: items.collect::<ServiceResult<_>>()? })
}

/// Both sides' open pages hear of it.
pub(super) fn tell(tx: &mut WriteTx, row: &EmergencyRow) {
    for account in [row.account, row.contact] {
        tx.tell(account, live::event(LiveKind::EmergencyChanged));
    }
}

/// `GET /account/emergency-contacts`.
pub async fn list(state: &AppState, actor: &Actor) -> ServiceResult<EmergencyContactList> {
    let rows = emergency::of_account(state.db.read(), actor.account).await?;
    let event = EventDraft::by(actor, api_types::audit::Action::LookUp).with("by", "emergency_contacts");
    state.audit.record(event.delivered(rows.iter().map(|row| &row.contact.0[..]))).await?;
    shown(state, rows, |row| row.contact).await
}

/// `POST /account/emergency-contacts`.
pub async fn add(state: &AppState, actor: &Actor, body: NewEmergencyContact) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    fields::blob("/sealed", &body.sealed.0, SEALED_MAX)?;
    let chain = verify::keys_of(state.db.read(), actor.account).await?;
    let now = state.clock.now();
    let way = signed::way_in("/way_in", body.way_in, WayInKind::EmergencyContact, &chain, now)?;
    let statement = verify::parse::<account::EmergencyContact>("/statement", &body.statement.0)?;
    let said = statement
        .verify_emergency(&chain)
        .map_err(|error| ServiceError::because(ErrorCode::InvalidSignature, format!("statement: {error}")))?;
    verify::not_ahead("/statement", said.time, now)?;
    if said.way_in.0 != way.id.0 || said.sealed_hash != sha256(&body.sealed.0) {
        return Err(ServiceError::field("/statement", "it is about another way in or other sealed words"));
    }
    let contact = AccountId(said.contact.0);
    may_be_contact(state.db.read(), said).await?;
    let row = EmergencyRow {
        way_in: way.id,
        account: actor.account,
        contact,
        statement: body.statement.0,
        sealed: body.sealed.0,
        delay_days: i32::from(said.delay_days),
        created_at: now,
        accepted_at: None,
        declined_at: None,
        asked_at: None,
        opens_at: None,
        given_at: None,
        refused_at: None,
        refusals: 0,
        told: 0,
    };
    store(state, actor, (&row, said), &way).await
}

async fn store(
    state: &AppState,
    actor: &Actor,
    (row, said): (&EmergencyRow, &account::EmergencyContact),
    way: &WayIn,
) -> ServiceResult<()> {
    let mut tx = confirmation::begin_write(state, actor).await?;
    // They may have been deleted or disabled meanwhile, or have made new keys.
    may_be_contact(tx.conn(), said).await?;
    if emergency::of_account(tx.conn(), actor.account).await?.len() >= MAX {
        return Err(ServiceError::because(
            ErrorCode::Conflict,
            format!("an account has at most {MAX} emergency contacts"),
        ));
    }
    of_present_key(tx.conn(), actor, way).await?;
    unique(ways_in::insert(tx.conn(), actor.account, way).await)?;
    unique(emergency::insert(tx.conn(), row).await)?;
    let event = change(actor, "emergency_contact_added").with("way_in", row.way_in).with("contact", row.contact);
    tx.record(event.with("delay_days", row.delay_days)).await?;
    notices::tell_id(state, &mut tx, row.account, MailKind::EmergencyContactAdded).await?;
    notices::tell_id(state, &mut tx, row.contact, MailKind::EmergencyOffered).await?;
    tell(&mut tx, row);
    tx.tell(actor.account, live::event(LiveKind::AccountChanged));
    tx.commit().await
}

/// The newest keys of somebody who is to be trusted: they exist, and may act.
pub(super) async fn keys_of_contact(conn: &impl ConnectionTrait, contact: AccountId) -> ServiceResult<KeyChain> {
    let row = accounts::get(conn, contact).await?.ok_or(ErrorCode::NotFound)?;
    match row.status {
        AccountStatus::Active => {}
        AccountStatus::Deleted => return Err(ErrorCode::AccountDeleted.into()),
        AccountStatus::Disabled => return Err(ErrorCode::RecipientDisabled.into()),
        AccountStatus::Pending | AccountStatus::Refused => {
            return Err(ServiceError::because(ErrorCode::Conflict, "the contact's account is not active"));
        }
    }
    verify::keys_of(conn, contact).await
}

/// The contact exists, may act, and the words are sealed to their newest key.
async fn may_be_contact(conn: &impl ConnectionTrait, said: &account::EmergencyContact) -> ServiceResult<()> {
    let keys = keys_of_contact(conn, AccountId(said.contact.0)).await?;
    if keys.epoch() != said.contact_epoch || !said.names_key_of(&keys) {
        return Err(ServiceError::field("/statement", "not the contact's newest key"));
    }
    Ok(())
}

/// `POST /account/emergency-contacts/{way_in_id}/remove`.
pub async fn remove(
    state: &AppState,
    actor: &Actor,
    way_in: WayInId,
    body: RemoveEmergencyContact,
) -> ServiceResult<()> {
    confirmation::confirmed_to_secure(state, actor).await?;
    let rotated = Rotated::check(state, actor.account, body.rotation).await?;
    let mut tx = state.db.begin_write().await?;
    let row = emergency::get(tx.conn(), way_in).await?.ok_or(ErrorCode::NotFound)?;
    actor.may_refuse_emergency(row.account)?;
    emergency::delete(tx.conn(), way_in).await?;
    rotated.keeps(&tx, &[WayInKind::Password, WayInKind::RecoveryKit], Some(way_in)).await?;
    let event = change(actor, "emergency_contact_removed").with("way_in", way_in).with("contact", row.contact);
    tell(&mut tx, &row);
    rotation::finish(state, actor, tx, rotated, (event, MailKind::EmergencyContactRemoved)).await
}

/// `POST /account/emergency-contacts/{way_in_id}/refuse`: also once it is open, as long as nobody used it.
pub async fn refuse(state: &AppState, actor: &Actor, way_in: WayInId) -> ServiceResult<()> {
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let row = emergency::get(tx.conn(), way_in).await?.ok_or(ErrorCode::NotFound)?;
    actor.may_refuse_emergency(row.account)?;
    if !matches!(row.state(now), EmergencyState::Asked | EmergencyState::Open) {
        return Err(ServiceError::because(ErrorCode::Conflict, "nobody asks for it"));
    }
    let refusals = row.refusals.saturating_add(1);
    let row = EmergencyRow { refused_at: Some(now), refusals, ..row.unasked() };
    emergency::put(tx.conn(), &row).await?;
    tx.record(change(actor, "emergency_refused").with("way_in", way_in).with("contact", row.contact)).await?;
    notices::tell_id(state, &mut tx, row.contact, MailKind::EmergencyRefused).await?;
    tell(&mut tx, &row);
    tx.commit().await
}

/// Whether whoever proves the words of a way in may open the account now.
pub async fn is_open(conn: &impl ConnectionTrait, way_in: WayInId, now: UnixMillis) -> ServiceResult<()> {
    let row = emergency::get(conn, way_in).await?;
    let row = row.filter(|row| row.state(now) == EmergencyState::Open).ok_or(ErrorCode::EmergencyNotOpen)?;
    let contact = accounts::get(conn, row.contact).await?;
    match contact.is_some_and(|contact| contact.status == AccountStatus::Active) {
        true => Ok(()),
        false => Err(ErrorCode::EmergencyNotOpen.into()),
    }
}
