//! Escrow, from the organisation's side: its key, asking for an account, and after the delay what is sealed; and the messages
//! that go out while the delay runs. The server never learns the escrow words.

use api_types::{
    AccountId, B64, ErrorCode, UnixMillis, WayInId,
    accounts::{AccountStatus, PublicAccount},
    audit::Action,
    escrow::{AccountEscrow, EndEscrowKey, EscrowOverview, EscrowState, EscrowedAccount, EscrowedSecret, NewEscrowKey},
    limits::PAGE_DEFAULT,
};
use crypto::{
    account::{ESCROW_DELAY_DAYS, EscrowEnd, EscrowKey},
    ids::{Hash32, InstanceId},
    sign::PublicSigningKey,
};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::DAY,
    error::unique,
    mail::MailKind,
    policy::Actor,
    services::{
        asking::{self, BATCH, TOLD_OPEN},
        closing::of_now,
        confirmation,
        escrow::{keys, shown, tell},
        notices, verify,
    },
    storage::{
        self, accounts,
        db::WriteTx,
        escrow::{self, EscrowRow, KeyRow},
    },
};

fn invalid(error: &impl std::fmt::Display) -> ServiceError {
    ServiceError::because(ErrorCode::InvalidSignature, format!("statement: {error}"))
}

fn event(actor: &Actor, what: &str) -> EventDraft {
    EventDraft::by(actor, Action::AccountChange).with("what", what)
}

/// Who signs for the organisation, and of which instance it speaks.
async fn organisation(state: &AppState) -> ServiceResult<(PublicSigningKey, InstanceId)> {
    let instance = storage::instance::load(state.db.read()).await?;
    let key = instance.and_then(|row| row.organisation_key).ok_or(ErrorCode::Conflict)?;
    Ok((PublicSigningKey(key), InstanceId(state.instance.instance_id)))
}

/// `POST /admin/escrow/key`.
pub async fn make_key(state: &AppState, actor: &Actor, body: NewEscrowKey) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    let now = state.clock.now();
    let statement = verify::parse::<EscrowKey>("/statement", &body.statement.0)?;
    let (signer, here) = organisation(state).await?;
    let said = statement.verify_escrow_key(&signer, &here).map_err(|error| invalid(&error))?;
    of_now(said.time, now)?;
    let key_hash = said.public.hash().0;
    let mut tx = confirmation::begin_write(state, actor).await?;
    if escrow::present_key(tx.conn()).await?.is_some() {
        return Err(ServiceError::because(ErrorCode::Conflict, "end the present escrow key first"));
    }
    let newest = escrow::newest_key(tx.conn()).await?;
    // By their times clients know which of two keys is the newer.
    if newest.is_some_and(|newest| said.time <= newest.signed_at) {
        return Err(ServiceError::field("/statement", "it is not signed later than the escrow key before it"));
    }
    let row = KeyRow { key_hash, statement: body.statement.0, signed_at: said.time, end_statement: None };
    // A key that has ended isn't published anew.
    unique(escrow::insert_key(tx.conn(), &row).await)?;
    tx.record(event(actor, "escrow_key_made").with("key", hex::encode(key_hash))).await?;
    tx.commit().await
}

/// `POST /admin/escrow/key/end`: what was sealed to it is deleted, and whoever had it on is told.
pub async fn end_key(state: &AppState, actor: &Actor, body: EndEscrowKey) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    let now = state.clock.now();
    let statement = verify::parse::<EscrowEnd>("/statement", &body.statement.0)?;
    let (signer, here) = organisation(state).await?;
    let mut tx = state.db.begin_write().await?;
    let present = escrow::present_key(tx.conn()).await?;
    let present = present.ok_or_else(|| ServiceError::because(ErrorCode::Conflict, "there is no escrow key"))?;
    let of = Hash32(present.key_hash);
    let said = statement.verify_escrow_end(&signer, &here, &of).map_err(|error| invalid(&error))?;
    of_now(said.time, now)?;
    escrow::end_key(tx.conn(), &present.key_hash, body.statement.0, now).await?;
    let rows = escrow::under_key(tx.conn(), &present.key_hash).await?;
    for row in &rows {
        // When it was given out stays: whoever has it may keep it.
        let ended = EscrowRow { sealed: Vec::new(), ..row.clone().unasked() };
        escrow::put(tx.conn(), &ended).await?;
        notices::tell_id(state, &mut tx, row.account, MailKind::EscrowKeyEnded).await?;
    }
    let event = event(actor, "escrow_key_ended").with("key", hex::encode(present.key_hash));
    tx.record(event.with("accounts", rows.len())).await?;
    rows.iter().for_each(|row| tell(&mut tx, row));
    tx.commit().await
}

/// `GET /admin/escrow`.
pub async fn list(state: &AppState, actor: &Actor, before: Option<&str>) -> ServiceResult<EscrowOverview> {
    actor.may_administer()?;
    let before = before.map(parse_cursor).transpose()?;
    let limit = u64::from(PAGE_DEFAULT);
    let (key, ended) = keys(state).await?;
    let rows = escrow::list(state.db.read(), before, limit).await?;
    let full = rows.len() as u64 == limit;
    let next = rows.last().filter(|_| full).map(|row| format!("{}-{}", row.created_at, row.way_in));
    let ids: Vec<AccountId> = rows.iter().map(|row| row.account).collect();
    let event = EventDraft::by(actor, Action::LookUp).with("by", "escrows");
    state.audit.record(event.delivered(ids.iter().map(|id| &id.0[..]))).await?;
    let people = accounts::public_by_ids(state.db.read(), &ids).await?;
    let escrows = shown(state, rows).await?;
    let items = ids.into_iter().zip(escrows).map(|(id, escrow)| escrowed(&people, id, escrow));
    let items = items.collect::<ServiceResult<_>>()?;
    Ok(EscrowOverview { key, ended, items, next })
}

fn escrowed(people: &[PublicAccount], id: AccountId, escrow: AccountEscrow) -> ServiceResult<EscrowedAccount> {
    let account = people.iter().find(|account| account.id == id).cloned();
    let account = account.ok_or_else(|| ServiceError::Internal("an escrow of nobody".into()))?;
    Ok(EscrowedAccount { account, escrow })
}

fn parse_cursor(text: &str) -> ServiceResult<(UnixMillis, WayInId)> {
    let parse = || {
        let (time, id) = text.split_once('-')?;
        Some((time.parse().ok()?, id.parse().ok()?))
    };
    parse().ok_or_else(|| ServiceError::field("/before", "not a cursor that this list gave"))
}

/// An account that was switched off opens for nobody.
async fn not_disabled(tx: &WriteTx, account: AccountId) -> ServiceResult<()> {
    let owner = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::NotFound)?;
    match owner.status {
        AccountStatus::Disabled => Err(ServiceError::because(ErrorCode::EscrowNotOpen, "that account is disabled")),
        _ => Ok(()),
    }
}

/// `POST /admin/escrow/accounts/{account_id}/ask`: the delay begins, and its holder is told.
pub async fn ask(state: &AppState, actor: &Actor, account: AccountId) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    let now = state.clock.now();
    let mut tx = confirmation::begin_write(state, actor).await?;
    let row = escrow::of_account(tx.conn(), account).await?.ok_or(ErrorCode::NotFound)?;
    if account == actor.account {
        return Err(ServiceError::because(ErrorCode::Conflict, "nobody asks for their own account"));
    }
    if row.state(now) != EscrowState::On {
        return Err(ServiceError::because(ErrorCode::Conflict, "it can't be asked for as it stands"));
    }
    not_disabled(&tx, account).await?;
    if let Some(retry_at) = asking::again_at(row.refused_at, row.refusals).filter(|at| now < *at) {
        return Err(ServiceError::Throttled { retry_at });
    }
    let opens_at = now + i64::from(ESCROW_DELAY_DAYS) * DAY;
    // When it was given out after an earlier asking stays: whoever has it may keep it.
    let row =
        EscrowRow { asked_by: Some(actor.account), asked_at: Some(now), opens_at: Some(opens_at), told: 0, ..row };
    escrow::put(tx.conn(), &row).await?;
    let event = event(actor, "escrow_asked").with("account", account).with("way_in", row.way_in);
    tx.record(event.with("opens_at", opens_at)).await?;
    notices::tell_id(state, &mut tx, account, MailKind::EscrowAsked).await?;
    tell(&mut tx, &row);
    tx.commit().await
}

/// `POST /admin/escrow/accounts/{account_id}/secret`: once the delay has run, to an administrator who proved their password
/// lately.
pub async fn secret(state: &AppState, actor: &Actor, account: AccountId) -> ServiceResult<EscrowedSecret> {
    actor.may_administer()?;
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let mut row = escrow::of_account(tx.conn(), account).await?.ok_or(ErrorCode::NotFound)?;
    if row.state(now) != EscrowState::Open {
        return Err(ErrorCode::EscrowNotOpen.into());
    }
    not_disabled(&tx, account).await?;
    confirmation::confirmed(state, actor).await?;
    tx.record(event(actor, "escrow_given").with("account", account).with("way_in", row.way_in)).await?;
    // Told once for each asking.
    if row.given_at < row.asked_at {
        row.given_at = Some(now);
        escrow::put(tx.conn(), &row).await?;
        notices::tell_id(state, &mut tx, account, MailKind::EscrowGiven).await?;
    }
    tell(&mut tx, &row);
    tx.commit().await?;
    let people = accounts::public_by_ids(state.db.read(), &[account]).await?;
    let sealed = B64(row.sealed.clone());
    let shown = shown(state, vec![row]).await?.pop().ok_or(ErrorCode::NotFound)?;
    Ok(EscrowedSecret { of: escrowed(&people, account, shown)?, sealed })
}

/// One round: the messages that are due.
pub async fn remind(state: &AppState) -> ServiceResult<()> {
    let now = state.clock.now();
    let is_due = |row: &EscrowRow| {
        let times = row.asked_at.zip(row.opens_at);
        times.map(|(asked_at, opens_at)| asking::due(asked_at, opens_at, now)).filter(|due| *due > row.told)
    };
    for row in escrow::asked(state.db.read(), TOLD_OPEN, BATCH).await? {
        if is_due(&row).is_none() {
            continue;
        }
        let mut tx = state.db.begin_write().await?;
        // It may have been refused since.
        let Some(row) = escrow::get(tx.conn(), row.way_in).await? else { continue };
        let Some(told) = is_due(&row) else { continue };
        escrow::put(tx.conn(), &EscrowRow { told, ..row.clone() }).await?;
        notices::tell_id(state, &mut tx, row.account, MailKind::EscrowReminder).await?;
        if let (TOLD_OPEN, Some(asked_by)) = (told, row.asked_by) {
            notices::tell_id(state, &mut tx, asked_by, MailKind::EscrowOpen).await?;
        }
        tell(&mut tx, &row);
        tx.commit().await?;
    }
    Ok(())
}
