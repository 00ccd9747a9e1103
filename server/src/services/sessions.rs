//! Sessions: begin, recognise, list, end.
//!
//! A token is 256 random bits, stored as SHA-256. A session ends when unused for its idle limit, or at its absolute
//! limit, whatever happens. Recognised sessions stay in memory for a while; ending one removes it there first.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use api_types::{
    AccountId, ApiTokenId, ErrorCode, SessionId, UnixMillis,
    audit::Action,
    live::{LiveEvent, LiveKind},
    sessions::{Carrier, CurrentSession, Session, SessionList, WhoAmI},
};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::MINUTE,
    config::SessionLimits,
    live,
    middleware::{Address, Caller, DeviceToken},
    policy::Actor,
    random,
    services::{account::removal_at, api_tokens, confirmation, throttle},
    storage::{
        self, accounts,
        db::WriteTx,
        sessions::{Found, SessionRow},
    },
};

/// Sessions kept in memory; beyond it all are forgotten and read again.
const CACHE_MAX: usize = 20_000;

/// A session just begun.
#[derive(Debug)]
pub struct Begun {
    /// The token, shown once.
    pub token: String,
    /// What is stored of it.
    pub row: SessionRow,
    /// By what the device is known again.
    pub device: Option<DeviceToken>,
}

/// What someone proved who begins a session, beside a password or recovery kit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proved {
    /// A second factor, now or in the session before.
    pub second_factor: bool,
    /// When all that a confirmation asks for was proved; now, where absent.
    pub confirmed_at: Option<UnixMillis>,
}

/// Begins a session inside the caller's transaction.
pub async fn begin(
    state: &AppState,
    tx: &WriteTx,
    account: AccountId,
    (carrier, device): (Carrier, String),
    caller: Caller,
    proved: Proved,
) -> ServiceResult<Begun> {
    let (token, token_hash) = random::token()?;
    let now = state.clock.now();
    let row = SessionRow {
        id: SessionId(random::bytes()?),
        account,
        token_hash,
        carrier,
        device,
        created_at: now,
        last_seen_at: now,
        expires_at: now + absolute(&state.config.sessions, carrier),
        confirmed_at: proved.confirmed_at.unwrap_or(now),
        second_factor: proved.second_factor,
        place: Some(caller.from.place()),
        network: Some(network(state, account, caller.from)),
    };
    storage::sessions::insert(tx.conn(), &row).await?;
    accounts::touch(tx.conn(), account, now).await?;
    Ok(Begun { token, row, device: caller.device })
}

/// A network, as it is compared: nobody who reads the table learns it.
fn network(state: &AppState, account: AccountId, from: Address) -> [u8; 16] {
    let keyed = throttle::keyed(state, "Network", &[&account.0[..], &from.network()].concat());
    std::array::from_fn(|i| keyed[i])
}

/// Whose session a token opens, if it is open. Notes the use, at most once a minute.
pub async fn authenticate(state: &AppState, carrier: Carrier, token: &str) -> ServiceResult<Option<Actor>> {
    let hash = random::token_hash(token);
    let now = state.clock.now();
    let seen = match state.sessions.get(&hash) {
        Some(seen) => seen,
        None => {
            let generation = state.sessions.generation();
            let Some(seen) = load(state, &hash).await? else { return Ok(None) };
            state.sessions.put(hash, seen, generation);
            seen
        }
    };
    if !seen.is_open(&state.config.sessions, now) || seen.actor.carrier != carrier {
        return Ok(None);
    }
    if now - seen.last_seen_at >= MINUTE {
        touch(state, &hash, &seen.actor, now).await?;
    }
    Ok(Some(seen.actor))
}

async fn load(state: &AppState, hash: &[u8; 32]) -> ServiceResult<Option<Seen>> {
    let found = storage::sessions::find(state.db.read(), hash).await?;
    Ok(found.map(seen))
}

fn seen(found: Found) -> Seen {
    let Found { session, account } = found;
    let actor = Actor {
        account: session.account,
        role: account.role,
        status: account.status,
        second_factor_due: account.needs_second_factor,
        session: session.id,
        carrier: session.carrier,
        token: None,
        device_of: None,
        reading_key: account.reading_key,
    };
    Seen { actor, last_seen_at: session.last_seen_at, expires_at: session.expires_at }
}

async fn touch(state: &AppState, hash: &[u8; 32], actor: &Actor, now: UnixMillis) -> ServiceResult<()> {
    state.sessions.touch(hash, now);
    let tx = state.db.begin_write().await?;
    storage::sessions::touch(tx.conn(), actor.account, actor.session, now).await?;
    tx.commit().await
}

/// `GET /session`: who the request is.
pub async fn current(state: &AppState, actor: Option<Actor>, from: Address) -> ServiceResult<CurrentSession> {
    let Some(actor) = actor else { return Ok(CurrentSession { signed_in: None }) };
    if actor.token.is_some() {
        return api_tokens::current(state, &actor).await;
    }
    let account = accounts::get(state.db.read(), actor.account).await?;
    let session = storage::sessions::get(state.db.read(), actor.session).await?;
    let Some((account, session)) = account.zip(session) else { return Ok(CurrentSession { signed_in: None }) };
    let removal_at = removal_at(state.db.read(), &account).await?;
    Ok(CurrentSession {
        signed_in: Some(WhoAmI {
            account_id: account.id,
            name: account.name,
            email: account.email,
            role: account.role,
            status: account.status,
            second_factor_due: actor.second_factor_due,
            removal_at,
            session: describe(&session, Some(actor.session), Some(network(state, actor.account, from))),
        }),
    })
}

/// `GET /sessions`.
pub async fn list(state: &AppState, actor: &Actor, from: Address) -> ServiceResult<SessionList> {
    let now = state.clock.now();
    let limits = &state.config.sessions;
    let rows = storage::sessions::of_account(state.db.read(), actor.account).await?;
    let open = rows.iter().filter(|s| now < s.expires_at && now - s.last_seen_at < idle(limits, s.carrier));
    let here = Some(network(state, actor.account, from));
    let items = open.map(|s| describe(s, Some(actor.session), here)).collect();
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "sessions")).await?;
    Ok(SessionList { items })
}

/// `DELETE /session`: signing out. An API token, which stands in the session's place, ends so for good.
pub async fn sign_out(state: &AppState, actor: &Actor) -> ServiceResult<()> {
    match actor.token {
        Some(_) => api_tokens::remove(state, actor, ApiTokenId(actor.session.0)).await,
        None => end(state, actor, actor.session).await,
    }
}

/// `DELETE /sessions/{id}`: one of one's own.
pub async fn end(state: &AppState, actor: &Actor, id: SessionId) -> ServiceResult<()> {
    // Signing out is always possible.
    if id != actor.session {
        confirmation::confirmed_to_end(state, actor).await?;
    }
    let mut tx = state.db.begin_write().await?;
    if !storage::sessions::delete(tx.conn(), actor.account, id).await? {
        return Err(ErrorCode::NotFound.into());
    }
    tx.record(EventDraft::by(actor, Action::SignOut).with("session", id)).await?;
    tell_changed(&mut tx, actor.account);
    tx.commit().await?;
    changed(state, actor.account);
    Ok(())
}

/// `DELETE /sessions`: all but this one.
pub async fn end_others(state: &AppState, actor: &Actor) -> ServiceResult<()> {
    confirmation::confirmed_to_end(state, actor).await?;
    let mut tx = state.db.begin_write().await?;
    let ended = storage::sessions::delete_others(tx.conn(), actor.account, Some(actor.session)).await?;
    tx.record(EventDraft::by(actor, Action::SignOut).with("sessions", ended)).await?;
    tell_changed(&mut tx, actor.account);
    tx.commit().await?;
    changed(state, actor.account);
    Ok(())
}

/// With what ends sessions or changes the account: streams look again. After the commit [`changed`] is due.
pub fn tell_changed(tx: &mut WriteTx, account: AccountId) {
    tx.tell(account, live::event(LiveKind::SessionsChanged));
}

/// After a commit that ended sessions or changed the account: nothing remembered counts any more.
pub fn changed(state: &AppState, account: AccountId) {
    state.sessions.forget(account);
}

/// With what begins one. Other open pages of the account say so, unless it goes on with one that the request carried: a page
/// that was locked, and unlocks. After the commit [`changed`] is due.
pub fn tell_begun(tx: &mut WriteTx, begun: &Begun, goes_on: bool) {
    let account = begun.row.account;
    tell_changed(tx, account);
    if goes_on {
        return;
    }
    tx.tell(account, LiveEvent { session_id: Some(begun.row.id), ..live::event(LiveKind::SessionBegan) });
}

/// The person of a session or an API token as they stand now, if it is still open; what streams ask before they go on.
pub async fn still(state: &AppState, actor: &Actor) -> ServiceResult<Option<Actor>> {
    match actor.token {
        Some(_) => api_tokens::still(state, ApiTokenId(actor.session.0)).await,
        None => open(state, actor.session).await,
    }
}

/// Whose a session is, if it is open.
pub async fn open(state: &AppState, session: SessionId) -> ServiceResult<Option<Actor>> {
    let found = storage::sessions::get_with_account(state.db.read(), session).await?;
    let open = found.map(seen).filter(|seen| seen.is_open(&state.config.sessions, state.clock.now()));
    Ok(open.map(|seen| seen.actor))
}

/// A session as its holder sees it.
pub fn describe(row: &SessionRow, current: Option<SessionId>, here: Option<[u8; 16]>) -> Session {
    Session {
        id: row.id,
        carrier: row.carrier,
        device: row.device.clone(),
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        place: row.place,
        same_network: here.is_some() && row.network == here,
        current: current == Some(row.id),
    }
}

fn idle(limits: &SessionLimits, carrier: Carrier) -> UnixMillis {
    match carrier {
        Carrier::Cookie => limits.cookie_idle,
        Carrier::Bearer => limits.bearer_idle,
    }
}

fn absolute(limits: &SessionLimits, carrier: Carrier) -> UnixMillis {
    match carrier {
        Carrier::Cookie => limits.cookie_absolute,
        Carrier::Bearer => limits.bearer_absolute,
    }
}

/// A recognised session.
#[derive(Debug, Clone, Copy)]
struct Seen {
    actor: Actor,
    last_seen_at: UnixMillis,
    expires_at: UnixMillis,
}

impl Seen {
    fn is_open(&self, limits: &SessionLimits, now: UnixMillis) -> bool {
        now < self.expires_at && now - self.last_seen_at < idle(limits, self.actor.carrier)
    }
}

/// Sessions recognised lately, by token hash. Off where several servers share a database.
#[derive(Debug)]
pub struct SessionCache {
    enabled: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Grows whenever something is forgotten: what was read before that must not be put in after.
    generation: u64,
    seen: HashMap<[u8; 32], Seen>,
}

impl SessionCache {
    /// An empty one.
    pub fn new(enabled: bool) -> Self {
        Self { enabled, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, hash: &[u8; 32]) -> Option<Seen> {
        self.lock().seen.get(hash).copied()
    }

    fn generation(&self) -> u64 {
        self.lock().generation
    }

    fn put(&self, hash: [u8; 32], seen: Seen, generation: u64) {
        let mut inner = self.lock();
        if !self.enabled || inner.generation != generation {
            return;
        }
        if inner.seen.len() >= CACHE_MAX {
            inner.seen.clear();
        }
        inner.seen.insert(hash, seen);
    }

    fn touch(&self, hash: &[u8; 32], now: UnixMillis) {
        if let Some(seen) = self.lock().seen.get_mut(hash) {
            seen.last_seen_at = now;
        }
    }

    /// Forgets all of them: after what is demanded of a role changed.
    pub fn forget_all(&self) {
        let mut inner = self.lock();
        inner.generation += 1;
        inner.seen.clear();
    }

    /// Forgets an account's sessions: after they ended, or its role or status changed.
    pub fn forget(&self, account: AccountId) {
        let mut inner = self.lock();
        inner.generation += 1;
        inner.seen.retain(|_, seen| seen.actor.account != account);
    }
}

/// Shortens and cleans what a client calls itself.
pub fn device(text: &str) -> Result<String, ServiceError> {
    crate::services::fields::short_text("/device", text, 100)
}

#[cfg(test)]
mod tests {
    use api_types::accounts::{AccountStatus, Role};

    use super::*;

    fn seen() -> Seen {
        let actor = Actor {
            account: AccountId([1; 32]),
            role: Role::Doctor,
            status: AccountStatus::Active,
            second_factor_due: false,
            session: SessionId([2; 16]),
            carrier: Carrier::Bearer,
            token: None,
            device_of: None,
            reading_key: None,
        };
        Seen { actor, last_seen_at: 0, expires_at: 10 }
    }

    #[test]
    fn what_was_read_before_an_end_is_not_remembered_after_it() {
        let cache = SessionCache::new(true);
        let generation = cache.generation();
        cache.forget(AccountId([1; 32]));
        cache.put([7; 32], seen(), generation);
        assert!(cache.get(&[7; 32]).is_none());
        cache.put([7; 32], seen(), cache.generation());
        assert!(cache.get(&[7; 32]).is_some());
        cache.forget(AccountId([1; 32]));
        assert!(cache.get(&[7; 32]).is_none());
    }
}
