//! Access codes: challenge, proof, sealed seed, resealed seed.
//!
//! The server never sees a code. It checks a signature that only the code's holder can make, counts the tries in the
//! transaction of the check, and after the fifth wrong one answers no more. Time is the server's alone to enforce.

use api_types::{
    AccountId, B64, ErrorCode, GrantId, ReportId, UnixMillis,
    audit::Action,
    grants::{GrantKind, GrantState, RedeemChallenge, RedeemGrant, Redeemed, StoreGrantSeed},
    live::LiveKind,
};
use crypto::{
    grant::CodeProof,
    ids,
    report::{AccessEntry, Change, Recipient},
    sign::{PublicSigningKey, Signed},
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::MINUTE,
    live,
    middleware::Address,
    policy::Actor,
    random,
    services::{
        access::{self, grant_state},
        fields, grants,
        grants_claim::waiting,
        throttle::{self, Tried},
        verify,
    },
    storage::{self, grants::Grant, grants_challenges as challenges},
};

/// How long a challenge is good.
const CHALLENGE_LIFE: UnixMillis = MINUTE;
/// How often a recipient may ask for a new code.
const REQUEST_EVERY: UnixMillis = MINUTE;

/// A grant that waits for the caller, or that the caller holds.
async fn own(conn: &impl ConnectionTrait, actor: &Actor, id: GrantId) -> ServiceResult<Grant> {
    let grant = storage::grants::get(conn, id).await?.ok_or(ErrorCode::NotFound)?;
    actor.may_take(waiting(conn, actor, &grant).await?)?;
    Ok(grant)
}

fn is_code(grant: &Grant) -> ServiceResult<bool> {
    Ok(storage::name::<GrantKind>("grants", "kind", &grant.kind)? == GrantKind::Code)
}

/// What a grant that can't be redeemed answers.
fn redeemable(grant: &Grant, now: UnixMillis) -> ServiceResult<()> {
    match grant_state(grant, now)? {
        GrantState::Pending => Ok(()),
        GrantState::Live => Err(ServiceError::because(ErrorCode::Conflict, "this share was redeemed already")),
        GrantState::Expired => Err(ErrorCode::ShareExpired.into()),
        GrantState::Locked => Err(ErrorCode::CodeLocked.into()),
        GrantState::Revoked => Err(ErrorCode::Gone.into()),
    }
}

fn report_of(grant: &Grant) -> ServiceResult<ReportId> {
    Ok(ReportId(storage::id("grants", "report_id", &grant.report_id)?))
}

/// A fresh challenge, with what the client needs to verify the grant before it spends a try. For a bearer grant, too,
/// whose claimant needs the chain to continue it.
pub async fn challenge(state: &AppState, actor: &Actor, id: GrantId) -> ServiceResult<RedeemChallenge> {
    let now = state.clock.now();
    let random = random::bytes::<32>()?;
    let mut tx = state.db.begin_write().await?;
    let grant = own(tx.conn(), actor, id).await?;
    redeemable(&grant, now)?;
    let report = report_of(&grant)?;
    let stored = storage::reports::get(tx.conn(), report).await?.ok_or(ErrorCode::NotFound)?;
    let entries = storage::reports::entries(tx.conn(), report).await?;
    challenges::insert(tx.conn(), random, made_for(actor, id), now, now + CHALLENGE_LIFE).await?;
    let event = EventDraft::by(actor, Action::Redeem).on(report).with("grant", id).with("what", "challenge");
    tx.record(event).await?;
    tx.commit().await?;
    Ok(RedeemChallenge {
        challenge: B64(random.to_vec()),
        tries_left: grant.tries_left.unwrap_or(1).unsigned_abs(),
        genesis: B64(stored.genesis),
        entries: entries.into_iter().map(B64).collect(),
    })
}

fn made_for(actor: &Actor, grant: GrantId) -> challenges::Challenge {
    challenges::Challenge { grant, account: actor.account, session: actor.session }
}

/// Checks a proof of the code; a right one gets the sealed seed, as often as it takes until the seed is stored.
pub async fn redeem(
    state: &AppState,
    actor: &Actor,
    (id, from): (GrantId, Address),
    body: RedeemGrant,
) -> ServiceResult<Redeemed> {
    throttle::count_from(state, Tried::CodeFrom, from).await?;
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let grant = own(tx.conn(), actor, id).await?;
    let random = fields::fixed::<32>("/challenge", &body.challenge.0)?;
    let proof: Signed<CodeProof> = verify::parse("/signature", &body.signature.0)?;
    if !is_code(&grant)? {
        return Err(ErrorCode::NotFound.into());
    }
    redeemable(&grant, now)?;
    if !challenges::take(tx.conn(), random, made_for(actor, id), now).await? {
        tx.commit().await?;
        return Err(ServiceError::because(ErrorCode::Gone, "the challenge is used or older than a minute"));
    }
    let report = report_of(&grant)?;
    let (expected, key) = expected_proof(tx.conn(), actor, &grant, random).await?;
    let right = *proof.claimed() == expected && proof.verify(&key).is_ok();
    if !right {
        let tries_left = (grant.tries_left.unwrap_or(0) - 1).max(0);
        storage::grants::set_tries(tx.conn(), id, tries_left).await?;
        tx.commit().await?;
        return Err(match tries_left.unsigned_abs() {
            0 => ErrorCode::CodeLocked.into(),
            tries_left => ServiceError::WrongCode { tries_left },
        });
    }
    let sealed = storage::grants::sealed_seed(tx.conn(), id).await?;
    let sealed = sealed.ok_or_else(|| ServiceError::Internal(format!("grant {id} has no sealed seed")))?;
    storage::grants::proved(tx.conn(), id, now).await?;
    let event = EventDraft::by(actor, Action::Redeem).on(report).with("grant", id).with("what", "code");
    tx.record(event).await?;
    tx.commit().await?;
    Ok(Redeemed { report_id: report, sealed_seed: B64(sealed) })
}

/// What the proof must say, and the key that must have signed it: both from the signed grant.
async fn expected_proof(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    grant: &Grant,
    challenge: [u8; 32],
) -> ServiceResult<(CodeProof, PublicSigningKey)> {
    let corrupt = |what: &str| ServiceError::Internal(format!("a stored code grant: {what}"));
    let entries = storage::reports::entries(conn, report_of(grant)?).await?;
    let index = usize::try_from(grant.seq - 1).map_err(|_| corrupt("its place"))?;
    let entry = entries.get(index).ok_or_else(|| corrupt("no entry"))?;
    let entry: Signed<AccessEntry> = Signed::parse(entry).map_err(|_| corrupt("no entry"))?;
    let Change::Grant(signed) = &entry.claimed().change else { return Err(corrupt("another entry")) };
    let Recipient::Code { epoch, proof, .. } = &signed.recipient else { return Err(corrupt("no code")) };
    let keys = verify::keys(conn, &[actor.account].into()).await?;
    let chain = keys.get(&ids::AccountId(actor.account.0)).ok_or_else(|| corrupt("no recipient"))?;
    let record = chain.record(*epoch).ok_or_else(|| corrupt("no such epoch"))?;
    let expected = CodeProof {
        challenge: ids::Hash32(challenge),
        grant: signed.id,
        account: ids::AccountId(actor.account.0),
        key_hash: record.claimed().recipient().hash(),
        session: ids::SessionId(actor.session.0),
    };
    Ok((expected, *proof))
}

/// Stores the resealed seed: the grant is live from here. Later calls replace it (the account key was rotated); the same seed again
/// changes nothing.
pub async fn store_seed(state: &AppState, actor: &Actor, id: GrantId, body: StoreGrantSeed) -> ServiceResult<()> {
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let grant = own(tx.conn(), actor, id).await?;
    fields::blob("/seed", &body.seed.0, grants::SEED_MAX)?;
    let report = report_of(&grant)?;
    let first = match grant_state(&grant, now)? {
        GrantState::Live if grant.redeemed_at.is_some() => false,
        GrantState::Live => return Err(ErrorCode::NotFound.into()),
        _ => {
            redeemable(&grant, now)?;
            true
        }
    };
    if first && grant.proved_at.is_none() {
        return Err(ServiceError::because(ErrorCode::Forbidden, "the access code comes first"));
    }
    let event = EventDraft::by(actor, Action::Redeem).on(report).with("grant", id);
    if !first && storage::grants::seed(tx.conn(), id).await?.as_ref() == Some(&body.seed.0) {
        return tx.repeated(event.with("what", "seed")).await;
    }
    storage::grants::put_seed(tx.conn(), id, body.seed.0).await?;
    tx.record(event.with("what", if first { "seed" } else { "reseal" })).await?;
    if !first {
        storage::reports_access::copy(tx.conn(), report).await?;
        return tx.commit().await;
    }
    storage::grants::redeemed(tx.conn(), id, now).await?;
    let changed = access::refresh(tx.conn(), report, now).await?;
    changed.tell(&mut tx);
    let granted_by = AccountId(storage::id("grants", "granted_by", &grant.granted_by)?);
    tx.tell(granted_by, live::report_event(LiveKind::ShareRedeemed, report, Some(id)));
    tx.commit().await
}

/// Asks whoever made the share for a new code, which is a new grant.
pub async fn request_again(state: &AppState, actor: &Actor, id: GrantId) -> ServiceResult<()> {
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let grant = own(tx.conn(), actor, id).await?;
    let waits = matches!(grant_state(&grant, now)?, GrantState::Pending | GrantState::Expired | GrantState::Locked);
    if !is_code(&grant)? || !waits {
        return Err(ServiceError::because(ErrorCode::Conflict, "no code is missing here"));
    }
    if let Some(retry_at) = grant.requested_at.map(|at| at + REQUEST_EVERY).filter(|at| *at > now) {
        return Err(ServiceError::Throttled { retry_at });
    }
    let report = report_of(&grant)?;
    storage::grants::requested(tx.conn(), id, now).await?;
    let event = EventDraft::by(actor, Action::Redeem).on(report).with("grant", id).with("what", "request_again");
    tx.record(event).await?;
    let granted_by = AccountId(storage::id("grants", "granted_by", &grant.granted_by)?);
    tx.tell(granted_by, live::report_event(LiveKind::CodeRequested, report, Some(id)));
    tx.commit().await
}
