//! Personal API tokens: make, list, remove, recognise. Those of devices are recognised here as well.
//!
//! A token is 256 random bits beside its id, stored as SHA-256 of its text. It ends at its time, when it is removed, with the account
//! and with every change that ends all other sessions. It is read anew for each request, so that an end counts at once.

use api_types::{
    AccountId, ApiTokenId, ErrorCode, SessionId, UnixMillis,
    audit::Action,
    sessions::{Carrier, CurrentSession, Session, WhoAmI},
    tokens::{ApiToken, ApiTokenCreated, ApiTokenList, NewApiToken, Scope, TOKEN_MAX_DAYS, TOKENS_MAX},
};
use zeroize::Zeroizing;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::{DAY, MINUTE},
    mail::MailKind,
    middleware::Address,
    policy::Actor,
    random,
    scopes::Scopes,
    services::{
        confirmation, fields, notices,
        throttle::{self, Tried},
        token_text,
    },
    storage::{
        self, accounts,
        api_tokens::{self, ApiTokenRow, Found},
        db::WriteTx,
    },
};

fn change(actor: &Actor, what: &str, id: ApiTokenId) -> EventDraft {
    EventDraft::by(actor, Action::AccountChange).with("what", what).with("token", id)
}

fn describe(row: ApiTokenRow) -> ApiToken {
    ApiToken {
        id: row.id,
        name: row.name,
        scopes: row.scopes.list(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        last_place: row.last_place,
    }
}

/// `GET /account/tokens`.
pub async fn list(state: &AppState, actor: &Actor) -> ServiceResult<ApiTokenList> {
    let rows = api_tokens::of_account(state.db.read(), actor.account).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "tokens")).await?;
    Ok(ApiTokenList { items: rows.into_iter().map(describe).collect() })
}

/// `POST /account/tokens`. The only time that its text is anywhere but with its holder.
pub async fn create(state: &AppState, actor: &Actor, body: NewApiToken) -> ServiceResult<ApiTokenCreated> {
    let name = fields::short_text("/name", &body.name, 100)?;
    if body.scopes.is_empty() {
        return Err(ServiceError::field("/scopes", "at least one scope"));
    }
    if body.scopes.contains(&Scope::ReportsSend) {
        return Err(ServiceError::field("/scopes", "reports:send is for devices; add a device instead"));
    }
    if !(1..=TOKEN_MAX_DAYS).contains(&body.expires_in_days) {
        return Err(ServiceError::field("/expires_in_days", format!("1 to {TOKEN_MAX_DAYS} days")));
    }
    confirmation::confirmed(state, actor).await?;
    let session = storage::sessions::get(state.db.read(), actor.session).await?.ok_or(ErrorCode::SignedOut)?;
    let (id, secret) = (ApiTokenId(random::bytes()?), Zeroizing::new(random::bytes::<32>()?));
    let secret = token_text::write(id, &secret);
    let now = state.clock.now();
    let row = ApiTokenRow {
        id,
        account: actor.account,
        name,
        token_hash: random::token_hash(&secret),
        scopes: body.scopes.iter().copied().collect(),
        second_factor: session.second_factor,
        created_at: now,
        expires_at: now + i64::from(body.expires_in_days) * DAY,
        last_used_at: None,
        last_place: None,
        device: None,
    };
    store(state, actor, &row).await?;
    Ok(ApiTokenCreated { token: describe(row), secret })
}

async fn store(state: &AppState, actor: &Actor, row: &ApiTokenRow) -> ServiceResult<()> {
    let mut tx = confirmation::begin_write(state, actor).await?;
    if api_tokens::of_account(tx.conn(), actor.account).await?.len() >= TOKENS_MAX {
        let most = format!("an account has at most {TOKENS_MAX} API tokens; remove one first");
        return Err(ServiceError::because(ErrorCode::Conflict, most));
    }
    api_tokens::insert(tx.conn(), row).await?;
    let scopes: Vec<_> = row.scopes.list().into_iter().map(Scope::name).collect();
    tx.record(change(actor, "token_made", row.id).with("scopes", scopes.join(","))).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::ApiTokenMade).await?;
    tx.commit().await
}

/// `DELETE /account/tokens/{id}`: it ends at once. Taking away needs no confirmation, as with sessions.
pub async fn remove(state: &AppState, actor: &Actor, id: ApiTokenId) -> ServiceResult<()> {
    let mut tx = state.db.begin_write().await?;
    if !api_tokens::delete(tx.conn(), actor.account, id).await? {
        return Err(ErrorCode::NotFound.into());
    }
    tx.record(change(actor, "token_removed", id)).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::ApiTokenRemoved).await?;
    tx.commit().await
}

/// With a change that ends all other sessions: nothing made before it gets in. Gives their number.
pub async fn end_all(tx: &WriteTx, account: AccountId) -> ServiceResult<u64> {
    Ok(api_tokens::delete_all(tx.conn(), account).await?)
}

/// Whose a token is. What is wrong tells nothing of which tokens there are: only who has all of a token's text learns that it
/// has expired. Failures are counted by where they come from.
pub async fn authenticate(state: &AppState, text: &str, from: Address) -> ServiceResult<Actor> {
    let found = match token_text::id(text) {
        Some(id) => api_tokens::find(state.db.read(), id).await?,
        None => return failed(state, from, ErrorCode::ApiTokenMalformed).await,
    };
    // Of a hash of 256 random bits, how long comparing takes tells nothing that helps.
    let given = random::token_hash(text);
    let Some(found) = found.filter(|found| found.token.token_hash == given) else {
        return failed(state, from, ErrorCode::ApiTokenInvalid).await;
    };
    let now = state.clock.now();
    if now >= found.token.expires_at {
        return failed(state, from, ErrorCode::ApiTokenExpired).await;
    }
    if found.token.last_used_at.is_none_or(|last| now - last >= MINUTE) {
        let tx = state.db.begin_write().await?;
        api_tokens::touch(tx.conn(), &found.token, from.place(), now).await?;
        tx.commit().await?;
    }
    Ok(actor(&found))
}

fn actor(found: &Found) -> Actor {
    Actor {
        account: found.token.device.unwrap_or(found.token.account),
        role: found.account.role,
        status: found.account.status,
        second_factor_due: found.account.needs_second_factor,
        session: SessionId(found.token.id.0),
        carrier: Carrier::Bearer,
        token: Some(found.token.scopes),
        device_of: found.token.device.map(|_| found.token.account),
        reading_key: found.account.reading_key,
    }
}

/// Whose a token is that got in before, as they stand now, if it still gets in.
pub async fn still(state: &AppState, id: ApiTokenId) -> ServiceResult<Option<Actor>> {
    let found = api_tokens::find(state.db.read(), id).await?;
    Ok(found.filter(|found| state.clock.now() < found.token.expires_at).map(|found| actor(&found)))
}

async fn failed(state: &AppState, from: Address, code: ErrorCode) -> ServiceResult<Actor> {
    throttle::count_from(state, Tried::ApiTokenFrom, from).await?;
    Err(code.into())
}

/// `GET /session` by a token: it stands in the session's place.
pub async fn current(state: &AppState, actor: &Actor) -> ServiceResult<CurrentSession> {
    let account = accounts::get(state.db.read(), actor.account).await?;
    let token = api_tokens::find(state.db.read(), ApiTokenId(actor.session.0)).await?;
    let Some((account, token)) = account.zip(token.map(|found| found.token)) else {
        return Ok(CurrentSession { signed_in: None });
    };
    Ok(CurrentSession {
        signed_in: Some(WhoAmI {
            account_id: account.id,
            name: account.name,
            email: account.email,
            role: account.role,
            status: account.status,
            second_factor_due: actor.second_factor_due,
            // Tokens end where an account is disabled.
            removal_at: None,
            session: session(token, state.clock.now()),
        }),
    })
}

fn session(token: ApiTokenRow, now: UnixMillis) -> Session {
    Session {
        id: SessionId(token.id.0),
        carrier: Carrier::Bearer,
        device: token.name,
        created_at: token.created_at,
        last_seen_at: token.last_used_at.unwrap_or(now),
        expires_at: token.expires_at,
        place: token.last_place,
        same_network: false,
        current: true,
    }
}

/// Whether a token's scopes hold one.
pub fn reaches(scopes: Scopes, needed: Scope) -> ServiceResult<()> {
    if scopes.has(needed) {
        return Ok(());
    }
    Err(ServiceError::because(ErrorCode::BeyondScope, format!("it needs the scope {}", needed.name())))
}
