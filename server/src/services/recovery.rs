//! The recovery kit sets a new password; so do an emergency contact's words and what was in escrow,
//! while they are open, and recovery shares together.
//!
//! Start gives a challenge for any e-mail; verify checks the kit's proof and only then gives out what the kit opens;
//! finish replaces password, ways in and keyring in one transaction and ends every other session.

use std::hint::black_box;

use api_types::{
    AccountId, B64, ErrorCode, UnixMillis, WayInId,
    accounts::{AccountStatus, WayIn, WayInKind},
    audit::Action,
    recovery::{FinishRecovery, RecoveryStarted, RecoveryVerified, StartRecovery, VerifyRecovery},
    recovery_shares::NamedSplit,
};
use crypto::{
    account::RecoveryProof,
    ids::{self, Hash32},
    sign::{PublicSigningKey, Signed},
};

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::pending::Pending;
use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    clock::MINUTE,
    mail::MailKind,
    middleware::Caller,
    random,
    services::{
        account, api_tokens, devices, emergency, escrow, fields, notices, recovery_shares,
        rotation::Rotated,
        second_factor::{self, Asks, Beside},
        sessions,
        sign_in::{self, NewSession},
        throttle::{self, Pair},
    },
    storage::{
        self, accounts, ceremonies::CeremonyKind, db::WriteTx, emergency::EmergencyRow, escrow::EscrowRow,
        recovery_shares::ShareRow, ways_in,
    },
};

/// So many keys are tried at each proof, which is as many as an account has ways in of that kind, and a few: the time tells neither
/// how many there are nor whether there is an account.
const KEYS_TRIED: usize = 10;
/// A key that is nobody's: Ed25519's base point.
const NOBODYS_KEY: PublicSigningKey = PublicSigningKey({
    let mut point = [0x66; 32];
    point[0] = 0x58;
    point
});

/// A recovery between start and finish.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recovery {
    account: Option<AccountId>,
    /// What the proof names in its place.
    pseudonym: AccountId,
    challenge: [u8; 32],
    /// The kit, or way in by emergency contact, recovery shares or escrow, that was proved.
    kit: Option<ProvedWay>,
    /// Whether a second factor was proved with it.
    second_factor: bool,
}

/// A way in that was proved, as it was stored then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct ProvedWay {
    id: WayInId,
    /// SHA-256 of all of it.
    sha256: [u8; 32],
}

impl ProvedWay {
    fn of(way: &WayIn) -> ServiceResult<Self> {
        let bytes = serde_json::to_vec(way).map_err(|error| ServiceError::Internal(format!("a way in: {error}")))?;
        Ok(Self { id: way.id, sha256: Sha256::digest(&bytes).into() })
    }

    /// The same, if it is stored still.
    fn among(self, stored: &[WayIn]) -> ServiceResult<&WayIn> {
        let way = stored.iter().find(|way| way.id == self.id).ok_or(ErrorCode::RecoveryFailed)?;
        if Self::of(way)? == self { Ok(way) } else { Err(ErrorCode::RecoveryFailed.into()) }
    }
}

/// Those that wait: 15 minutes.
static PENDING: Pending<Recovery> = Pending::new(CeremonyKind::Recovery, 15 * MINUTE);

/// What was proved for an account by an old way in counts no more; in the caller's transaction.
pub async fn forget_of(tx: &WriteTx, account: AccountId) -> ServiceResult<()> {
    Ok(PENDING.forget_of(tx.conn(), account).await?)
}

/// `POST /recovery/start`. Takes the same steps whether the account exists or not, and never tells its id: by that anybody would
/// find its entries in the log of keys.
pub async fn start(state: &AppState, caller: Caller, body: StartRecovery) -> ServiceResult<RecoveryStarted> {
    let email = fields::email("/email", &body.email)?;
    let pair = Pair::new(&email.key, caller);
    throttle::count_recovery(state, &pair).await?;
    let account = accounts::id_by_email(state.db.read(), &email.key).await?;
    let challenge = random::bytes()?;
    let pseudonym = state.opaque.pseudonym(&email.key);
    let split = match &body.split {
        Some(id) => Some(shown(state, account.unwrap_or(pseudonym), &id.0).await?),
        None => None,
    };
    let recovery = Recovery { account, pseudonym, challenge, kit: None, second_factor: false };
    let recovery_id = random::bytes::<32>()?;
    PENDING.put(state, &recovery_id, account, &recovery).await?;
    Ok(RecoveryStarted { recovery_id: B64(recovery_id.to_vec()), pseudonym, challenge: B64(challenge.to_vec()), split })
}

/// The split that whoever has one of its shares can name: by it they learn which share is a wrong one.
async fn shown(state: &AppState, account: AccountId, id: &[u8]) -> ServiceResult<NamedSplit> {
    let split = recovery_shares::named(state.db.read(), account, id).await?;
    let event = EventDraft::anonymous(Action::Recover).actor(account, None).with("step", "start");
    state.audit.record(event.with("way", enum_name(&WayInKind::RecoveryShares))).await?;
    Ok(split)
}

/// Whether a way in of this kind is proved by a key of its own, and sets a new password.
pub fn recovers(kind: WayInKind) -> bool {
    match kind {
        WayInKind::RecoveryKit | WayInKind::EmergencyContact | WayInKind::RecoveryShares | WayInKind::Escrow => true,
        WayInKind::Password | WayInKind::Passkey => false,
    }
}

/// `POST /recovery/verify`. One proof an attempt: a wrong one ends it. The kit doesn't go around the second factor.
pub async fn verify(state: &AppState, caller: Caller, body: VerifyRecovery) -> ServiceResult<RecoveryVerified> {
    let taken = PENDING.take(state, &body.recovery_id.0).await?.ok_or(ErrorCode::RecoveryFailed)?;
    let (ends_at, recovery) = (taken.ends_at, taken.value);
    let (account, kit) = prove(state, &recovery, &body).await?;
    let verified = match may_open(state.db.read(), &kit, state.clock.now()).await {
        Ok(()) => {
            let attempt = Recovery { kit: Some(ProvedWay::of(&kit)?), ..recovery.clone() };
            open(state, (account, ends_at), attempt, caller, &body).await
        }
        Err(closed) => Err(closed),
    };
    if verified.as_ref().is_err_and(sign_in::waits) {
        PENDING.put_until(state, &body.recovery_id.0, (Some(account), ends_at), &recovery).await?;
    }
    verified
}

/// What the kit opens. The attempt goes on with it, in the transaction that takes the second factor: no code is used up for one that
/// a server that is killed would lose.
async fn open(
    state: &AppState,
    (account, ends_at): (AccountId, UnixMillis),
    attempt: Recovery,
    caller: Caller,
    body: &VerifyRecovery,
) -> ServiceResult<RecoveryVerified> {
    let response = state.opaque.registration_start(account, &body.registration_request.0)?;
    let asks = Asks { action: Action::Recover, beside: Beside::Anything, caller, attempt: &body.recovery_id.0 };
    let proved = second_factor::check(state, account, body.second_factor.as_ref(), asks).await?;
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
    let attempt = Recovery { second_factor: proved.is_some(), ..attempt };
    PENDING.put_with(tx.conn(), &body.recovery_id.0, (Some(account), ends_at), &attempt).await?;
    tx.commit().await?;
    Ok(RecoveryVerified { account: own, registration_response: B64(response) })
}

/// The account asked for and its kit, where the proof is by that. For an e-mail that nobody has the same is done.
async fn prove(state: &AppState, recovery: &Recovery, body: &VerifyRecovery) -> ServiceResult<(AccountId, WayIn)> {
    let failed = ServiceError::Refused(ErrorCode::RecoveryFailed);
    let ways = ways_in::proved(state.db.read(), recovery.account.unwrap_or(recovery.pseudonym)).await?;
    let Ok(proof) = Signed::<RecoveryProof>::parse(&body.signature.0) else { return Err(failed) };
    let proved = recovery.account.zip(signer(ways, &proof));
    let expected = RecoveryProof {
        instance: ids::InstanceId(state.instance.instance_id),
        account: ids::AccountId(recovery.pseudonym.0),
        challenge: Hash32(recovery.challenge),
    };
    proved.filter(|_| *proof.claimed() == expected).ok_or(failed)
}

/// The way in whose key signed. None is left out because another did.
fn signer(ways: Vec<WayIn>, proof: &Signed<RecoveryProof>) -> Option<WayIn> {
    let (mut found, mut tried) = (None, 0);
    for way in ways {
        let Some(key) = proof_key(&way) else { continue };
        tried += 1;
        if proof.verify(&key).is_ok() {
            found = Some(way);
        }
    }
    for _ in tried..KEYS_TRIED {
        black_box(proof.verify(&NOBODYS_KEY).is_ok());
    }
    found
}

fn proof_key(way: &WayIn) -> Option<PublicSigningKey> {
    let key = way.proof_key.as_ref().filter(|_| recovers(way.kind))?;
    key.0.as_slice().try_into().ok().map(PublicSigningKey)
}

/// An emergency contact's words, and what was in escrow, open nothing before their time, nor after a refusal.
async fn may_open(conn: &impl ConnectionTrait, way: &WayIn, now: UnixMillis) -> ServiceResult<()> {
    match way.kind {
        WayInKind::EmergencyContact => emergency::is_open(conn, way.id, now).await,
        WayInKind::Escrow => escrow::is_open(conn, way.id, now).await,
        _ => Ok(()),
    }
}

/// `POST /recovery/finish`.
pub async fn finish(state: &AppState, caller: Caller, body: FinishRecovery) -> ServiceResult<NewSession> {
    let caller = caller.beginning(body.carrier)?;
    let taken = PENDING.take(state, &body.recovery_id.0).await?.ok_or(ErrorCode::RecoveryFailed)?;
    let (ends_at, recovery) = (taken.ends_at, taken.value);
    let (account, kit) = recovery.account.zip(recovery.kit).ok_or(ErrorCode::RecoveryFailed)?;
    let recovery_id = body.recovery_id.clone();
    let done = replace(state, account, (kit, recovery.second_factor), caller, body).await;
    match &done {
        Ok(_) | Err(ServiceError::Refused(ErrorCode::RecoveryFailed)) => {}
        // The kit was right: a body that can be mended may be sent again.
        Err(_) => PENDING.put_until(state, &recovery_id.0, (Some(account), ends_at), &recovery).await?,
    }
    done
}

async fn replace(
    state: &AppState,
    account: AccountId,
    (kit, second_factor): (ProvedWay, bool),
    caller: Caller,
    body: FinishRecovery,
) -> ServiceResult<NewSession> {
    let record = state.opaque.registration_finish(&body.registration_upload.0)?;
    let device = sessions::device(&body.device)?;
    let rotated = Rotated::check(state, account, body.rotation).await?;
    let mut tx = state.db.begin_write().await?;
    // Another recovery may have replaced the kit since it was proved.
    let stored = ways_in::of(tx.conn(), account).await?;
    let proved = kit.among(&stored)?;
    // It may have been switched off since.
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::RecoveryFailed)?;
    if row.status == AccountStatus::Disabled {
        return Err(ErrorCode::AccountDisabled.into());
    }
    // A second factor may have been added since.
    if !second_factor && second_factor::has(tx.conn(), account).await? {
        return Err(ErrorCode::RecoveryFailed.into());
    }
    may_open(tx.conn(), proved, state.clock.now()).await?;
    let used = Used::up(&tx, proved).await?;
    rotated.keeps_others(&stored, used.way_in())?;
    rotated.store(&tx).await?;
    ways_in::put_opaque_record(tx.conn(), account, record, state.clock.now()).await?;
    let ended = storage::sessions::delete_others(tx.conn(), account, None).await?;
    devices::remember(state, &tx, account, caller.device).await?;
    notices::tell_id(state, &mut tx, account, used.mail()).await?;
    let proved_now = sessions::Proved { second_factor, confirmed_at: None };
    let begun = sessions::begin(state, &tx, account, (body.carrier, device), caller, proved_now).await?;
    let event = EventDraft::anonymous(Action::Recover).actor(account, Some(begun.row.id));
    let mut event = event.with("step", "finish").with("way", enum_name(&proved.kind)).with("sessions_ended", ended);
    if let Used::Contact(row) = &used {
        event = event.with("contact", row.contact);
    }
    if let Used::Escrow(row) = &used
        && let Some(asked_by) = row.asked_by
    {
        event = event.with("asked_by", asked_by);
    }
    tx.record(event.with("tokens_ended", api_tokens::end_all(&tx, account).await?)).await?;
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::RecoveryFailed)?;
    throttle::succeeded(state, &tx, &Pair::new(&row.email_key, caller)).await?;
    forget_of(&tx, account).await?;
    sessions::tell_begun(&mut tx, &begun, false);
    used.tell(&mut tx, account);
    tx.commit().await?;
    sessions::changed(state, account);
    NewSession::new(state, begun, row).await
}

/// What opened the account, and what of it is gone then: a kit stays, everything else serves once.
enum Used {
    Kit,
    Contact(Box<EmergencyRow>),
    Shares(WayInId, Vec<ShareRow>),
    Escrow(Box<EscrowRow>),
}

impl Used {
    async fn up(tx: &WriteTx, proved: &WayIn) -> ServiceResult<Self> {
        match proved.kind {
            WayInKind::EmergencyContact => {
                let row = storage::emergency::get(tx.conn(), proved.id).await?.ok_or(ErrorCode::RecoveryFailed)?;
                storage::emergency::delete(tx.conn(), row.way_in).await?;
                Ok(Self::Contact(Box::new(row)))
            }
            WayInKind::RecoveryShares => {
                let shares = storage::recovery_shares::shares(tx.conn(), proved.id).await?;
                storage::recovery_shares::delete(tx.conn(), proved.id).await?;
                Ok(Self::Shares(proved.id, shares))
            }
            WayInKind::Escrow => {
                let row = storage::escrow::get(tx.conn(), proved.id).await?.ok_or(ErrorCode::RecoveryFailed)?;
                storage::escrow::delete(tx.conn(), row.way_in).await?;
                Ok(Self::Escrow(Box::new(row)))
            }
            _ => Ok(Self::Kit),
        }
    }

    fn way_in(&self) -> Option<WayInId> {
        match self {
            Self::Kit => None,
            Self::Contact(row) => Some(row.way_in),
            Self::Shares(way_in, _) => Some(*way_in),
            Self::Escrow(row) => Some(row.way_in),
        }
    }

    fn mail(&self) -> MailKind {
        match self {
            Self::Kit => MailKind::AccountRecovered,
            Self::Contact(_) => MailKind::EmergencyUsed,
            Self::Shares(..) => MailKind::RecoverySharesUsed,
            Self::Escrow(_) => MailKind::EscrowUsed,
        }
    }

    fn tell(&self, tx: &mut WriteTx, account: AccountId) {
        match self {
            Self::Kit => {}
            Self::Contact(row) => emergency::tell(tx, row),
            Self::Escrow(row) => escrow::tell(tx, row),
            Self::Shares(_, shares) => {
                recovery_shares::tell(tx, account, shares.iter().map(|share| share.contact));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_is_nobodys_is_as_much_work_as_any() {
        // One that is no point, or of small order, is refused before anything is computed.
        let refused = NOBODYS_KEY.verify(b"anything", &[0; 64]);
        assert_eq!(refused, Err(crypto::sign::VerifyError::BadSignature));
    }
}
