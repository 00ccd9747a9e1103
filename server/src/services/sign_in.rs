//! Signing in by password (OPAQUE). Neither answer tells whether an account exists.

use api_types::{
    AccountId, B64, ErrorCode, SessionId, UnixMillis,
    audit::Action,
    sign_in::{FinishSignIn, SignInStarted, SignedIn, StartSignIn},
};
use crypto::secret::SecretBytes;

use super::pending::Pending;
use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    clock::{MINUTE, now_ms},
    middleware::Address,
    policy::Actor,
    services::{
        account, fields, second_factor,
        sessions::{self, Begun},
        throttle::{self, Pair},
    },
    storage::{
        self,
        accounts::{self, AccountRow},
    },
};

/// A sign-in between start and finish.
#[derive(Debug)]
pub struct PendingSignIn {
    account: Option<AccountId>,
    /// E-mail and address.
    pub pair: Pair,
    /// OPAQUE's.
    pub state: SecretBytes,
    /// It begins no session: it confirms this one.
    pub confirms: Option<SessionId>,
}

/// Those that wait: a minute, in memory.
pub type PendingSignIns = Pending<PendingSignIn>;

/// An empty set.
pub fn pending() -> PendingSignIns {
    Pending::new(MINUTE)
}

/// What a handler needs to answer with a new session.
#[derive(Debug)]
pub struct NewSession {
    /// The body, without the token.
    pub signed_in: SignedIn,
    /// The token: in the body for bearer, in the cookie for the page.
    pub token: String,
}

impl NewSession {
    /// Puts session and account together, after the commit.
    pub async fn new(state: &AppState, begun: Begun, row: AccountRow) -> ServiceResult<Self> {
        let account = account::own(state, row).await?;
        let session = sessions::describe(&begun.row, Some(begun.row.id));
        Ok(Self { signed_in: SignedIn { session, token: None, account }, token: begun.token })
    }
}

/// `POST /sign-in/start`. Takes the same steps whether the account exists or not.
pub async fn start(state: &AppState, from: Address, body: StartSignIn) -> ServiceResult<SignInStarted> {
    let email = fields::email("/email", &body.email)?;
    begin(state, Pair::new(&email.key, from), &body.credential_request.0, None).await
}

/// Answers KE1 for an e-mail; what is finished later begins a session, or confirms one.
pub async fn begin(
    state: &AppState,
    pair: Pair,
    ke1: &[u8],
    confirms: Option<SessionId>,
) -> ServiceResult<SignInStarted> {
    throttle::count_sign_in(state, &pair).await?;
    let account = accounts::id_by_email(state.db.read(), pair.email_key()).await?;
    let pseudonym = state.opaque.pseudonym(pair.email_key());
    let id = account.unwrap_or(pseudonym);
    let record = accounts::opaque_record(state.db.read(), id).await?;
    let started = state.opaque.sign_in_start(id, record.as_deref(), ke1)?;
    let pending = PendingSignIn { account, pair, state: started.state, confirms };
    let sign_in_id = state.sign_ins.put(pending)?;
    Ok(SignInStarted { sign_in_id: B64(sign_in_id.to_vec()), credential_response: B64(started.response) })
}

/// `POST /sign-in/finish`. A session of the same account that the request carries ends; what it proved counts on.
pub async fn finish(state: &AppState, carried: Option<Actor>, body: FinishSignIn) -> ServiceResult<NewSession> {
    let device = sessions::device(&body.device)?;
    let (end, pending) = state.sign_ins.take_with_end(&body.sign_in_id.0).ok_or(ErrorCode::SignInFailed)?;
    state.opaque.sign_in_finish(&pending.state, &body.credential_finalization.0)?;
    let account = pending.account.filter(|_| pending.confirms.is_none()).ok_or(ErrorCode::SignInFailed)?;
    let ended = carried.filter(|actor| actor.account == account);
    let sign_in_id = body.sign_in_id.clone();
    let done = begin_session(state, account, ended, &pending.pair, (device, body)).await;
    if done.as_ref().is_err_and(waits) {
        state.sign_ins.put_back(&sign_in_id.0, end.max(waits_until()), pending);
    }
    done
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

/// For how long.
pub fn waits_until() -> UnixMillis {
    now_ms() + second_factor::WAIT
}

async fn begin_session(
    state: &AppState,
    account: AccountId,
    ended: Option<Actor>,
    pair: &Pair,
    (device, body): (String, FinishSignIn),
) -> ServiceResult<NewSession> {
    let before = match &ended {
        Some(actor) => storage::sessions::get(state.db.read(), actor.session).await?,
        None => None,
    };
    let before = before.is_some_and(|session| session.second_factor);
    let proved = match before {
        true => None,
        false => second_factor::check(state, account, body.second_factor.as_ref(), Action::SignIn).await?,
    };
    let mut tx = state.db.begin_write().await?;
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::SignInFailed)?;
    if let Some(proved) = &proved {
        proved.take(state, &tx).await?;
    }
    if let Some(actor) = &ended {
        storage::sessions::delete(tx.conn(), account, actor.session).await?;
        tx.record(EventDraft::by(actor, Action::SignOut).with("session", actor.session)).await?;
    }
    let begun = sessions::begin(state, &tx, account, body.carrier, device, before || proved.is_some()).await?;
    let mut event = EventDraft::anonymous(Action::SignIn).actor(account, Some(begun.row.id)).with("way", "password");
    if let Some(proved) = &proved {
        event = event.with("factor", enum_name(&proved.kind()));
    }
    throttle::succeeded(state, &tx, pair).await?;
    tx.record(event).await?;
    tx.commit().await?;
    sessions::changed(state, account);
    NewSession::new(state, begun, row).await
}
