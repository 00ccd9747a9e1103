//! One's own second factors: list, add, remove; and the recovery codes beside them.

use api_types::{
    ErrorCode, SecondFactorId,
    audit::Action,
    live::LiveKind,
    second_factors::{
        ConfirmTotp, RecoveryCodes, SecondFactor, SecondFactorKind, SecondFactorList, StartTotp, TotpStarted,
    },
};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    live,
    mail::MailKind,
    policy::Actor,
    random,
    services::{
        confirmation, fields, notices, phones as own_phones, recovery_codes, second_factor, sessions, throttle,
    },
    storage::{
        self, accounts,
        db::WriteTx,
        passkeys, phones, policies,
        second_factors::{self, FactorRow},
    },
};

/// Most that an account has.
const MAX: usize = 10;

/// `GET /account/second-factors`.
pub async fn list(state: &AppState, actor: &Actor) -> ServiceResult<SecondFactorList> {
    let conn = state.db.read();
    let apps = second_factors::confirmed(conn, actor.account).await?.into_iter().map(|row| SecondFactor {
        id: row.id,
        kind: row.kind,
        label: row.label,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        way_in: None,
        weaker: false,
    });
    let passkeys = passkeys::of_account(conn, actor.account).await?.into_iter().map(|row| SecondFactor {
        id: row.id,
        kind: SecondFactorKind::Passkey,
        label: row.label,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        way_in: row.way_in,
        weaker: false,
    });
    let phone = phones::factor(conn, actor.account).await?.map(|row| SecondFactor {
        id: row.id,
        kind: SecondFactorKind::Phone,
        label: format!("…{}", row.number.ending()),
        created_at: row.verified_at,
        last_used_at: row.last_used_at,
        way_in: None,
        weaker: true,
    });
    let mut items: Vec<_> = apps.chain(passkeys).chain(phone).collect();
    items.sort_by_key(|factor| factor.created_at);
    let left = second_factors::codes_left(conn, actor.account).await?;
    let required = policies::second_factor_roles(conn).await?.contains(&actor.role);
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "second_factors")).await?;
    Ok(SecondFactorList { items, recovery_codes_left: u32::try_from(left).unwrap_or(u32::MAX), required })
}

/// `POST /account/second-factors/totp`.
pub async fn start_totp(state: &AppState, actor: &Actor, body: StartTotp) -> ServiceResult<TotpStarted> {
    let label = fields::short_text("/label", &body.label, 100)?;
    confirmation::confirmed_to_secure(state, actor).await?;
    let account = accounts::get(state.db.read(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    let factor = FactorRow {
        id: SecondFactorId(random::bytes()?),
        kind: SecondFactorKind::Totp,
        label,
        salt: random::bytes()?,
        last_step: 0,
        created_at: state.clock.now(),
        confirmed_at: None,
        last_used_at: None,
    };
    let codes = state.totp_key.codes(actor.account, factor.id, &factor.salt)?;
    let started =
        TotpStarted { id: factor.id, secret: codes.secret(), uri: codes.uri(&state.config.name, &account.email)? };
    let mut tx = state.db.begin_write().await?;
    if second_factors::confirmed(tx.conn(), actor.account).await?.len() >= MAX {
        return Err(ServiceError::because(ErrorCode::Conflict, format!("an account has at most {MAX} second factors")));
    }
    second_factors::begin(tx.conn(), actor.account, factor).await?;
    tx.record(change(actor, "second_factor_begun").with("factor", started.id)).await?;
    tx.commit().await?;
    Ok(started)
}

/// `POST /account/second-factors/{id}/confirm`. The first one brings recovery codes.
pub async fn confirm(
    state: &AppState,
    actor: &Actor,
    id: SecondFactorId,
    body: ConfirmTotp,
) -> ServiceResult<RecoveryCodes> {
    confirmation::confirmed_to_secure(state, actor).await?;
    throttle::count(state, throttle::Tried::SecondFactor, &actor.account.0).await?;
    let now = state.clock.now();
    let mut tx = confirmation::begin_write(state, actor).await?;
    let factors = second_factors::of_account(tx.conn(), actor.account).await?;
    let begun = factors.iter().find(|row| row.id == id && row.confirmed_at.is_none()).ok_or(ErrorCode::NotFound)?;
    let step = second_factor::fresh_step(state, actor.account, begun, &body.code)?;
    let step = step.ok_or(ErrorCode::SecondFactorWrong)?;
    let had_one = second_factor::has(tx.conn(), actor.account).await?;
    second_factors::take_step(tx.conn(), id, step, now).await?;
    second_factors::confirm(tx.conn(), id, now).await?;
    let codes = if !had_one { new_codes(state, actor, &tx).await? } else { Vec::new() };
    storage::sessions::prove_second_factor(tx.conn(), actor.session).await?;
    let ended = storage::sessions::delete_unproved(tx.conn(), actor.account, actor.session).await?;
    storage::api_tokens::delete_unproved(tx.conn(), actor.account).await?;
    throttle::forget(state, &tx, throttle::Tried::SecondFactor, &actor.account.0).await?;
    tx.record(change(actor, "second_factor_added").with("factor", id).with("sessions_ended", ended)).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::SecondFactorAdded).await?;
    tell_changed(&mut tx, actor);
    tx.commit().await?;
    sessions::changed(state, actor.account);
    Ok(RecoveryCodes { codes })
}

/// `DELETE /account/second-factors/{id}`. With the last one the recovery codes go.
pub async fn remove(state: &AppState, actor: &Actor, id: SecondFactorId) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    let mut tx = state.db.begin_write().await?;
    if own_phones::stop_factor(&tx, actor, id).await? {
        // The number stays the account's.
    } else if !second_factors::delete(tx.conn(), actor.account, id).await? {
        return Err(ErrorCode::NotFound.into());
    }
    after_removal(&tx, actor).await?;
    tx.record(change(actor, "second_factor_removed").with("factor", id)).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::SecondFactorRemoved).await?;
    tell_changed(&mut tx, actor);
    tx.commit().await?;
    sessions::changed(state, actor.account);
    Ok(())
}

/// After one was removed: with the last one the recovery codes go, where the role doesn't need one.
pub async fn after_removal(tx: &WriteTx, actor: &Actor) -> ServiceResult<()> {
    if second_factor::has(tx.conn(), actor.account).await? {
        return Ok(());
    }
    if policies::second_factor_roles(tx.conn()).await?.contains(&actor.role) {
        return Err(ServiceError::because(
            ErrorCode::Conflict,
            "your role needs a second factor: add another before you remove this one",
        ));
    }
    second_factors::delete_all(tx.conn(), actor.account).await?;
    storage::api_tokens::forget_second_factor(tx.conn(), actor.account).await?;
    Ok(storage::sessions::forget_second_factor(tx.conn(), actor.account).await?)
}

/// `POST /account/recovery-codes`: a new set; the old one counts no more.
pub async fn renew_codes(state: &AppState, actor: &Actor) -> ServiceResult<RecoveryCodes> {
    confirmation::confirmed(state, actor).await?;
    let mut tx = confirmation::begin_write(state, actor).await?;
    if !second_factor::has(tx.conn(), actor.account).await? {
        return Err(ServiceError::because(
            ErrorCode::Conflict,
            "recovery codes go with a second factor: add one first",
        ));
    }
    let codes = new_codes(state, actor, &tx).await?;
    tx.record(change(actor, "recovery_codes")).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::RecoveryCodesRenewed).await?;
    tell_changed(&mut tx, actor);
    tx.commit().await?;
    sessions::changed(state, actor.account);
    Ok(RecoveryCodes { codes })
}

/// New recovery codes in the place of those before.
pub async fn new_codes(state: &AppState, actor: &Actor, tx: &WriteTx) -> ServiceResult<Vec<String>> {
    let (codes, hashes) = recovery_codes::make()?;
    second_factors::put_codes(tx.conn(), actor.account, &hashes, state.clock.now()).await?;
    Ok(codes)
}

/// The event of a change of one's ways in.
pub fn change(actor: &Actor, what: &str) -> EventDraft {
    EventDraft::by(actor, Action::AccountChange).with("what", what)
}

/// Told with it. After its commit [`sessions::changed`] is due.
pub fn tell_changed(tx: &mut WriteTx, actor: &Actor) {
    sessions::tell_changed(tx, actor.account);
    tx.tell(actor.account, live::event(LiveKind::AccountChanged));
}
