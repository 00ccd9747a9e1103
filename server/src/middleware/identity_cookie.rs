//! The cookie that binds a sign-in with an identity provider to the browser that began it.
//!
//! `SameSite=Lax`: the browser comes back from the provider's site. It opens nothing on its own, and is another after the
//! return than before.

use api_types::UnixMillis;
use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
};

use super::session::named_cookie;
use crate::{AppState, ServiceError, ServiceResult, random};

const COOKIE: &str = "__Host-identity";

/// SHA-256 of the cookie's value, where the request has one.
#[derive(Debug, Clone, Copy)]
pub struct IdentityBrowser(pub Option<[u8; 32]>);

impl FromRequestParts<AppState> for IdentityBrowser {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ServiceError> {
        Ok(Self(named_cookie(&parts.headers, COOKIE).map(random::token_hash)))
    }
}

/// `Set-Cookie` for that long.
pub fn set(token: &str, life: UnixMillis) -> ServiceResult<HeaderValue> {
    let text = format!("{COOKIE}={token}; Max-Age={}; Path=/; HttpOnly; Secure; SameSite=Lax", life / 1000);
    let mut value = HeaderValue::from_str(&text).map_err(|e| ServiceError::Internal(e.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// `Set-Cookie` that ends it.
pub fn clear() -> ServiceResult<(header::HeaderName, HeaderValue)> {
    Ok((header::SET_COOKIE, set("", 0)?))
}
