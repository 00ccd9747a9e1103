//! The password again, before something that a thief of an open session must not do.

use api_types::{
    ErrorCode,
    audit::Action,
    sessions::{FinishConfirmation, StartConfirmation},
    sign_in::SignInStarted,
};

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
    storage::{self, accounts},
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
pub async fn finish(state: &AppState, actor: &Actor, body: FinishConfirmation) -> ServiceResult<()> {
    let mut pending = state.sign_ins.take(&body.sign_in_id.0).ok_or(ErrorCode::SignInFailed)?;
    if pending.confirms != Some(actor.session) {
        return Err(ErrorCode::SignInFailed.into());
    }
    state.opaque.sign_in_finish(&pending.state, &body.credential_finalization.0)?;
    let done = confirm(state, actor, &pending, &body).await;
    if done.as_ref().is_err_and(sign_in::waits) {
        let end = pending.waits_until();
        state.sign_ins.put_back(&body.sign_in_id.0, end, pending);
    }
    done
}

async fn confirm(
    state: &AppState,
    actor: &Actor,
    pending: &PendingSignIn,
    body: &FinishConfirmation,
) -> ServiceResult<()> {
    let (caller, attempt) = (pending.pair.caller(), &body.sign_in_id.0[..]);
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
    throttle::succeeded(state, &tx, &pending.pair).await?;
    tx.record(event).await?;
    tx.commit().await
}

/// Whether the session was confirmed lately.
pub async fn confirmed(state: &AppState, actor: &Actor) -> ServiceResult<()> {
    let session = storage::sessions::get(state.db.read(), actor.session).await?;
    let session = session.ok_or(ServiceError::Refused(ErrorCode::SignedOut))?;
    Ok(actor.may_change_ways_in(session.confirmed_at, state.clock.now())?)
}
