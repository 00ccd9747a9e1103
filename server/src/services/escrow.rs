//! Escrow, from the side of the account: turned on, refused, turned off; and whether what was in escrow may open it.
//!
//! It is an account's own decision. The server holds what is sealed back until an administrator asked and the delay has run.

use api_types::{
    AccountId, B64, ErrorCode, UnixMillis, WayInId,
    accounts::{WayIn, WayInKind},
    audit::Action,
    escrow::{AccountEscrow, EndedEscrowKey, EscrowState, NewAccountEscrow, OwnEscrow, RemoveAccountEscrow},
    live::LiveKind,
};
use crypto::{account, encoding::sha256};
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
        escrow::{self, EscrowRow},
        ways_in,
    },
};

/// Largest sealed secret, bytes.
const SEALED_MAX: usize = 2048;

/// The holder's and the asking administrator's open pages hear of it.
pub(super) fn tell(tx: &mut WriteTx, row: &EscrowRow) {
    for account in std::iter::once(row.account).chain(row.asked_by) {
        tx.tell(account, live::event(LiveKind::EscrowChanged));
    }
}

/// Rows as their holders and administrators see them.
pub(super) async fn shown(state: &AppState, rows: Vec<EscrowRow>) -> ServiceResult<Vec<AccountEscrow>> {
    let now = state.clock.now();
    let hashes: Vec<_> = rows.iter().map(|row| row.key_hash).collect();
    let keys = escrow::keys(state.db.read(), &hashes).await?;
    let asking: Vec<AccountId> = rows.iter().filter_map(|row| row.asked_by).collect();
    let people = accounts::public_by_ids(state.db.read(), &asking).await?;
    let item = |row: EscrowRow| {
        let key = keys.iter().find(|key| key.key_hash == row.key_hash);
        let key = key.ok_or_else(|| ServiceError::Internal("an escrow under no key".into()))?;
        let again_at = asking::again_at(row.refused_at, row.refusals);
        Ok(AccountEscrow {
            state: row.state(now),
            way_in: row.way_in,
            statement: B64(row.statement),
            key: B64(key.statement.clone()),
            end: key.end_statement.clone().map(B64),
            created_at: row.created_at,
            asked_by: row.asked_by.and_then(|id| people.iter().find(|account| account.id == id).cloned()),
            asked_at: row.asked_at,
            opens_at: row.opens_at,
            given_at: row.given_at,
            refused_at: row.refused_at,
            ask_again_at: again_at.filter(|at| now < *at),
        })
    };
    rows.into_iter().map(item).collect()
}

/// The key that is offered, and the newest that has ended: in this order, so that one which ends meanwhile is never shown
/// after its end. Rows are read after both.
pub(super) async fn keys(state: &AppState) -> ServiceResult<(Option<B64>, Option<EndedEscrowKey>)> {
    let present = escrow::present_key(state.db.read()).await?;
    let ended = escrow::newest_ended_key(state.db.read()).await?;
    let ended = ended.and_then(|row| Some(EndedEscrowKey { key: B64(row.statement), end: B64(row.end_statement?) }));
    Ok((present.map(|row| B64(row.statement)), ended))
}

/// `GET /account/escrow`.
pub async fn own(state: &AppState, actor: &Actor) -> ServiceResult<OwnEscrow> {
    let (offered, ended) = keys(state).await?;
    let row = escrow::of_account(state.db.read(), actor.account).await?;
    let asked_by = row.as_ref().and_then(|row| row.asked_by);
    let event = EventDraft::by(actor, Action::LookUp).with("by", "escrow");
    state.audit.record(event.delivered(asked_by.iter().map(|id| &id.0[..]))).await?;
    let own = shown(state, row.into_iter().collect()).await?.pop();
    Ok(OwnEscrow { offered, ended, own })
}

/// `POST /account/escrow`.
pub async fn add(state: &AppState, actor: &Actor, body: NewAccountEscrow) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    fields::blob("/sealed", &body.sealed.0, SEALED_MAX)?;
    let chain = verify::keys_of(state.db.read(), actor.account).await?;
    let now = state.clock.now();
    let way = signed::way_in("/way_in", body.way_in, WayInKind::Escrow, &chain, now)?;
    let statement = verify::parse::<account::AccountEscrow>("/statement", &body.statement.0)?;
    let said = statement
        .verify_escrow(&chain)
        .map_err(|error| ServiceError::because(ErrorCode::InvalidSignature, format!("statement: {error}")))?;
    verify::not_ahead("/statement", said.time, now)?;
    if said.way_in.0 != way.id.0 || said.sealed_hash != sha256(&body.sealed.0) {
        return Err(ServiceError::field("/statement", "it is about another way in or another sealed secret"));
    }
    let row = EscrowRow {
        way_in: way.id,
        account: actor.account,
        key_hash: said.key_hash.0,
        statement: body.statement.0,
        sealed: body.sealed.0,
        created_at: now,
        asked_by: None,
        asked_at: None,
        opens_at: None,
        given_at: None,
        refused_at: None,
        refusals: 0,
        told: 0,
    };
    store(state, actor, &row, &way).await
}

async fn store(state: &AppState, actor: &Actor, row: &EscrowRow, way: &WayIn) -> ServiceResult<()> {
    let mut tx = confirmation::begin_write(state, actor).await?;
    let offered = escrow::present_key(tx.conn()).await?;
    if offered.is_none_or(|key| key.key_hash != row.key_hash) {
        return Err(ServiceError::because(ErrorCode::Conflict, "not the escrow key that is offered"));
    }
    if escrow::of_account(tx.conn(), actor.account).await?.is_some() {
        return Err(ServiceError::because(ErrorCode::Conflict, "escrow is on already"));
    }
    of_present_key(tx.conn(), actor, way).await?;
    unique(ways_in::insert(tx.conn(), actor.account, way).await)?;
    unique(escrow::insert(tx.conn(), row).await)?;
    let event = change(actor, "escrow_on").with("way_in", row.way_in);
    tx.record(event.with("key", hex::encode(row.key_hash))).await?;
    notices::tell_id(state, &mut tx, row.account, MailKind::EscrowOn).await?;
    tell(&mut tx, row);
    tx.tell(actor.account, live::event(LiveKind::AccountChanged));
    tx.commit().await
}

/// `POST /account/escrow/{way_in_id}/remove`.
pub async fn remove(state: &AppState, actor: &Actor, way_in: WayInId, body: RemoveAccountEscrow) -> ServiceResult<()> {
    confirmation::confirmed_to_secure(state, actor).await?;
    let rotated = Rotated::check(state, actor.account, body.rotation).await?;
    let mut tx = state.db.begin_write().await?;
    let row = escrow::get(tx.conn(), way_in).await?.ok_or(ErrorCode::NotFound)?;
    actor.may_end_escrow(row.account)?;
    escrow::delete(tx.conn(), way_in).await?;
    rotated.keeps(&tx, &[WayInKind::Password, WayInKind::RecoveryKit], Some(way_in)).await?;
    let event = change(actor, "escrow_off").with("way_in", way_in);
    tell(&mut tx, &row);
    rotation::finish(state, actor, tx, rotated, (event, MailKind::EscrowOff)).await
}

/// `POST /account/escrow/{way_in_id}/refuse`: also once it is open, as long as nobody used it.
pub async fn refuse(state: &AppState, actor: &Actor, way_in: WayInId) -> ServiceResult<()> {
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let row = escrow::get(tx.conn(), way_in).await?.ok_or(ErrorCode::NotFound)?;
    actor.may_end_escrow(row.account)?;
    if !matches!(row.state(now), EscrowState::Asked | EscrowState::Open) {
        return Err(ServiceError::because(ErrorCode::Conflict, "nobody asks for it"));
    }
    let refusals = row.refusals.saturating_add(1);
    let refused = EscrowRow { refused_at: Some(now), refusals, ..row.clone().unasked() };
    escrow::put(tx.conn(), &refused).await?;
    tx.record(change(actor, "escrow_refused").with("way_in", way_in)).await?;
    if let Some(asked_by) = row.asked_by {
        notices::tell_id(state, &mut tx, asked_by, MailKind::EscrowRefused).await?;
    }
    tell(&mut tx, &row);
    tx.commit().await
}

/// Whether whoever proves what was in escrow may open the account now.
pub async fn is_open(conn: &impl ConnectionTrait, way_in: WayInId, now: UnixMillis) -> ServiceResult<()> {
    let row = escrow::get(conn, way_in).await?;
    match row.is_some_and(|row| row.state(now) == EscrowState::Open) {
        true => Ok(()),
        false => Err(ErrorCode::EscrowNotOpen.into()),
    }
}
