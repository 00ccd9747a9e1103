//! Who a request is: a session's token from the cookie or the bearer header, or an API token from that header.
//!
//! Handlers name what they need. [`Actor`] is someone who may act (an active account) and is the rule;
//! [`Holder`] is anyone signed in, whatever the account's status; [`Visitor`] may be nobody.

use std::sync::{Arc, OnceLock};

use api_types::{ErrorCode, sessions::Carrier, tokens::TOKEN_PREFIX};
use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};

use super::Address;
use crate::{
    AppState, ServiceError, ServiceResult,
    policy::Actor,
    scopes::{self, Reach},
    services::{api_tokens, sessions},
};

/// The cookie. Its prefix makes browsers insist on Secure, Path=/ and no Domain.
pub const COOKIE: &str = "__Host-session";

/// Where the session extractor leaves the actor for the audit of denials.
pub type ActorSlot = Arc<OnceLock<Actor>>;

/// Anyone signed in, whatever the account's status.
#[derive(Debug, Clone, Copy)]
pub struct Holder(pub Actor);

/// Whoever it is; `None` when signed out.
#[derive(Debug, Clone, Copy)]
pub struct Visitor(pub Option<Actor>);

impl FromRequestParts<AppState> for Visitor {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ServiceError> {
        let Some((carrier, token)) = token(&parts.headers) else { return Ok(Self(None)) };
        let is_api_token = carrier == Carrier::Bearer && token.starts_with(TOKEN_PREFIX);
        let actor = match is_api_token {
            true => Some(by_api_token(parts, state).await?),
            false => sessions::authenticate(state, carrier, token).await?,
        };
        if let (Some(actor), Some(slot)) = (actor, parts.extensions.get::<ActorSlot>()) {
            let _ = slot.set(actor);
        }
        if let Some(actor) = &actor {
            reaches(actor, parts)?;
        }
        Ok(Self(actor))
    }
}

/// A browser's cookie beside it would leave open whose request it is.
async fn by_api_token(parts: &mut Parts, state: &AppState) -> ServiceResult<Actor> {
    if has_cookie(&parts.headers) {
        return Err(ErrorCode::ApiTokenWithSession.into());
    }
    let from = Address::from_request_parts(parts, state).await?;
    let Some((_, token)) = token(&parts.headers) else { return Err(ErrorCode::SignedOut.into()) };
    api_tokens::authenticate(state, token, from).await
}

/// Whether an API token reaches this route, and its account may act; of a session each route asks by itself.
fn reaches(actor: &Actor, parts: &Parts) -> ServiceResult<()> {
    let Some(held) = actor.token else { return Ok(()) };
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    match scopes::reach(&parts.method, route) {
        Reach::With(_) if actor.device_of.is_some() && scopes::sends(&parts.method, route) => {}
        Reach::With(scope) => api_tokens::reaches(held, scope)?,
        Reach::Open | Reach::Never => return Err(ErrorCode::BeyondScope.into()),
    }
    Ok(actor.active()?)
}

impl FromRequestParts<AppState> for Holder {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ServiceError> {
        let Visitor(actor) = Visitor::from_request_parts(parts, state).await?;
        actor.map(Self).ok_or(ServiceError::Refused(ErrorCode::SignedOut))
    }
}

impl FromRequestParts<AppState> for Actor {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ServiceError> {
        let Holder(actor) = Holder::from_request_parts(parts, state).await?;
        actor.active()?;
        Ok(actor)
    }
}

/// The token that a request carries. A bearer header wins over a cookie.
pub fn token(headers: &HeaderMap) -> Option<(Carrier, &str)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then_some((Carrier::Bearer, token.trim()));
    }
    cookie(headers).map(|token| (Carrier::Cookie, token))
}

/// Whether the session cookie is there, of whatever value.
pub fn has_cookie(headers: &HeaderMap) -> bool {
    cookie(headers).is_some()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    named_cookie(headers, COOKIE)
}

/// The value of a cookie.
pub fn named_cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = cookies.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// `Set-Cookie` that begins a cookie session.
pub fn set_cookie(token: &str, max_age_ms: i64) -> ServiceResult<HeaderValue> {
    cookie_header(token, max_age_ms / 1000)
}

/// `Set-Cookie` that ends it.
pub fn clear_cookie() -> ServiceResult<HeaderValue> {
    cookie_header("", 0)
}

fn cookie_header(token: &str, seconds: i64) -> ServiceResult<HeaderValue> {
    let text = format!("{COOKIE}={token}; Max-Age={seconds}; Path=/; HttpOnly; Secure; SameSite=Strict");
    let mut value = HeaderValue::from_str(&text).map_err(|e| ServiceError::Internal(e.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn tokens_are_found() {
        assert_eq!(token(&headers(&[])), None);
        assert_eq!(token(&headers(&[("cookie", "a=1; __Host-session=tok; b=2")])), Some((Carrier::Cookie, "tok")));
        assert_eq!(token(&headers(&[("authorization", "bearer tok")])), Some((Carrier::Bearer, "tok")));
        assert_eq!(token(&headers(&[("authorization", "Basic x"), ("cookie", "__Host-session=t")])), None);
        assert_eq!(token(&headers(&[("cookie", "session=tok")])), None);
    }
}
