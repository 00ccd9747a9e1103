//! The password again, before something that a thief of an open session must not do.

use api_types::{
    ErrorCode,
    audit::Action,
    sessions::{FinishConfirmation, StartConfirmation},
    sign_in::SignInStarted,
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    middleware::Caller,
    policy::Actor,
    services::{
        second_factor::{self, Asks, Beside},
        sign_in::{self, PendingSignIn},
        throttle,
    },
    storage::{self, accounts, db::WriteTx, sessions::SessionRow},
};

/// `POST /session/confirmation/start`.
pub async fn start(
    state: &AppState,
    actor: &Actor,
    caller: Caller,
    body: StartConfirmation,
) -> ServiceResult<SignInStarted> {
    let row = accounts::get(state.db.read(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    let pair = throttle::Pair::new(&row.email_key, caller);
    sign_in::begin(state, pair, &body.credential_request.0, Some(actor.session)).await
}

/// `POST /session/confirmation/finish`.
pub async fn finish(state: &AppState, actor: &Actor, caller: Caller, body: FinishConfirmation) -> ServiceResult<()> {
    let pending = sign_in::take(state, &body.sign_in_id.0).await?;
    if pending.confirms != Some(actor.session) {
        return Err(ErrorCode::SignInFailed.into());
    }
    pending.prove(state, &body.sign_in_id.0, &body.credential_finalization.0).await?;
    let done = confirm(state, actor, caller, &pending, &body).await;
    if done.as_ref().is_err_and(sign_in::waits) {
        pending.wait_on(state, &body.sign_in_id.0).await?;
    }
    done
}

async fn confirm(
    state: &AppState,
    actor: &Actor,
    caller: Caller,
    pending: &PendingSignIn,
    body: &FinishConfirmation,
) -> ServiceResult<()> {
    let attempt = &body.sign_in_id.0[..];
    let asks = Asks { action: Action::AccountChange, beside: Beside::Anything, caller, attempt };
    let proved = second_factor::check(state, actor.account, body.second_factor.as_ref(), asks).await?;
    let mut tx = state.db.begin_write().await?;
    pending.still_holds(&tx, actor.account).await?;
    let mut event = EventDraft::by(actor, Action::AccountChange).with("what", "confirmation");
    if let Some(proved) = &proved {
        proved.take(state, &tx).await?;
        storage::sessions::prove_second_factor(tx.conn(), actor.session).await?;
        event = event.with("factor", enum_name(&proved.kind()));
    }
    storage::sessions::confirm(tx.conn(), actor.session, state.clock.now()).await?;
    let row = accounts::get(tx.conn(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    throttle::succeeded(state, &tx, &throttle::Pair::new(&row.email_key, caller)).await?;
    tx.record(event).await?;
    tx.commit().await
}

/// Whether the session was confirmed lately, for a change.
pub async fn confirmed(state: &AppState, actor: &Actor) -> ServiceResult<()> {
    let session = present(state, actor).await?;
    Ok(actor.may_change_ways_in(session.confirmed_at, state.clock.now())?)
}

/// Likewise for what secures the account, which whoever is in breach of a policy may do.
pub async fn confirmed_to_secure(state: &AppState, actor: &Actor) -> ServiceResult<()> {
    let session = present(state, actor).await?;
    Ok(actor.may_secure_ways_in(session.confirmed_at, state.clock.now())?)
}

/// Likewise for ending other sessions of one's own.
pub async fn confirmed_to_end(state: &AppState, actor: &Actor) -> ServiceResult<()> {
    let session = present(state, actor).await?;
    Ok(actor.may_end_sessions(session.confirmed_at, state.clock.now())?)
}

/// Begins the transaction of what a confirmed session may do ([`still`]).
pub async fn begin_write(state: &AppState, actor: &Actor) -> ServiceResult<WriteTx> {
    let tx = state.db.begin_write().await?;
    still(tx.conn(), actor).await?;
    Ok(tx)
}

/// In the transaction of what a confirmed session may do: one that was ended since must leave nothing behind by which whoever had it
/// gets in again, or stays.
pub async fn still(conn: &impl ConnectionTrait, actor: &Actor) -> ServiceResult<()> {
    in_table(conn, actor).await.map(drop)
}

async fn present(state: &AppState, actor: &Actor) -> ServiceResult<SessionRow> {
    in_table(state.db.read(), actor).await
}

async fn in_table(conn: &impl ConnectionTrait, actor: &Actor) -> ServiceResult<SessionRow> {
    let session = storage::sessions::get(conn, actor.session).await?;
    session.ok_or(ServiceError::Refused(ErrorCode::SignedOut))
}
