//! Requests that another site made a browser send are refused.
//!
//! The cookie is SameSite=Strict already; this stands behind it. A request that changes something and carries the
//! cookie must prove that it comes from our own page; one that names another origin is refused in any case.
//! Programs send neither cookie nor Origin and are not concerned.

use api_types::ErrorCode;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::session::has_cookie;
use crate::{AppState, ServiceError};

/// Refuses cross-site changes.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if is_change(request.method()) && !is_ours(request.headers(), state.config.origin.as_str()) {
        return ServiceError::Refused(ErrorCode::OriginRefused).into_response();
    }
    next.run(request).await
}

fn is_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn is_ours(headers: &HeaderMap, origin: &str) -> bool {
    match headers.get(header::ORIGIN) {
        Some(sent) => sent.as_bytes() == origin.as_bytes(),
        None => !has_cookie(headers) || headers.get("sec-fetch-site").is_some_and(|v| v == "same-origin"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn a_cookie_needs_our_origin() {
        let ours = "https://a.example";
        let ok = |pairs| is_ours(&headers(pairs), ours);
        assert!(ok(&[]));
        assert!(ok(&[("cookie", "__Host-session=x"), ("origin", "https://a.example")]));
        assert!(ok(&[("cookie", "__Host-session=x"), ("sec-fetch-site", "same-origin")]));
        assert!(!ok(&[("cookie", "__Host-session=x")]));
        assert!(!ok(&[("cookie", "__Host-session=x"), ("sec-fetch-site", "same-site")]));
        assert!(!ok(&[("cookie", "__Host-session=x"), ("origin", "https://b.example")]));
        assert!(!ok(&[("origin", "https://a.example.evil")]));
        assert!(!ok(&[("origin", "null")]));
    }
}
