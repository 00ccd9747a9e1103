//! Signing in by password (OPAQUE). Neither answer tells whether an account exists.

use api_types::{
    AccountId, B64, ErrorCode, SessionId, UnixMillis,
    audit::Action,
    sessions::Carrier,
    sign_in::{FinishSignIn, SignInStarted, SignedIn, StartSignIn},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::pending::Pending;
use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    clock::{MINUTE, now_ms},
    mail::MailKind,
    middleware::{Caller, DeviceToken},
    policy::Actor,
    random,
    services::{
        account, devices, fields, notices,
        second_factor::{self, Asks, Beside},
        sessions::{self, Begun, Proved},
        throttle::{self, Pair},
    },
    storage::{
        self,
        accounts::{self, AccountRow},
        ceremonies::CeremonyKind,
        db::WriteTx,
        ways_in,
    },
};

/// A sign-in between start and finish. OPAQUE's own state isn't kept: it is made again of this.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingSignIn {
    account: Option<AccountId>,
    /// The account, or what stands for an e-mail that nobody has.
    credential: AccountId,
    /// The client's first message.
    ke1: B64,
    /// SHA-256 of the record that it began with: a password that was changed meanwhile proves nothing.
    record: Option<[u8; 32]>,
    /// Until when it waits for a second factor, from the first right password on.
    waits_until: Option<UnixMillis>,
    /// It begins no session: it confirms this one.
    pub confirms: Option<SessionId>,
}

/// Those that wait: a minute.
static PENDING: Pending<PendingSignIn> = Pending::new(CeremonyKind::SignIn, MINUTE);

/// What a handler needs to answer with a new session.
#[derive(Debug)]
pub struct NewSession {
    /// The body, without the token.
    pub signed_in: SignedIn,
    /// The token: in the body for bearer, in the cookie for the page.
    pub token: String,
    /// By what the device is known again: in a cookie for the page; a program has its own.
    pub device: Option<DeviceToken>,
}

impl NewSession {
    /// Puts session and account together, after the commit.
    pub async fn new(state: &AppState, begun: Begun, row: AccountRow) -> ServiceResult<Self> {
        let account = account::own(state, row).await?;
        let session = sessions::describe(&begun.row, Some(begun.row.id), begun.row.network);
        Ok(Self { signed_in: SignedIn { session, token: None, account }, token: begun.token, device: begun.device })
    }
}

/// `POST /sign-in/start`. Takes the same steps whether the account exists or not.
pub async fn start(state: &AppState, caller: Caller, body: StartSignIn) -> ServiceResult<SignInStarted> {
    let email = fields::email("/email", &body.email)?;
    begin(state, Pair::new(&email.key, caller), &body.credential_request.0, None).await
}

/// Answers KE1 for an e-mail; what is finished later begins a session, or confirms one.
pub async fn begin(
    state: &AppState,
    pair: Pair,
    ke1: &[u8],
    confirms: Option<SessionId>,
) -> ServiceResult<SignInStarted> {
    throttle::count_sign_in(state, &pair).await?;
    let (account, record) = accounts::to_sign_in(state.db.read(), pair.email_key()).await?;
    let pseudonym = state.opaque.pseudonym(pair.email_key());
    let id = account.unwrap_or(pseudonym);
    let sign_in_id = random::bytes::<32>()?;
    let started = state.opaque.sign_in_start(&sign_in_id, id, record.as_deref(), ke1)?;
    let (ke1, record) = (B64(ke1.to_vec()), record.as_deref().map(sha256));
    let pending = PendingSignIn { account, credential: id, ke1, record, waits_until: None, confirms };
    PENDING.put(state, &sign_in_id, account, &pending).await?;
    Ok(SignInStarted { sign_in_id: B64(sign_in_id.to_vec()), credential_response: B64(started.response) })
}

/// `POST /sign-in/finish`. A session of the same account that the request carries ends; what it proved counts on.
pub async fn finish(
    state: &AppState,
    carried: Option<Actor>,
    caller: Caller,
    body: FinishSignIn,
) -> ServiceResult<NewSession> {
    let device = sessions::device(&body.device)?;
    let pending = take(state, &body.sign_in_id.0).await?;
    pending.prove(state, &body.sign_in_id.0, &body.credential_finalization.0).await?;
    let account = pending.account.filter(|_| pending.confirms.is_none()).ok_or(ErrorCode::SignInFailed)?;
    let ended = carried.filter(|actor| actor.account == account);
    let sign_in_id = body.sign_in_id.clone();
    let done = begin_session(state, (account, caller), ended, &pending, (device, body)).await;
    if done.as_ref().is_err_and(waits) {
        pending.wait_on(state, &sign_in_id.0).await?;
    }
    done
}

/// A sign-in that waits; it serves once.
pub async fn take(state: &AppState, id: &[u8]) -> ServiceResult<PendingSignIn> {
    let taken = PENDING.take(state, id).await?;
    Ok(taken.ok_or(ErrorCode::SignInFailed)?.value)
}

/// Whether the password was right and a second factor may still come.
pub fn waits(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::SecondFactorRequired { .. }
            | ServiceError::Refused(ErrorCode::SecondFactorWrong)
            | ServiceError::Throttled { .. }
    )
}

impl PendingSignIn {
    /// Whether KE3 shows the right password.
    pub async fn prove(&self, state: &AppState, id: &[u8], ke3: &[u8]) -> ServiceResult<()> {
        let id: &[u8; 32] = id.try_into().map_err(|_| ErrorCode::SignInFailed)?;
        let record = ways_in::opaque_record(state.db.read(), self.credential).await?;
        if record.as_deref().map(sha256) != self.record {
            return Err(ErrorCode::SignInFailed.into());
        }
        let again = state.opaque.sign_in_start(id, self.credential, record.as_deref(), &self.ke1.0)?;
        state.opaque.sign_in_finish(&again.state, ke3)
    }

    /// Waits for a second factor: asking again gives no new time.
    pub async fn wait_on(mut self, state: &AppState, id: &[u8]) -> ServiceResult<()> {
        let ends_at = *self.waits_until.get_or_insert_with(|| now_ms() + second_factor::WAIT);
        PENDING.put_until(state, id, (self.account, ends_at), &self).await
    }

    /// Refuses where the password was changed since the start.
    pub async fn still_holds(&self, tx: &WriteTx, account: AccountId) -> ServiceResult<()> {
        let now = ways_in::opaque_record(tx.conn(), account).await?;
        let same = now.as_deref().map(sha256) == self.record;
        if same { Ok(()) } else { Err(ErrorCode::SignInFailed.into()) }
    }
}

fn sha256(record: &[u8]) -> [u8; 32] {
    Sha256::digest(record).into()
}

async fn begin_session(
    state: &AppState,
    (account, caller): (AccountId, Caller),
    ended: Option<Actor>,
    pending: &PendingSignIn,
    (device, body): (String, FinishSignIn),
) -> ServiceResult<NewSession> {
    let before = match &ended {
        Some(actor) => storage::sessions::get(state.db.read(), actor.session).await?,
        None => None,
    };
    let before = before.filter(|session| session.second_factor);
    let asks = Asks { action: Action::SignIn, beside: Beside::Anything, caller, attempt: &body.sign_in_id.0 };
    let proved = match &before {
        Some(_) => None,
        None => second_factor::check(state, account, body.second_factor.as_ref(), asks).await?,
    };
    let mut tx = state.db.begin_write().await?;
    pending.still_holds(&tx, account).await?;
    let proves_one = before.is_some() || proved.is_some();
    // One may have been added since.
    if !proves_one && second_factor::has(tx.conn(), account).await? {
        return Err(ErrorCode::SignInFailed.into());
    }
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::SignInFailed)?;
    if let Some(proved) = &proved {
        proved.take(state, &tx).await?;
    }
    if let Some(before) = &before
        && storage::sessions::get(tx.conn(), before.id).await?.is_none()
    {
        return Err(ErrorCode::SignInFailed.into());
    }
    // What stood in for the second factor doesn't confirm: for that it has to be proved anew.
    let proves = Proved { second_factor: proves_one, confirmed_at: before.map(|session| session.confirmed_at) };
    let begun = begin_instead(state, &mut tx, &row, ended.as_ref(), (body.carrier, device), caller, proves).await?;
    let mut event = EventDraft::anonymous(Action::SignIn).actor(account, Some(begun.row.id)).with("way", "password");
    if let Some(proved) = &proved {
        event = event.with("factor", enum_name(&proved.kind()));
    }
    let known = Caller { device: begun.device, ..caller };
    throttle::succeeded(state, &tx, &Pair::new(&row.email_key, known)).await?;
    tx.record(event).await?;
    sessions::tell_begun(&mut tx, &begun, ended.is_some());
    tx.commit().await?;
    sessions::changed(state, account);
    NewSession::new(state, begun, row).await
}

/// Begins a session in the place of one of the same account that the request carries; a device that wasn't known is told of.
pub async fn begin_instead(
    state: &AppState,
    tx: &mut WriteTx,
    row: &AccountRow,
    carried: Option<&Actor>,
    (carrier, device): (Carrier, String),
    caller: Caller,
    proved: Proved,
) -> ServiceResult<Begun> {
    let caller = caller.beginning(carrier)?;
    if let Some(actor) = carried {
        storage::sessions::delete(tx.conn(), row.id, actor.session).await?;
        tx.record(EventDraft::by(actor, Action::SignOut).with("session", actor.session)).await?;
    }
    if !devices::remember(state, tx, row.id, caller.device).await? {
        notices::tell(state, tx, row, MailKind::NewDevice).await?;
    }
    sessions::begin(state, tx, row.id, (carrier, device), caller, proved).await
}
