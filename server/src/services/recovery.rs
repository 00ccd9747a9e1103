//! The recovery kit sets a new password; so do an emergency contact's words, while they are open.
//!
//! Start gives a challenge for any e-mail; verify checks the kit's proof and only then gives out what the kit opens;
//! finish replaces password, ways in and keyring in one transaction and ends every other session.

use api_types::{
    AccountId, B64, ErrorCode, UnixMillis,
    accounts::{AccountStatus, WayIn, WayInKind},
    audit::Action,
    recovery::{FinishRecovery, RecoveryStarted, RecoveryVerified, StartRecovery, VerifyRecovery},
};
use crypto::{
    account::RecoveryProof,
    ids::{self, Hash32},
    sign::{PublicSigningKey, Signed},
};

use sea_orm::ConnectionTrait;

use super::pending::Pending;
use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    clock::MINUTE,
    mail::MailKind,
    middleware::Address,
    random,
    services::{
        account, api_tokens, devices, emergency, fields, notices,
        rotation::Rotated,
        second_factor::{self, Beside},
        sessions,
        sign_in::{self, NewSession},
        throttle::{self, Pair},
    },
    storage::{self, accounts},
};

/// A recovery between start and finish.
#[derive(Debug, Clone)]
pub struct Recovery {
    account: Option<AccountId>,
    pair: Pair,
    challenge: [u8; 32],
    /// The kit, or way in by emergency contact, that was proved, as it was stored then.
    kit: Option<WayIn>,
    /// Whether a second factor was proved with it.
    second_factor: bool,
}

impl Recovery {
    /// Whether it is of this account.
    pub fn is_of(&self, account: AccountId) -> bool {
        self.account == Some(account)
    }
}

/// Those that wait: 15 minutes, in memory.
pub type Recoveries = Pending<Recovery>;

/// An empty set.
pub fn pending() -> Recoveries {
    Pending::new(15 * MINUTE)
}

/// `POST /recovery/start`.
pub async fn start(state: &AppState, from: Address, body: StartRecovery) -> ServiceResult<RecoveryStarted> {
    let email = fields::email("/email", &body.email)?;
    let pair = Pair::new(&email.key, from);
    throttle::count_recovery(state, &pair).await?;
    let account = accounts::id_by_email(state.db.read(), &email.key).await?;
    let challenge = random::bytes()?;
    let account_id = account.unwrap_or(state.opaque.pseudonym(&email.key));
    let recovery = Recovery { account, pair, challenge, kit: None, second_factor: false };
    let recovery_id = state.recoveries.put(recovery)?;
    Ok(RecoveryStarted { recovery_id: B64(recovery_id.to_vec()), account_id, challenge: B64(challenge.to_vec()) })
}

/// `POST /recovery/verify`. One proof an attempt: a wrong one ends it. The kit doesn't go around the second factor.
pub async fn verify(state: &AppState, body: VerifyRecovery) -> ServiceResult<RecoveryVerified> {
    let (end, mut recovery) = state.recoveries.take_with_end(&body.recovery_id.0).ok_or(ErrorCode::RecoveryFailed)?;
    let (account, kit) = prove(state, &recovery, &body).await?;
    let verified = match may_open(state.db.read(), &kit, state.clock.now()).await {
        Ok(()) => open(state, account, &body).await,
        Err(closed) => Err(closed),
    };
    match &verified {
        Ok((_, second_factor)) => {
            recovery.kit = Some(kit);
            recovery.second_factor = *second_factor;
            state.recoveries.put_back(&body.recovery_id.0, end, recovery);
        }
        Err(error) if sign_in::waits(error) => state.recoveries.put_back(&body.recovery_id.0, end, recovery),
        Err(_) => {}
    }
    verified.map(|(verified, _)| verified)
}

/// What the kit opens, and whether a second factor was proved.
async fn open(state: &AppState, account: AccountId, body: &VerifyRecovery) -> ServiceResult<(RecoveryVerified, bool)> {
    let response = state.opaque.registration_start(account, &body.registration_request.0)?;
    let asked = (Action::Recover, Beside::Anything);
    let proved = second_factor::check(state, account, body.second_factor.as_ref(), asked).await?;
    let row = accounts::get(state.db.read(), account).await?.ok_or(ErrorCode::RecoveryFailed)?;
    if row.status == AccountStatus::Disabled {
        return Err(ErrorCode::AccountDisabled.into());
    }
    let own = account::own(state, row).await?;
    let mut tx = state.db.begin_write().await?;
    let mut event = EventDraft::anonymous(Action::Recover).actor(account, None).with("step", "verify");
    if let Some(proved) = &proved {
        proved.take(state, &tx).await?;
        event = event.with("factor", enum_name(&proved.kind()));
    }
    tx.record(event).await?;
    tx.commit().await?;
    Ok((RecoveryVerified { account: own, registration_response: B64(response) }, proved.is_some()))
}

/// The account asked for and its kit, where the proof is by that.
async fn prove(state: &AppState, recovery: &Recovery, body: &VerifyRecovery) -> ServiceResult<(AccountId, WayIn)> {
    let failed = ServiceError::Refused(ErrorCode::RecoveryFailed);
    let Some(account) = recovery.account else { return Err(failed) };
    let ways = accounts::ways_in(state.db.read(), account).await?;
    let Ok(proof) = Signed::<RecoveryProof>::parse(&body.signature.0) else { return Err(failed) };
    let proved = |way: &WayIn| proof_key(way).is_some_and(|key| proof.verify(&key).is_ok());
    let Some(kit) = ways.into_iter().find(proved) else { return Err(failed) };
    let said = proof.claimed();
    let expected = RecoveryProof {
        instance: ids::InstanceId(state.instance.instance_id),
        account: ids::AccountId(account.0),
        challenge: Hash32(recovery.challenge),
    };
    if *said == expected { Ok((account, kit)) } else { Err(failed) }
}

fn proof_key(way: &WayIn) -> Option<PublicSigningKey> {
    let by_words = matches!(way.kind, WayInKind::RecoveryKit | WayInKind::EmergencyContact);
    let key = way.proof_key.as_ref().filter(|_| by_words)?;
    key.0.as_slice().try_into().ok().map(PublicSigningKey)
}

/// An emergency contact's words open nothing before their time, nor after a refusal.
async fn may_open(conn: &impl ConnectionTrait, way: &WayIn, now: UnixMillis) -> ServiceResult<()> {
    match way.kind {
        WayInKind::EmergencyContact => emergency::is_open(conn, way.id, now).await,
        _ => Ok(()),
    }
}

/// `POST /recovery/finish`.
pub async fn finish(state: &AppState, body: FinishRecovery) -> ServiceResult<NewSession> {
    let (end, recovery) = state.recoveries.take_with_end(&body.recovery_id.0).ok_or(ErrorCode::RecoveryFailed)?;
    let proved = recovery.account.zip(recovery.kit.as_ref());
    let (account, kit) = proved.ok_or(ErrorCode::RecoveryFailed)?;
    let recovery_id = body.recovery_id.clone();
    let done = replace(state, account, (kit, recovery.second_factor), &recovery.pair, body).await;
    match &done {
        // What was proved by the kit before counts no more.
        Ok(_) => state.recoveries.forget(|other| other.is_of(account)),
        Err(ServiceError::Refused(ErrorCode::RecoveryFailed)) => {}
        // The kit was right: a body that can be mended may be sent again.
        Err(_) => state.recoveries.put_back(&recovery_id.0, end, recovery),
    }
    done
}

async fn replace(
    state: &AppState,
    account: AccountId,
    (proved, second_factor): (&WayIn, bool),
    pair: &Pair,
    body: FinishRecovery,
) -> ServiceResult<NewSession> {
    let record = state.opaque.registration_finish(&body.registration_upload.0)?;
    let device = sessions::device(&body.device)?;
    let rotated = Rotated::check(state, account, body.rotation).await?;
    let mut tx = state.db.begin_write().await?;
    // Another recovery may have replaced the kit since it was proved.
    let stored = accounts::ways_in(tx.conn(), account).await?;
    if !stored.contains(proved) {
        return Err(ErrorCode::RecoveryFailed.into());
    }
    // A second factor may have been added since.
    if !second_factor && second_factor::has(tx.conn(), account).await? {
        return Err(ErrorCode::RecoveryFailed.into());
    }
    may_open(tx.conn(), proved, state.clock.now()).await?;
    // The words of an emergency contact serve once.
    let used = Some(proved.id).filter(|_| proved.kind == WayInKind::EmergencyContact);
    rotated.keeps_others(&stored, used)?;
    rotated.store(&tx).await?;
    let trusted = match used {
        Some(used) => storage::emergency::get(tx.conn(), used).await?,
        None => None,
    };
    if let Some(row) = &trusted {
        storage::emergency::delete(tx.conn(), row.way_in).await?;
    }
    accounts::put_opaque_record(tx.conn(), account, record, state.clock.now()).await?;
    let ended = storage::sessions::delete_others(tx.conn(), account, None).await?;
    devices::remember(state, &tx, account, body.carrier, &device).await?;
    let told = if used.is_some() { MailKind::EmergencyUsed } else { MailKind::AccountRecovered };
    notices::tell_id(state, &mut tx, account, told).await?;
    let proved_now = sessions::Proved { second_factor, confirmed_at: None };
    let begun = sessions::begin(state, &tx, account, (body.carrier, device), pair.from(), proved_now).await?;
    let event = EventDraft::anonymous(Action::Recover).actor(account, Some(begun.row.id));
    let mut event = event.with("step", "finish").with("way", enum_name(&proved.kind)).with("sessions_ended", ended);
    if let Some(row) = &trusted {
        event = event.with("contact", row.contact);
    }
    tx.record(event.with("tokens_ended", api_tokens::end_all(&tx, account).await?)).await?;
    throttle::succeeded(state, &tx, pair).await?;
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::RecoveryFailed)?;
    tx.commit().await?;
    sessions::began(state, &begun, false);
    if let Some(row) = &trusted {
        emergency::tell(state, row);
    }
    NewSession::new(state, begun, row).await
}
