//! Signing in with a phone: a code, then a session that is locked. Whoever takes the number over gets that far and no
//! further: the password unlocks, and a second factor other than the phone is asked for where there is one.

use api_types::{
    AccountId, ErrorCode,
    accounts::Role,
    audit::Action,
    phones::{PhoneSignIn, PhoneSignInStarted, StartPhoneSignIn},
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    middleware::Caller,
    policy::Actor,
    random,
    services::{
        phone_codes::{self, Asker},
        second_factor::{self, Asks, Beside},
        sessions::{self, Proved},
        sign_in::{self, NewSession},
        throttle::{self, Attempt, Known, Tried},
    },
    sms::{CodePurpose, Number},
    storage::{
        accounts,
        db::WriteTx,
        phone_codes::{self as codes, CodeRow},
        phones,
    },
};

/// A code that was asked for.
#[derive(Debug)]
pub struct Started {
    /// The body.
    pub body: PhoneSignInStarted,
    /// For the cookie.
    pub browser: String,
}

/// `POST /sign-in/phone/start`. Takes the same steps whether or not the number signs in to an account.
pub async fn start(
    state: &AppState,
    caller: Caller,
    before: Option<[u8; 32]>,
    body: StartPhoneSignIn,
) -> ServiceResult<Started> {
    phone_codes::config(state)?;
    let number = phone_codes::number(&body.number)?;
    let whose = phones::whose(state.db.read(), &number).await?;
    let email = whose.as_ref().map(|(_, email)| email.as_str());
    let asker = asker(state, &number, email, caller).await?;
    asker.counted(Attempt::new(state).at(Tried::PhoneFrom, caller.from)).count().await?;
    let (browser, hash) = random::token()?;
    let expires_at =
        phone_codes::send_sign_in(state, (number, whose.map(|(account, _)| account)), &asker, (hash, before)).await?;
    Ok(Started { body: PhoneSignInStarted { expires_at }, browser })
}

/// Whoever signed in with the number there, or with its account's password, is known; of a number that is nobody's the same is
/// looked for.
async fn asker(state: &AppState, number: &Number, email: Option<&str>, caller: Caller) -> ServiceResult<Asker> {
    let email = email.unwrap_or(number.as_str());
    let by_number = Known { of: number.as_str().as_bytes(), caller };
    let standing = throttle::standing(state, &[by_number, Known { of: email.as_bytes(), caller }]).await?;
    Ok(Asker::new(CodePurpose::SignIn, number, (by_number, standing)))
}

/// `POST /sign-in/phone`. A session of the same account that the request carries ends.
pub async fn sign_in(
    state: &AppState,
    carried: Option<Actor>,
    (caller, browser): (Caller, Option<[u8; 32]>),
    body: PhoneSignIn,
) -> ServiceResult<NewSession> {
    let device = sessions::device(&body.device)?;
    phone_codes::config(state)?;
    let code = right_code(state, caller, browser, &body.code).await?;
    let account = code.account.ok_or(ErrorCode::PhoneCodeWrong)?;
    may_sign_in(state.db.read(), account).await?;
    let asks = Asks { action: Action::SignIn, beside: Beside::Phone, caller, attempt: &code.id };
    let proved = second_factor::check(state, account, body.second_factor.as_ref(), asks).await?;
    let mut tx = state.db.begin_write().await?;
    use_up(&tx, account, &code).await?;
    may_sign_in(tx.conn(), account).await?;
    // One may have been added since.
    if proved.is_none() && second_factor::has(tx.conn(), account).await? {
        return Err(ErrorCode::PhoneCodeExpired.into());
    }
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::PhoneCodeExpired)?;
    if let Some(proved) = &proved {
        proved.take(state, &tx).await?;
    }
    let carried = carried.filter(|actor| actor.account == account);
    // A number is no confirmation: for that the account's own secrets have to be proved.
    let proves = Proved { second_factor: proved.is_some(), confirmed_at: Some(0) };
    let begun =
        sign_in::begin_instead(state, &mut tx, &row, carried.as_ref(), (body.carrier, device), caller, proves).await?;
    // To the number, and not to the e-mail (`throttle::know_device`): whoever took the number over guesses at the password no faster.
    let known = Caller { device: begun.device, ..caller };
    throttle::know(state, &tx, Known { of: code.number.as_str().as_bytes(), caller: known }).await?;
    phones::used(tx.conn(), account, state.clock.now()).await?;
    let mut event = EventDraft::anonymous(Action::SignIn).actor(account, Some(begun.row.id)).with("way", "phone");
    if let Some(proved) = &proved {
        event = event.with("factor", enum_name(&proved.kind()));
    }
    tx.record(event).await?;
    sessions::tell_begun(&mut tx, &begun, carried.is_some());
    tx.commit().await?;
    sessions::changed(state, begun.row.account);
    NewSession::new(state, begun, row).await
}

/// The code that waits for this browser, if it was typed. A wrong one is an event, which names the account; for a number that
/// is nobody's the same is written, without a name.
async fn right_code(
    state: &AppState,
    caller: Caller,
    browser: Option<[u8; 32]>,
    typed: &str,
) -> ServiceResult<CodeRow> {
    throttle::count_from(state, Tried::PhoneFrom, caller.from).await?;
    let expired = ErrorCode::PhoneCodeExpired;
    let waiting = codes::bound(state.db.read(), CodePurpose::SignIn, browser.ok_or(expired)?).await?.ok_or(expired)?;
    let checked = phone_codes::check(state, &waiting.id, typed).await;
    if let Err(ServiceError::Refused(code @ ErrorCode::PhoneCodeWrong)) = &checked {
        let event = EventDraft::anonymous(Action::SignIn);
        let event = match waiting.account {
            Some(account) => event.actor(account, None),
            None => event,
        };
        state.audit.record(event.with("way", "phone").denied(*code)).await?;
    }
    checked
}

/// Whom a phone signs in: told only after the right code. One whose only second factor it is would have one factor for two.
async fn may_sign_in(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<()> {
    let row = accounts::get(conn, account).await?.ok_or(ErrorCode::PhoneCodeExpired)?;
    if row.role == Role::Administrator {
        return Err(ErrorCode::Forbidden.into());
    }
    let is_factor = phones::factor(conn, account).await?.is_some();
    match is_factor && !second_factor::has_strong(conn, account).await? {
        true => Err(ErrorCode::PhoneOnlyFactor.into()),
        false => Ok(()),
    }
}

/// A code serves once, and as long as its number signs in to that account.
async fn use_up(tx: &WriteTx, account: AccountId, code: &CodeRow) -> ServiceResult<()> {
    let taken = codes::take(tx.conn(), &code.id).await?;
    let signs_in = phones::signs_in(tx.conn(), &code.number).await?;
    if taken && signs_in == Some(account) { Ok(()) } else { Err(ErrorCode::PhoneCodeExpired.into()) }
}
