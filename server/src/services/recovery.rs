//! The recovery kit sets a new password.
//!
//! Start gives a challenge for any e-mail; verify checks the kit's proof and only then gives out what the kit opens;
//! finish replaces password, ways in and keyring in one transaction and ends every other session.

use api_types::{
    AccountId, B64, ErrorCode,
    accounts::{WayIn, WayInKind},
    audit::Action,
    limits::CLIENT_STATE_MAX,
    recovery::{FinishRecovery, RecoveryStarted, RecoveryVerified, StartRecovery, VerifyRecovery},
};
use crypto::{
    account::{KeyChain, RecoveryProof},
    ids::{self, Hash32},
    sign::{PublicSigningKey, Signed},
};

use super::pending::Pending;
use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::MINUTE,
    error::is_unique_violation,
    middleware::Address,
    random,
    services::{
        account, fields, sessions,
        sign_in::NewSession,
        signed,
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
    /// The kit that was proved, as it was stored then.
    kit: Option<WayIn>,
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
    let recovery = Recovery { account, pair, challenge, kit: None };
    let recovery_id = state.recoveries.put(recovery)?;
    Ok(RecoveryStarted { recovery_id: B64(recovery_id.to_vec()), account_id, challenge: B64(challenge.to_vec()) })
}

/// `POST /recovery/verify`. One proof an attempt: a wrong one ends it.
pub async fn verify(state: &AppState, body: VerifyRecovery) -> ServiceResult<RecoveryVerified> {
    let (end, mut recovery) = state.recoveries.take_with_end(&body.recovery_id.0).ok_or(ErrorCode::RecoveryFailed)?;
    let (account, kit) = prove(state, &recovery, &body).await?;
    let response = state.opaque.registration_start(account, &body.registration_request.0)?;
    let row = accounts::get(state.db.read(), account).await?.ok_or(ErrorCode::RecoveryFailed)?;
    let own = account::own(state, row).await?;
    let event = EventDraft::anonymous(Action::Recover).actor(account, None).with("step", "verify");
    state.audit.record(event).await?;
    recovery.kit = Some(kit);
    state.recoveries.put_back(&body.recovery_id.0, end, recovery);
    Ok(RecoveryVerified { account: own, registration_response: B64(response) })
}

/// The account asked for and its kit, where the proof is by that.
async fn prove(state: &AppState, recovery: &Recovery, body: &VerifyRecovery) -> ServiceResult<(AccountId, WayIn)> {
    let failed = ServiceError::Refused(ErrorCode::RecoveryFailed);
    let Some(account) = recovery.account else { return Err(failed) };
    let ways = accounts::ways_in(state.db.read(), account).await?;
    let found = ways.into_iter().find_map(|way| Some((proof_key(&way)?, way)));
    let Some((key, kit)) = found else { return Err(failed) };
    let Ok(proof) = Signed::<RecoveryProof>::parse(&body.signature.0) else { return Err(failed) };
    let Ok(said) = proof.verify(&key) else { return Err(failed) };
    let expected = RecoveryProof {
        instance: ids::InstanceId(state.instance.instance_id),
        account: ids::AccountId(account.0),
        challenge: Hash32(recovery.challenge),
    };
    if *said == expected { Ok((account, kit)) } else { Err(failed) }
}

fn proof_key(way: &WayIn) -> Option<PublicSigningKey> {
    let key = way.proof_key.as_ref().filter(|_| way.kind == WayInKind::RecoveryKit)?;
    key.0.as_slice().try_into().ok().map(PublicSigningKey)
}

/// `POST /recovery/finish`.
pub async fn finish(state: &AppState, body: FinishRecovery) -> ServiceResult<NewSession> {
    let (end, recovery) = state.recoveries.take_with_end(&body.recovery_id.0).ok_or(ErrorCode::RecoveryFailed)?;
    let proved = recovery.account.zip(recovery.kit.as_ref());
    let (account, kit) = proved.ok_or(ErrorCode::RecoveryFailed)?;
    let recovery_id = body.recovery_id.clone();
    let done = replace(state, account, kit, &recovery.pair, body).await;
    match &done {
        // What was proved by the kit before counts no more.
        Ok(_) => state.recoveries.forget(|other| other.account == Some(account)),
        Err(ServiceError::Refused(ErrorCode::RecoveryFailed)) => {}
        // The kit was right: a body that can be mended may be sent again.
        Err(_) => state.recoveries.put_back(&recovery_id.0, end, recovery),
    }
    done
}

async fn replace(
    state: &AppState,
    account: AccountId,
    proved: &WayIn,
    pair: &Pair,
    body: FinishRecovery,
) -> ServiceResult<NewSession> {
    let now = state.clock.now();
    let chain = key_chain(state, account).await?;
    let password = signed::way_in("/password", body.password, WayInKind::Password, &chain, now)?;
    let kit = signed::way_in("/recovery_kit", body.recovery_kit, WayInKind::RecoveryKit, &chain, now)?;
    signed::keyring(&body.keyring.0)?;
    fields::blob("/client_state", &body.client_state.0, CLIENT_STATE_MAX)?;
    let counter = account::counter("/client_state_counter", body.client_state_counter)?;
    let record = state.opaque.registration_finish(&body.registration_upload.0)?;
    let device = sessions::device(&body.device)?;

    let mut tx = state.db.begin_write().await?;
    // Another recovery may have replaced the kit since it was proved.
    if !accounts::ways_in(tx.conn(), account).await?.contains(proved) {
        return Err(ErrorCode::RecoveryFailed.into());
    }
    if !accounts::put_client_state(tx.conn(), account, body.client_state.0, counter).await? {
        return Err(ErrorCode::CounterStale.into());
    }
    accounts::put_keyring(tx.conn(), account, body.keyring.0).await?;
    accounts::put_opaque_record(tx.conn(), account, record, now).await?;
    accounts::delete_ways_in(tx.conn(), account).await?;
    for way in [&password, &kit] {
        match accounts::insert_way_in(tx.conn(), account, way).await {
            Err(error) if is_unique_violation(&error) => return Err(ErrorCode::Conflict.into()),
            other => other?,
        }
    }
    let ended = storage::sessions::delete_others(tx.conn(), account, None).await?;
    let begun = sessions::begin(state, &tx, account, body.carrier, device).await?;
    let event = EventDraft::anonymous(Action::Recover).actor(account, Some(begun.row.id));
    tx.record(event.with("step", "finish").with("sessions_ended", ended)).await?;
    throttle::succeeded(state, &tx, pair).await?;
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::RecoveryFailed)?;
    tx.commit().await?;
    sessions::changed(state, account);
    NewSession::new(state, begun, row).await
}

async fn key_chain(state: &AppState, account: AccountId) -> ServiceResult<KeyChain> {
    let mut records = accounts::key_records_of(state.db.read(), &[account]).await?;
    let records = records.remove(&account).unwrap_or_default();
    KeyChain::parse(&ids::AccountId(account.0), &records)
        .map_err(|error| ServiceError::Internal(format!("stored key records of {account}: {error}")))
}
