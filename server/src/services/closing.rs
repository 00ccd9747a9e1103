//! The end of an account. Its holder's signed word ends it at once, and every report that it owns with it; the organisation's
//! does so 30 days later, for somebody who can't act any more. All of it is one transaction: nothing can stop half-way.
//!
//! What stays is an empty row with the account's public keys, by which others verify what it signed, and the signed word.

use api_types::{
    AccountId, ErrorCode, UnixMillis,
    accounts::{AccountStatus, Role},
    audit::Action,
    closing::{CheckDeletion, ClosedBy, DeleteAccount, PauseAccount, RemovalDue, RemoveAccount},
    live::LiveKind,
};
use crypto::{
    account::{AccountClosing, AccountRemoval},
    ids,
    sign::PublicSigningKey,
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::DAY,
    live,
    mail::MailKind,
    policy::Actor,
    services::{
        access::Changed,
        api_tokens, confirmation, erasure, fields,
        notices::{self, Notice},
        recovery,
        second_factors::change,
        sessions, teams, uploads,
        verify::{self, CLOCK_LEEWAY},
    },
    storage::{
        self,
        accounts::{self, AccountRow},
        closing::{self, ClosingRow},
        db::WriteTx,
        former_addresses,
    },
};

/// Latest that a removal may take effect: what was signed must not lie around for years.
const REMOVAL_MAX: UnixMillis = 31 * DAY;
/// Most removals in one round of upkeep.
const BATCH: u64 = 20;

fn invalid(error: &impl std::fmt::Display) -> ServiceError {
    ServiceError::because(ErrorCode::InvalidSignature, format!("statement: {error}"))
}

/// What closes an account is said now, so that an old statement closes nothing.
pub(super) fn of_now(time: UnixMillis, now: UnixMillis) -> ServiceResult<()> {
    verify::not_ahead("/statement", time, now)?;
    if time < now - CLOCK_LEEWAY {
        return Err(ServiceError::field("/statement", "its time is long past; is this device's clock right?"));
    }
    Ok(())
}

/// Somebody must be left who can approve others.
async fn not_the_last(conn: &impl ConnectionTrait, row: &AccountRow) -> ServiceResult<()> {
    if row.role != Role::Administrator || row.status != AccountStatus::Active {
        return Ok(());
    }
    let active = accounts::active_with_role(conn, Role::Administrator).await?;
    if active.iter().any(|id| *id != row.id) { Ok(()) } else { Err(ErrorCode::LastAdministrator.into()) }
}

/// Nobody is left behind in a team that nobody could change. Who isn't active signs no roster, and may go all the same.
async fn not_alone_with_a_team(conn: &impl ConnectionTrait, row: &AccountRow) -> ServiceResult<()> {
    if row.status != AccountStatus::Active {
        return Ok(());
    }
    let alone = teams::managed_alone(conn, row.id).await?;
    match alone.is_empty() {
        true => Ok(()),
        false => Err(ServiceError::because(ErrorCode::SoleTeamManager, alone.join(", "))),
    }
}

/// Nobody does this to another account than they mean.
fn typed(email: &str, row: &AccountRow) -> ServiceResult<()> {
    match fields::email("/email", email)?.key == row.email_key {
        true => Ok(()),
        false => Err(ServiceError::field("/email", "is not this account's address")),
    }
}

/// Whether an account's holder, who typed this address, may have it deleted or paused.
async fn may_go(conn: &impl ConnectionTrait, email: &str, row: &AccountRow) -> ServiceResult<()> {
    typed(email, row)?;
    not_the_last(conn, row).await?;
    not_alone_with_a_team(conn, row).await
}

/// `POST /account/deletion/check`: for all who may delete.
pub async fn check(state: &AppState, actor: &Actor, body: CheckDeletion) -> ServiceResult<()> {
    confirmation::confirmed_to_secure(state, actor).await?;
    let row = accounts::get(state.db.read(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    may_go(state.db.read(), &body.email, &row).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "deletion_check")).await
}

/// `POST /account/deletion`: also for who waits for approval, was refused, or is in breach of a policy.
pub async fn delete(state: &AppState, actor: &Actor, body: DeleteAccount) -> ServiceResult<()> {
    confirmation::confirmed_to_secure(state, actor).await?;
    let now = state.clock.now();
    let chain = verify::keys_of(state.db.read(), actor.account).await?;
    let statement = verify::parse::<AccountClosing>("/statement", &body.statement.0)?;
    let instance = ids::InstanceId(state.instance.instance_id);
    let said = statement.verify_closing(&instance, &chain).map_err(|error| invalid(&error))?;
    of_now(said.time, now)?;
    let mut tx = state.db.begin_write().await?;
    let row = accounts::get(tx.conn(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    if row.status == AccountStatus::Deleted {
        return Err(ErrorCode::SignedOut.into());
    }
    may_go(tx.conn(), &body.email, &row).await?;
    // Another device may have made new keys meanwhile.
    if verify::keys_of(tx.conn(), actor.account).await?.epoch() != chain.epoch() {
        return Err(ErrorCode::CounterStale.into());
    }
    let closing = ClosingRow {
        account: row.id,
        by: ClosedBy::Holder,
        statement: body.statement.0,
        due_at: now,
        closed_at: Some(now),
    };
    closing::insert(tx.conn(), &closing).await?;
    let changed = carry_out(state, &mut tx, &row, Some(actor)).await?;
    tell(&mut tx, row.id, &changed).await?;
    tx.commit().await?;
    sessions::changed(state, row.id);
    erasure::truncate_wal(state).await;
    Ok(())
}

/// Takes everything away, in the caller's transaction, which also holds the statement.
async fn carry_out(
    state: &AppState,
    tx: &mut WriteTx,
    row: &AccountRow,
    actor: Option<&Actor>,
) -> ServiceResult<Vec<Changed>> {
    let now = state.clock.now();
    let event = |action| actor.map_or_else(|| EventDraft::anonymous(action), |actor| EventDraft::by(actor, action));
    let mut changed = Vec::new();
    for report in closing::owned(tx.conn(), row.id).await? {
        changed.push(erasure::wipe(tx.conn(), report, now).await?);
        tx.record(erasure::dated(state, event(Action::Erase).on(report).with("with_account", row.id))).await?;
    }
    for upload in storage::uploads::of_account(tx.conn(), row.id).await? {
        uploads::discard(tx.conn(), &upload, now).await?;
    }
    teams::hide_left_empty(tx.conn(), row.id).await?;
    let label = state.labels.label(&row.email_key)?;
    closing::forget(tx.conn(), row.id, &row.email_key, now).await?;
    // The tree of keys binds the address for ever, so nobody else gets it.
    former_addresses::leave(tx.conn(), &label, row.id, now).await?;
    let done = event(Action::AccountChange).with("what", "deleted").with("account", row.id);
    tx.record(erasure::dated(state, done.with("reports_erased", changed.len()))).await?;
    // The last message: of the account there is nothing left that it could be about.
    let to = notices::address(row);
    notices::queue(state, tx, Notice { kind: MailKind::AccountDeleted, account: None, subject: None, to }).await?;
    Ok(changed)
}

/// Open pages of the account and of everybody who had its reports hear of it, and no recovery under way goes on. After the
/// commit [`sessions::changed`] is due.
async fn tell(tx: &mut WriteTx, account: AccountId, changed: &[Changed]) -> ServiceResult<()> {
    recovery::forget_of(tx, account).await?;
    sessions::tell_changed(tx, account);
    tx.tell(account, live::event(LiveKind::AccountChanged));
    changed.iter().for_each(|changed| changed.tell(tx));
    Ok(())
}

/// `POST /account/disable`: its holder pauses it. An administrator enables it again.
pub async fn pause(state: &AppState, actor: &Actor, body: PauseAccount) -> ServiceResult<()> {
    actor.active()?;
    confirmation::confirmed(state, actor).await?;
    let mut tx = state.db.begin_write().await?;
    let row = accounts::get(tx.conn(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    if row.status != AccountStatus::Active {
        return Err(ErrorCode::AccountDisabled.into());
    }
    may_go(tx.conn(), &body.email, &row).await?;
    accounts::set_status(tx.conn(), row.id, AccountStatus::Disabled, None).await?;
    let ended = storage::sessions::delete_others(tx.conn(), row.id, None).await?;
    let tokens = api_tokens::end_all(&tx, row.id).await?;
    let event = change(actor, "paused").with("sessions_ended", ended).with("tokens_ended", tokens);
    tx.record(event).await?;
    notices::tell(state, &mut tx, &row, MailKind::AccountPaused).await?;
    tell(&mut tx, row.id, &[]).await?;
    tx.commit().await?;
    sessions::changed(state, row.id);
    Ok(())
}

/// `POST /admin/accounts/{id}/removal`: for a disabled account, whose holder is told and has 30 days to have it enabled.
pub async fn request_removal(
    state: &AppState,
    actor: &Actor,
    id: AccountId,
    body: RemoveAccount,
) -> ServiceResult<RemovalDue> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    let now = state.clock.now();
    let statement = verify::parse::<AccountRemoval>("/statement", &body.statement.0)?;
    let instance = storage::instance::load(state.db.read()).await?;
    let key = instance.and_then(|row| row.organisation_key).ok_or(ErrorCode::Conflict)?;
    let here = ids::InstanceId(state.instance.instance_id);
    let said = statement.verify_removal(&PublicSigningKey(key), &here, &ids::AccountId(id.0));
    let said = said.map_err(|error| invalid(&error))?;
    of_now(said.time, now)?;
    if said.effective_at > now + REMOVAL_MAX {
        return Err(ServiceError::field("/statement", "takes effect later than in 31 days"));
    }
    let mut tx = state.db.begin_write().await?;
    let row = accounts::get(tx.conn(), id).await?.ok_or(ErrorCode::NotFound)?;
    if row.status != AccountStatus::Disabled {
        return Err(ServiceError::because(ErrorCode::Conflict, "disable the account first"));
    }
    closing::withdraw(tx.conn(), id).await?;
    let due_at = said.effective_at;
    let closing =
        ClosingRow { account: id, by: ClosedBy::Organisation, statement: body.statement.0, due_at, closed_at: None };
    closing::insert(tx.conn(), &closing).await?;
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "removal_asked").with("account", id);
    tx.record(event.with("due", due_at)).await?;
    notices::tell(state, &mut tx, &row, MailKind::AccountRemovalAsked).await?;
    tx.commit().await?;
    Ok(RemovalDue { removal_at: due_at })
}

/// Removals whose day has come; each in a transaction of its own. One that fails holds up no other.
pub async fn remove_due(state: &AppState) -> ServiceResult<()> {
    for account in closing::due(state.db.read(), state.clock.now(), BATCH).await? {
        if let Err(error) = remove(state, account).await {
            tracing::error!(%error, "an account whose removal is due could not be removed");
        }
    }
    Ok(())
}

async fn remove(state: &AppState, account: AccountId) -> ServiceResult<()> {
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    // Since it was listed it may have been taken back, and asked for anew.
    let waiting = closing::waiting(tx.conn(), &[account]).await?;
    if waiting.get(&account).is_none_or(|due| *due > now) {
        return Ok(());
    }
    let row = accounts::get(tx.conn(), account).await?.filter(|row| row.status == AccountStatus::Disabled);
    let Some(row) = row else {
        closing::withdraw(tx.conn(), account).await?;
        return tx.commit().await;
    };
    closing::done(tx.conn(), account, now).await?;
    let changed = carry_out(state, &mut tx, &row, None).await?;
    tell(&mut tx, account, &changed).await?;
    tx.commit().await?;
    sessions::changed(state, account);
    erasure::truncate_wal(state).await;
    Ok(())
}
