//! The second factor beside a password or recovery kit: whether one is needed, and whether what was given is right.

use api_types::{
    AccountId, ErrorCode, SecondFactorId,
    audit::Action,
    phones::PhoneFactor,
    second_factors::{SecondFactorKind, SecondFactorProof},
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    clock::MINUTE,
    middleware::Caller,
    services::{
        passkeys::{self, Answered},
        phone_codes, recovery_codes,
        throttle::{self, Attempt, Known, Shared, Standing, Tried},
    },
    storage::{
        self, accounts,
        db::WriteTx,
        phones,
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
    /// What the tries of whoever proved it count under.
    own: Vec<u8>,
}

#[derive(Debug)]
enum How {
    Step(SecondFactorId, i64),
    Code([u8; 32]),
    Passkey(Box<Answered>),
    Phone([u8; 16]),
}

/// What was proved before the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// A password, a kit, or who an identity provider says it is.
    Anything,
    /// A code sent to the account's phone, which can't be both.
    Phone,
}

/// What a second factor is asked for, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Asks<'a> {
    /// What it allows.
    pub action: Action,
    /// What was proved before.
    pub beside: Beside,
    /// Who proves.
    pub caller: Caller,
    /// What goes on once it is right: a code that was sent for this is good for nothing else.
    pub attempt: &'a [u8],
}

/// Whether an account has one that counts.
pub async fn has(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<bool> {
    let has = second_factors::has(conn, account).await?;
    Ok(has.strong || has.phone)
}

/// Whether an account has one that is stronger than a phone.
pub async fn has_strong(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<bool> {
    Ok(second_factors::has(conn, account).await?.strong)
}

/// Which of these accounts have one.
pub async fn having(conn: &impl ConnectionTrait, accounts: &[AccountId]) -> ServiceResult<Vec<AccountId>> {
    let mut having = second_factors::having(conn, accounts).await?;
    having.extend(storage::passkeys::having(conn, accounts).await?);
    having.extend(phones::having(conn, accounts).await?);
    Ok(having)
}

/// Removes all of an account, recovery codes too, the ways in by passkey, and its phone. Says how many there were.
pub async fn remove_all(tx: &WriteTx, account: AccountId) -> ServiceResult<u64> {
    let apps = second_factors::delete_all(tx.conn(), account).await?;
    storage::phone_codes::void_all(tx.conn(), account).await?;
    let phones = phones::delete(tx.conn(), account).await?;
    Ok(apps + phones + storage::passkeys::delete_all(tx.conn(), account).await?)
}

/// What is to be asked for; recovery codes only beside something else. A phone only where a gateway sends codes to it.
async fn required(state: &AppState, account: AccountId, beside: Beside, sent: bool) -> ServiceResult<ServiceError> {
    let conn = state.db.read();
    let mut kinds: Vec<_> = second_factors::confirmed(conn, account).await?.iter().map(|row| row.kind).collect();
    kinds.dedup();
    if storage::passkeys::has(conn, account).await? {
        kinds.push(SecondFactorKind::Passkey);
    }
    let phone = match beside {
        Beside::Anything => phone_codes::factor(state, conn, account).await?,
        Beside::Phone => None,
    };
    if phone.is_some() {
        kinds.push(SecondFactorKind::Phone);
    }
    if second_factors::codes_left(conn, account).await? > 0 {
        kinds.push(SecondFactorKind::RecoveryCode);
    }
    let phone = phone.map(|phone| PhoneFactor { ending: phone.number.ending().to_owned(), sent });
    Ok(ServiceError::SecondFactorRequired { kinds, phone })
}

/// Who proves it, as the account knows them.
#[derive(Debug)]
struct Prover {
    standing: Standing,
    own: Vec<u8>,
}

/// By the account's e-mail, under which sign-in remembers addresses and devices.
async fn prover(state: &AppState, account: AccountId, caller: Caller) -> ServiceResult<Prover> {
    let email_key = accounts::email_key(state.db.read(), account).await?.unwrap_or_default();
    let standing = throttle::standing(state, &[Known { of: email_key.as_bytes(), caller }]).await?;
    Ok(Prover { standing, own: Known { of: &account.0, caller }.own(standing) })
}

/// Counts a try with digits that can be guessed. Nobody guesses 120 bits, and whoever guesses at the app's code must not keep its
/// owner's recovery code out; nor, where the owner is known, the app's.
async fn count(state: &AppState, account: AccountId, caller: Caller, prover: &Prover) -> ServiceResult<()> {
    let known = Known { of: &account.0, caller };
    let mut attempt = Attempt::new(state).of(Tried::SecondFactor, &prover.own);
    if prover.standing != Standing::Device {
        attempt = attempt.at(Tried::CodeFrom, caller.from);
    }
    if prover.standing == Standing::Stranger {
        attempt = attempt.share(Shared::SecondFactor, &account.0, known, prover.standing);
    }
    attempt.count().await
}

/// Checks what was given. `None` where the account has no second factor. A wrong one is counted and recorded. A phone's
/// code is sent where none was given with it.
pub async fn check(
    state: &AppState,
    account: AccountId,
    given: Option<&SecondFactorProof>,
    asks: Asks<'_>,
) -> ServiceResult<Option<Proved>> {
    if !has(state.db.read(), account).await? {
        return Ok(None);
    }
    let Asks { action, beside, caller, .. } = asks;
    let Some(given) = given else { return Err(required(state, account, beside, false).await?) };
    let by_phone = given.kind == SecondFactorKind::Phone;
    let prover = prover(state, account, caller).await?;
    if by_phone && given.code.is_empty() && beside == Beside::Anything {
        let known = Known { of: &account.0, caller };
        phone_codes::send_factor(state, account, asks, (known, prover.standing)).await?;
        return Err(required(state, account, beside, true).await?);
    }
    if given.kind == SecondFactorKind::Totp || by_phone {
        count(state, account, caller, &prover).await?;
    }
    let found = match by_phone && beside == Beside::Phone {
        true => None,
        false => find(state, account, given, asks.attempt).await?,
    };
    match found {
        Some(how) => Ok(Some(Proved { account, how, own: prover.own })),
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
    given: &SecondFactorProof,
    attempt: &[u8],
) -> ServiceResult<Option<How>> {
    match given.kind {
        SecondFactorKind::Totp => {
            for factor in &second_factors::confirmed(state.db.read(), account).await? {
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
        SecondFactorKind::Passkey => {
            let Some(assertion) = &given.passkey else { return Ok(None) };
            match passkeys::check(state, assertion).await {
                Ok(answered) if answered.account == account => Ok(Some(How::Passkey(Box::new(answered)))),
                Ok(_) | Err(ServiceError::Refused(ErrorCode::PasskeyFailed)) => Ok(None),
                Err(error) => Err(error),
            }
        }
        SecondFactorKind::Phone => {
            Ok(phone_codes::check_factor(state, account, attempt, &given.code).await?.map(How::Phone))
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
            How::Passkey(_) => SecondFactorKind::Passkey,
            How::Phone(_) => SecondFactorKind::Phone,
        }
    }

    /// Takes the code, in the transaction of what it allows: of two that come with the same, one is refused.
    pub async fn take(&self, state: &AppState, tx: &WriteTx) -> ServiceResult<()> {
        let now = state.clock.now();
        let taken = match &self.how {
            How::Step(factor, step) => second_factors::take_step(tx.conn(), *factor, *step, now).await?,
            How::Code(hash) => second_factors::take_code(tx.conn(), self.account, hash).await?,
            How::Passkey(answered) => return answered.take(state, tx).await,
            How::Phone(code) => {
                phones::used(tx.conn(), self.account, now).await?;
                storage::phone_codes::take(tx.conn(), code).await?
            }
        };
        if !taken {
            return Err(ErrorCode::SecondFactorWrong.into());
        }
        throttle::forget(state, tx, Tried::SecondFactor, &self.own).await
    }
}
