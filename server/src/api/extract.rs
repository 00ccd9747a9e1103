//! Extractors whose refusals are problems, and the JSON answer.

use api_types::{ErrorCode, audit::READ_REQUEST};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

use crate::{ServiceError, services::reading::Reading};

/// A JSON body, in and out. In: `application/json` only, within the route's limit; refusals say where, never quote.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ServiceError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ServiceError> {
        if !is_json(request.headers()) {
            return Err(ServiceError::because(ErrorCode::UnsupportedMediaType, "send application/json"));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(body_error)?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| json_error(&error))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => ServiceError::Internal(format!("an answer doesn't serialise: {error}")).into_response(),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// What a body that could not be read answers with; for raw bodies too.
pub fn body_error(rejection: BytesRejection) -> ServiceError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ErrorCode::TooLarge.into()
    } else {
        ServiceError::because(ErrorCode::Malformed, "the body broke off")
    }
}

/// Line and column; serde's own message may quote what was sent, which may be a secret.
fn json_error(error: &serde_json::Error) -> ServiceError {
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => {
            ServiceError::because(ErrorCode::Malformed, format!("a field is missing or of another type: {place}"))
        }
        _ => ServiceError::because(ErrorCode::Malformed, format!("not JSON: {place}")),
    }
}

/// Path parameters. An id that isn't one names nothing: `not_found`.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ServiceError> {
        let found = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        found.map(|axum::extract::Path(value)| Self(value)).map_err(|_| ErrorCode::NotFound.into())
    }
}

/// Query parameters.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ServiceError> {
        let found = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        found
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|_| ServiceError::because(ErrorCode::Malformed, "a query parameter can't be read"))
    }
}

/// The reader's signed request; what can't be read of it is refused as not signed.
impl<S: Send + Sync> FromRequestParts<S> for Reading {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ServiceError> {
        let Some(value) = parts.headers.get(READ_REQUEST) else { return Ok(Self::default()) };
        let signed = URL_SAFE_NO_PAD.decode(value.as_bytes());
        let unreadable = |_| ServiceError::because(ErrorCode::UnsignedRead, "the signed request is not base64url");
        signed.map(|signed| Self::new(Some(signed))).map_err(unreadable)
    }
}

/// How the document names what [`Reading`] takes.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by the derived document alone")]
pub struct SignedRequest {
    /// The reader's signed request for exactly this (docs/protocol.md, Audit events), base64url without padding; the event
    /// of this reading holds it. Without it, or where it is for something else: `unsigned_read`.
    #[param(rename = "healthsecure-read-request")]
    request: String,
}
