//! Who a request is: a session's token from the cookie or the bearer header.
//!
//! Handlers name what they need. [`Actor`] is someone who may act (an active account) and is the rule;
//! [`Holder`] is anyone signed in, whatever the account's status; [`Visitor`] may be nobody.

use std::sync::{Arc, OnceLock};

use api_types::{ErrorCode, sessions::Carrier};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};

use crate::{AppState, ServiceError, ServiceResult, policy::Actor, services::sessions};

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
        let actor = sessions::authenticate(state, carrier, token).await?;
        if let (Some(actor), Some(slot)) = (actor, parts.extensions.get::<ActorSlot>()) {
            let _ = slot.set(actor);
        }
        Ok(Self(actor))
    }
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
