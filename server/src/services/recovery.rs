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
    storage::{self, accounts, db::WriteTx, emergency::EmergencyRow, escrow::EscrowRow, recovery_shares::ShareRow},
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
#[derive(Debug, Clone)]
pub struct Recovery {
    account: Option<AccountId>,
    /// The id that was answered with: that account's, or the pseudonym of an e-mail that nobody has.
    answered: AccountId,
    pair: Pair,
    challenge: [u8; 32],
    /// The kit, or way in by emergency contact, recovery shares or escrow, that was proved, as it was stored then.
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
pub async fn start(state: &AppState, caller: Caller, body: StartRecovery) -> ServiceResult<RecoveryStarted> {
    let email = fields::email("/email", &body.email)?;
    let pair = Pair::new(&email.key, caller);
    throttle::count_recovery(state, &pair).await?;
    let account = accounts::id_by_email(state.db.read(), &email.key).await?;
    let challenge = random::bytes()?;
    let account_id = account.unwrap_or(state.opaque.pseudonym(&email.key));
    let split = match &body.split {
        Some(id) => Some(shown(state, account_id, &id.0).await?),
        None => None,
    };
    let answered = account_id;
    let recovery = Recovery { account, answered, pair, challenge, kit: None, second_factor: false };
    let recovery_id = state.recoveries.put(recovery)?;
    Ok(RecoveryStarted {
        recovery_id: B64(recovery_id.to_vec()),
        account_id,
        challenge: B64(challenge.to_vec()),
        split,
    })
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
pub async fn verify(state: &AppState, body: VerifyRecovery) -> ServiceResult<RecoveryVerified> {
    let (end, mut recovery) = state.recoveries.take_with_end(&body.recovery_id.0).ok_or(ErrorCode::RecoveryFailed)?;
    let (account, kit) = prove(state, &recovery, &body).await?;
    let verified = match may_open(state.db.read(), &kit, state.clock.now()).await {
        Ok(()) => open(state, account, recovery.pair.caller(), &body).await,
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
async fn open(
    state: &AppState,
    account: AccountId,
    caller: Caller,
    body: &VerifyRecovery,
) -> ServiceResult<(RecoveryVerified, bool)> {
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
    tx.commit().await?;
    Ok((RecoveryVerified { account: own, registration_response: B64(response) }, proved.is_some()))
}

/// The account asked for and its kit, where the proof is by that. For an e-mail that nobody has the same is done.
async fn prove(state: &AppState, recovery: &Recovery, body: &VerifyRecovery) -> ServiceResult<(AccountId, WayIn)> {
    let failed = ServiceError::Refused(ErrorCode::RecoveryFailed);
    let ways = accounts::proved_ways_in(state.db.read(), recovery.answered).await?;
    let Ok(proof) = Signed::<RecoveryProof>::parse(&body.signature.0) else { return Err(failed) };
    let kit = signer(ways, &proof);
    let Some((account, kit)) = recovery.account.zip(kit) else { return Err(failed) };
    let said = proof.claimed();
    let expected = RecoveryProof {
        instance: ids::InstanceId(state.instance.instance_id),
        account: ids::AccountId(account.0),
        challenge: Hash32(recovery.challenge),
    };
    if *said == expected { Ok((account, kit)) } else { Err(failed) }
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
    let (end, recovery) = state.recoveries.take_with_end(&body.recovery_id.0).ok_or(ErrorCode::RecoveryFailed)?;
    let proved = recovery.account.zip(recovery.kit.as_ref());
    let (account, kit) = proved.ok_or(ErrorCode::RecoveryFailed)?;
    let recovery_id = body.recovery_id.clone();
    let pair = recovery.pair.showing(caller.beginning(body.carrier)?.device);
    let done = replace(state, account, (kit, recovery.second_factor), &pair, body).await;
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
    let used = Used::up(&tx, proved).await?;
    rotated.keeps_others(&stored, used.way_in())?;
    rotated.store(&tx).await?;
    accounts::put_opaque_record(tx.conn(), account, record, state.clock.now()).await?;
    let ended = storage::sessions::delete_others(tx.conn(), account, None).await?;
    devices::remember(state, &tx, account, pair.caller().device).await?;
    notices::tell_id(state, &mut tx, account, used.mail()).await?;
    let proved_now = sessions::Proved { second_factor, confirmed_at: None };
    let begun = sessions::begin(state, &tx, account, (body.carrier, device), pair.caller(), proved_now).await?;
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
    throttle::succeeded(state, &tx, pair).await?;
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::RecoveryFailed)?;
    tx.commit().await?;
    sessions::began(state, &begun, false);
    used.tell(state, account);
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

    fn tell(&self, state: &AppState, account: AccountId) {
        match self {
            Self::Kit => {}
            Self::Contact(row) => emergency::tell(state, row),
            Self::Escrow(row) => escrow::tell(state, row),
            Self::Shares(_, shares) => {
                recovery_shares::tell(state, account, shares.iter().map(|share| share.contact));
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
