//! To an identity provider and back. What begins is bound to its browser by a cookie, serves once, and ends after ten
//! minutes; what comes back is a page of ours, and in its address stands no secret.

use std::time::Duration;

use api_types::{
    ErrorCode, UnixMillis,
    audit::Action,
    identities::{IdentityPurpose, IdentityStarted},
};
use tokio::time::timeout;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, code_name},
    clock::MINUTE,
    middleware::Address,
    oidc::{IdentifyError, Provider, VerifiedIdentity},
    policy::Actor,
    random,
    services::{
        confirmation, identities,
        identity_sign_in::{self, Resolved},
        sessions,
        throttle::{self, Tried},
    },
    storage::identities::{self as rows, FlowRow},
};

/// So long a browser may stay at the provider.
pub const FLOW: UnixMillis = 10 * MINUTE;
/// So long what it brought back waits: a new account's owner chooses a password and keeps the recovery kit meanwhile, another's
/// unlocks the page to which they came back.
pub const TICKET: UnixMillis = 30 * MINUTE;
/// So long a provider may take to say who it is; less than a request to this server has.
const PATIENCE: Duration = Duration::from_secs(25);
/// Longest code and state that are looked at.
const TEXT_MAX: usize = 4096;

/// A browser that is to go to the provider.
#[derive(Debug)]
pub struct Sent {
    /// The body.
    pub body: IdentityStarted,
    /// For the cookie.
    pub browser: String,
}

/// `POST /identity-providers/{provider_id}/start`.
pub async fn start(
    state: &AppState,
    actor: Option<Actor>,
    from: Address,
    (provider, purpose): (&str, IdentityPurpose),
) -> ServiceResult<Sent> {
    let session = match purpose {
        IdentityPurpose::SignIn => None,
        IdentityPurpose::Link => {
            let actor = actor.ok_or(ErrorCode::SignedOut)?;
            confirmation::confirmed(state, &actor).await?;
            Some(actor.session)
        }
    };
    throttle::count_from(state, Tried::IdentityFrom, from).await?;
    let provider = state.identity_providers.get(provider).ok_or(ErrorCode::NotFound)?;
    let begun = provider.begin().await?.map_err(|error| unavailable(provider, &error))?;
    let (browser, browser_hash) = random::token()?;
    let flow = FlowRow {
        state_hash: random::token_hash(&begun.state),
        browser_hash,
        provider: provider.config().id.clone(),
        session,
        nonce: begun.nonce,
        verifier: begun.verifier,
        expires_at: state.clock.now() + FLOW,
    };
    let tx = state.db.begin_write().await?;
    rows::insert_flow(tx.conn(), flow).await?;
    tx.commit().await?;
    Ok(Sent { body: IdentityStarted { authorization_url: begun.url }, browser })
}

fn unavailable(provider: &Provider, error: &impl std::fmt::Display) -> ServiceError {
    tracing::warn!(provider = %provider.config().id, %error, "an identity provider can't be used");
    ErrorCode::IdentityProviderUnavailable.into()
}

/// What a provider sends a browser back with (RFC 6749, section 4.1.2; RFC 9207).
#[derive(Debug, Default, serde::Deserialize)]
pub struct Returned {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Where a browser goes on.
#[derive(Debug)]
pub struct Onward {
    /// A page of ours.
    pub to: &'static str,
    /// What it is told, in the fragment.
    pub says: String,
    /// What becomes of the cookie.
    pub cookie: Cookie,
    /// Why it was refused, where that is to be counted.
    pub refused: Option<ErrorCode>,
}

/// What becomes of the cookie.
#[derive(Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The answer belongs to nothing that waits: whoever sent the browser here must not end what does.
    Stays,
    /// What it stood for has ended.
    Ends,
    /// Something waits under this value.
    Becomes(String),
}

impl Onward {
    fn refused(to: &'static str, error: &ServiceError, cookie: Cookie) -> Self {
        let code = error.problem().code;
        if code == ErrorCode::Internal {
            tracing::error!(%error, "signing in with an identity provider failed");
        }
        // One with a reason is an event of its own.
        let counts = !matches!(error, ServiceError::RefusedBecause(ErrorCode::IdentityRefused, _));
        Self { to, says: code_name(code), cookie, refused: counts.then_some(code) }
    }
}

const SIGN_IN: &str = "/sign-in";
const SIGN_UP: &str = "/sign-up";
const SECURITY: &str = "/settings/security";

/// `GET /sign-in/identity/callback/{provider_id}`: whatever comes, the browser goes on to a page that says what came of it.
pub async fn callback(
    state: &AppState,
    from: Address,
    (provider, browser): (&str, Option<[u8; 32]>),
    returned: Option<Returned>,
) -> Onward {
    let flow = match take(state, from, (provider, browser), returned.as_ref()).await {
        Ok(flow) => flow,
        Err(error) => return Onward::refused(SIGN_IN, &error, Cookie::Stays),
    };
    let page = if flow.session.is_some() { SECURITY } else { SIGN_IN };
    let done = match identify(state, &flow, returned.unwrap_or_default()).await {
        Ok(identity) => go_on(state, &flow, identity).await,
        Err(error) => Err(error),
    };
    done.unwrap_or_else(|error| Onward::refused(page, &error, Cookie::Ends))
}

/// The flow that this browser began and that the answer belongs to.
async fn take(
    state: &AppState,
    from: Address,
    (provider, browser): (&str, Option<[u8; 32]>),
    returned: Option<&Returned>,
) -> ServiceResult<FlowRow> {
    throttle::count_from(state, Tried::IdentityFrom, from).await?;
    let mismatch = ErrorCode::IdentityStateMismatch;
    let given = returned.and_then(|returned| returned.state.as_deref()).filter(|given| given.len() <= TEXT_MAX);
    let (given, browser) = given.zip(browser).ok_or(mismatch)?;
    let tx = state.db.begin_write().await?;
    let flow = rows::take_flow(tx.conn(), random::token_hash(given), (provider, browser)).await?;
    tx.commit().await?;
    let flow = flow.ok_or(mismatch)?;
    if state.clock.now() < flow.expires_at { Ok(flow) } else { Err(ErrorCode::IdentityExpired.into()) }
}

async fn identify(state: &AppState, flow: &FlowRow, returned: Returned) -> ServiceResult<VerifiedIdentity> {
    // It may have gone from the configuration.
    let provider = state.identity_providers.get(&flow.provider).ok_or(ErrorCode::IdentityExpired)?;
    let refused = ErrorCode::IdentityRefused;
    // Another provider's answer, mixed up with this one's.
    if returned.iss.is_some_and(|iss| iss != provider.config().issuer.as_str()) {
        return Err(refused.into());
    }
    match returned.error.as_deref() {
        Some("access_denied") => return Err(ErrorCode::IdentityDenied.into()),
        Some("server_error" | "temporarily_unavailable") => {
            return Err(ErrorCode::IdentityProviderUnavailable.into());
        }
        Some(_) => return Err(refused.into()),
        None => {}
    }
    let code = returned.code.filter(|code| code.len() <= TEXT_MAX).ok_or(refused)?;
    let identified = timeout(PATIENCE, provider.identify(&code, &flow.nonce, &flow.verifier)).await;
    match identified.map_err(|error| unavailable(provider, &error))? {
        Ok(identity) => Ok(identity),
        Err(IdentifyError::Unreachable(error)) => Err(unavailable(provider, &error)),
        Err(IdentifyError::Code) => Err(refused.into()),
        Err(IdentifyError::Token(fault)) => Err(refused_for(state, &flow.provider, &fault.to_string()).await?),
    }
}

/// A provider that lies, or somebody in its place: an event of its own says what was wrong.
async fn refused_for(state: &AppState, provider: &str, reason: &str) -> ServiceResult<ServiceError> {
    tracing::warn!(provider, reason, "an identity provider's answer was refused");
    let event = EventDraft::anonymous(Action::SignIn).with("way", "identity").with("provider", provider);
    state.audit.record(event.with("reason", reason).denied(ErrorCode::IdentityRefused)).await?;
    Ok(ServiceError::because(ErrorCode::IdentityRefused, reason))
}

async fn go_on(state: &AppState, flow: &FlowRow, identity: VerifiedIdentity) -> ServiceResult<Onward> {
    let (browser, mut token_hash) = random::token()?;
    let linking = match flow.session {
        Some(session) => Some(sessions::open(state, session).await?.ok_or(ErrorCode::SignedOut)?),
        None => None,
    };
    if let Some(actor) = &linking {
        if identities::has(state, actor, &identity).await? {
            return Ok(Onward { to: SECURITY, says: "linked".into(), cookie: Cookie::Ends, refused: None });
        }
        token_hash = identities::to_link(token_hash, actor.account);
    }
    let ticket = identity_sign_in::ticket(flow.provider.clone(), identity, token_hash, state.clock.now() + TICKET);
    let to = match linking {
        // Nothing is linked by a browser's coming back: whoever is known there still may be somebody else.
        Some(_) => SECURITY,
        None => match identity_sign_in::resolve(state.db.read(), &ticket).await? {
            Resolved::Linked(_) | Resolved::SameAddress(_) => SIGN_IN,
            Resolved::Nobody => SIGN_UP,
        },
    };
    let tx = state.db.begin_write().await?;
    rows::insert_ticket(tx.conn(), ticket).await?;
    tx.commit().await?;
    Ok(Onward { to, says: "verified".into(), cookie: Cookie::Becomes(browser), refused: None })
}
