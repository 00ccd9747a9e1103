//! Signing in by password (OPAQUE). Neither answer tells whether an account exists.

use api_types::{
    AccountId, B64, ErrorCode,
    audit::Action,
    sign_in::{FinishSignIn, SignInStarted, SignedIn, StartSignIn},
};
use crypto::secret::SecretBytes;

use super::pending::Pending;
use crate::{
    AppState, ServiceResult,
    audit::EventDraft,
    clock::MINUTE,
    middleware::Address,
    policy::Actor,
    services::{
        account, fields,
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
    pair: Pair,
    state: SecretBytes,
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
    let pair = Pair::new(&email.key, from);
    throttle::count_sign_in(state, &pair).await?;
    let account = accounts::id_by_email(state.db.read(), &email.key).await?;
    let pseudonym = state.opaque.pseudonym(&email.key);
    let id = account.unwrap_or(pseudonym);
    let record = accounts::opaque_record(state.db.read(), id).await?;
    let started = state.opaque.sign_in_start(id, record.as_deref(), &body.credential_request.0)?;
    let pending = PendingSignIn { account, pair, state: started.state };
    let sign_in_id = state.sign_ins.put(pending)?;
    Ok(SignInStarted { sign_in_id: B64(sign_in_id.to_vec()), credential_response: B64(started.response) })
}

/// `POST /sign-in/finish`. A session of the same account that the request carries ends.
pub async fn finish(state: &AppState, carried: Option<Actor>, body: FinishSignIn) -> ServiceResult<NewSession> {
    let device = sessions::device(&body.device)?;
    let pending = state.sign_ins.take(&body.sign_in_id.0).ok_or(ErrorCode::SignInFailed)?;
    state.opaque.sign_in_finish(&pending.state, &body.credential_finalization.0)?;
    let account = pending.account.ok_or(ErrorCode::SignInFailed)?;
    let mut tx = state.db.begin_write().await?;
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::SignInFailed)?;
    let ended = carried.filter(|actor| actor.account == account);
    if let Some(actor) = &ended {
        storage::sessions::delete(tx.conn(), account, actor.session).await?;
        tx.record(EventDraft::by(actor, Action::SignOut).with("session", actor.session)).await?;
    }
    let begun = sessions::begin(state, &tx, account, body.carrier, device).await?;
    let event = EventDraft::anonymous(Action::SignIn).actor(account, Some(begun.row.id)).with("way", "password");
    throttle::succeeded(state, &tx, &pending.pair).await?;
    tx.record(event).await?;
    tx.commit().await?;
    sessions::changed(state, account);
    NewSession::new(state, begun, row).await
}
