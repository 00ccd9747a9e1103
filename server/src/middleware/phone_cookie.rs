//! The cookie that binds signing in with a phone to the browser that asked for the code. It opens nothing on its own.

use api_types::UnixMillis;
use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, request::Parts},
};

use super::session::named_cookie;
use crate::{AppState, ServiceError, ServiceResult, random};

const COOKIE: &str = "__Host-phone";

/// SHA-256 of the cookie's value, where the request has one.
#[derive(Debug, Clone, Copy)]
pub struct PhoneBrowser(pub Option<[u8; 32]>);

impl FromRequestParts<AppState> for PhoneBrowser {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ServiceError> {
        Ok(Self(named_cookie(&parts.headers, COOKIE).map(random::token_hash)))
    }
}

/// `Set-Cookie` for that long; an empty one that ends it for none.
pub fn set(token: &str, life: UnixMillis) -> ServiceResult<HeaderValue> {
    let text = format!("{COOKIE}={token}; Max-Age={}; Path=/; HttpOnly; Secure; SameSite=Strict", life / 1000);
    let mut value = HeaderValue::from_str(&text).map_err(|e| ServiceError::Internal(e.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}
