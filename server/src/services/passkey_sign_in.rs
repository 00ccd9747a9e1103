//! Signing in with a passkey, and confirming a session with one.

use api_types::{
    ErrorCode,
    audit::Action,
    passkeys::{PasskeyConfirmation, PasskeySignIn},
};

use crate::{
    AppState, ServiceResult,
    audit::EventDraft,
    middleware::Caller,
    policy::Actor,
    services::{
        passkeys,
        sessions::{self, Proved},
        sign_in::{self, NewSession},
        throttle::{self, Known},
    },
    storage::{self, accounts},
};

/// `POST /sign-in/passkey`. A session of the same account that the request carries ends.
pub async fn sign_in(
    state: &AppState,
    carried: Option<Actor>,
    caller: Caller,
    body: PasskeySignIn,
) -> ServiceResult<NewSession> {
    let device = sessions::device(&body.device)?;
    let answered = passkeys::check(state, &body.assertion).await?;
    let account = answered.account;
    let mut tx = state.db.begin_write().await?;
    answered.take(state, &tx).await?;
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::PasskeyFailed)?;
    let carried = carried.filter(|actor| actor.account == account);
    let proved = Proved { second_factor: true, confirmed_at: None };
    let begun =
        sign_in::begin_instead(state, &mut tx, &row, carried.as_ref(), (body.carrier, device), caller, proved).await?;
    let event = EventDraft::anonymous(Action::SignIn).actor(account, Some(begun.row.id)).with("way", "passkey");
    tx.record(event.with("factor", answered.id)).await?;
    // The password, which unlocks next where the passkey can't, waits there for nobody else's guesses.
    let known = Caller { device: begun.device, ..caller };
    throttle::know_device(state, &tx, Known { of: row.email_key.as_bytes(), caller: known }).await?;
    sessions::tell_begun(&mut tx, &begun, carried.is_some());
    tx.commit().await?;
    sessions::changed(state, begun.row.account);
    NewSession::new(state, begun, row).await
}

/// `POST /session/confirmation/passkey`: in the place of password and second factor.
pub async fn confirm(state: &AppState, actor: &Actor, body: PasskeyConfirmation) -> ServiceResult<()> {
    let answered = passkeys::check(state, &body.assertion).await?;
    if answered.account != actor.account {
        return Err(ErrorCode::PasskeyFailed.into());
    }
    let mut tx = state.db.begin_write().await?;
    answered.take(state, &tx).await?;
    storage::sessions::prove_second_factor(tx.conn(), actor.session).await?;
    storage::sessions::confirm(tx.conn(), actor.session, state.clock.now()).await?;
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "confirmation");
    tx.record(event.with("factor", "passkey")).await?;
    tx.commit().await
}
