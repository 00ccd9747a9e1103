//! By what a device is known again to the accounts that were signed in to there: a random token of its own, a browser's in
//! a cookie, a program's in a header. It opens nothing. The database holds keyed hashes of it, another for each account.

use std::fmt;

use api_types::{UnixMillis, sessions::Carrier};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, request::Parts},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Address, session::named_cookie};
use crate::{AppState, ServiceError, ServiceResult, clock::DAY, random};

/// Its prefix makes browsers insist on Secure, Path=/ and no Domain.
const COOKIE: &str = "__Host-device";
/// For programs.
const HEADER: &str = "healthsecure-device";
/// As long as browsers keep a cookie at most; each sign-in begins it anew.
const LIFE: UnixMillis = 400 * DAY;

/// What a device shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceToken([u8; 32]);

impl DeviceToken {
    /// A new one.
    pub fn random() -> ServiceResult<Self> {
        random::bytes().map(Self)
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// What is kept of it goes through here.
    pub fn hash(&self) -> [u8; 32] {
        random::token_hash(&self.text())
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// `Set-Cookie` for it.
    pub fn cookie(&self) -> ServiceResult<HeaderValue> {
        let (token, seconds) = (self.text(), LIFE / 1000);
        let text = format!("{COOKIE}={token}; Max-Age={seconds}; Path=/; HttpOnly; Secure; SameSite=Strict");
        let mut value = HeaderValue::from_str(&text).map_err(|e| ServiceError::Internal(e.to_string()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(..)")
    }
}

/// Whoever asks without a session: where from, and on which device, if it shows that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The address.
    pub from: Address,
    /// The device.
    pub device: Option<DeviceToken>,
}

impl Caller {
    /// As who begins a session: a browser that shows none gets a token then, a program brings its own.
    pub fn beginning(self, carrier: Carrier) -> ServiceResult<Self> {
        let device = match (self.device, carrier) {
            (None, Carrier::Cookie) => Some(DeviceToken::random()?),
            (shown, _) => shown,
        };
        Ok(Self { device, ..self })
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ServiceError> {
        Ok(Self { from: Address::from_request_parts(parts, state).await?, device: shown(&parts.headers) })
    }
}

/// What isn't a token is none.
fn shown(headers: &HeaderMap) -> Option<DeviceToken> {
    let header = headers.get(HEADER).and_then(|value| value.to_str().ok());
    header.or_else(|| named_cookie(headers, COOKIE)).and_then(DeviceToken::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_shows_a_cookie_and_a_program_a_header() {
        let token = DeviceToken::random().unwrap();
        let cookie = token.cookie().unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        let headers =
            |name: &'static str, value: &str| HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
        assert_eq!(shown(&headers("cookie", &format!("a=b; {pair}"))), Some(token));
        assert_eq!(shown(&headers("healthsecure-device", &token.text())), Some(token));
        for not in ["", "short", &format!("{}A", token.text())] {
            assert_eq!(shown(&headers("healthsecure-device", not)), None, "{not}");
        }
        assert_eq!(shown(&headers("cookie", "device=x")), None);
        assert_ne!(token.hash(), DeviceToken::random().unwrap().hash());
        assert_eq!(format!("{token:?}"), "DeviceToken(..)");
    }
}
