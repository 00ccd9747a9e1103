//! The second factor beside a password or recovery kit: whether one is needed, and whether what was given is right.

use api_types::{
    AccountId, ErrorCode, SecondFactorId,
    audit::Action,
    second_factors::{SecondFactorKind, SecondFactorProof},
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    clock::MINUTE,
    services::{
        recovery_codes,
        throttle::{self, Tried},
    },
    storage::{
        db::WriteTx,
        second_factors::{self, FactorRow},
    },
};

/// So long a sign-in waits for the second factor after the password was right.
pub const WAIT: api_types::UnixMillis = 5 * MINUTE;

/// A proof that is right, and not yet taken.
#[derive(Debug)]
pub struct Proved {
    account: AccountId,
    how: How,
}

#[derive(Debug)]
enum How {
    Step(SecondFactorId, i64),
    Code([u8; 32]),
}

/// What an account has that counts; empty where it has none.
pub async fn kinds(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<Vec<SecondFactorKind>> {
    let mut kinds: Vec<_> = second_factors::confirmed(conn, account).await?.iter().map(|row| row.kind).collect();
    kinds.dedup();
    if !kinds.is_empty() && second_factors::codes_left(conn, account).await? > 0 {
        kinds.push(SecondFactorKind::RecoveryCode);
    }
    Ok(kinds)
}

/// Checks what was given. `None` where the account has no second factor. A wrong one is counted and recorded.
pub async fn check(
    state: &AppState,
    account: AccountId,
    given: Option<&SecondFactorProof>,
    action: Action,
) -> ServiceResult<Option<Proved>> {
    let factors = second_factors::confirmed(state.db.read(), account).await?;
    if factors.is_empty() {
        return Ok(None);
    }
    let Some(given) = given else {
        return Err(ServiceError::SecondFactorRequired { kinds: kinds(state.db.read(), account).await? });
    };
    // Nobody guesses 120 bits, and whoever guesses at the app's code must not keep its owner's recovery code out.
    if given.kind == SecondFactorKind::Totp {
        throttle::count(state, Tried::SecondFactor, &account.0).await?;
    }
    match find(state, account, &factors, given).await? {
        Some(how) => Ok(Some(Proved { account, how })),
        None => {
            let event = EventDraft::anonymous(action).actor(account, None).with("factor", enum_name(&given.kind));
            state.audit.record(event.denied(ErrorCode::SecondFactorWrong)).await?;
            Err(ErrorCode::SecondFactorWrong.into())
        }
    }
}

async fn find(
    state: &AppState,
    account: AccountId,
    factors: &[FactorRow],
    given: &SecondFactorProof,
) -> ServiceResult<Option<How>> {
    match given.kind {
        SecondFactorKind::Totp => {
            for factor in factors.iter().filter(|factor| factor.kind == SecondFactorKind::Totp) {
                if let Some(step) = fresh_step(state, account, factor, &given.code)? {
                    return Ok(Some(How::Step(factor.id, step)));
                }
            }
            Ok(None)
        }
        SecondFactorKind::RecoveryCode => {
            let hash = recovery_codes::hash(&given.code);
            let known = second_factors::has_code(state.db.read(), account, &hash).await?;
            Ok(known.then_some(How::Code(hash)))
        }
    }
}

/// The step of a right code, if none of it or of a later one was taken before.
pub fn fresh_step(state: &AppState, account: AccountId, factor: &FactorRow, code: &str) -> ServiceResult<Option<i64>> {
    let codes = state.totp_key.codes(account, factor.id, &factor.salt)?;
    Ok(codes.step(code, state.clock.now()).filter(|step| *step > factor.last_step))
}

impl Proved {
    /// The word for the audit.
    pub fn kind(&self) -> SecondFactorKind {
        match self.how {
            How::Step(..) => SecondFactorKind::Totp,
            How::Code(_) => SecondFactorKind::RecoveryCode,
        }
    }

    /// Takes the code, in the transaction of what it allows: of two that come with the same, one is refused.
    pub async fn take(&self, state: &AppState, tx: &WriteTx) -> ServiceResult<()> {
        let now = state.clock.now();
        let taken = match &self.how {
            How::Step(factor, step) => second_factors::take_step(tx.conn(), *factor, *step, now).await?,
            How::Code(hash) => second_factors::take_code(tx.conn(), self.account, hash).await?,
        };
        if !taken {
            return Err(ErrorCode::SecondFactorWrong.into());
        }
        throttle::forget(state, tx, Tried::SecondFactor, &self.account.0).await
    }
}
