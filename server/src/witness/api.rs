//! The witness over HTTP: `add-checkpoint` and the published checkpoints of c2sp.org/tlog-witness, and `/healthz`.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderName, StatusCode, header},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tlog::witness::{MAX_REQUEST, Refusal};
use tower_http::timeout::TimeoutLayer;

use super::register::{NotCosigned, Register};
use crate::middleware::headers;

/// For a request, with its body and its wait for the one before it.
const TIMEOUT: Duration = Duration::from_secs(30);

const TEXT: &str = "text/plain; charset=utf-8";
/// What tells a size from a refusal in words.
const SIZE: &str = "text/x.tlog.size";

/// The witness as one service.
pub fn router(register: Arc<Register>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin_hash}/checkpoint", get(checkpoint))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .route("/healthz", get(async || "ok"))
        .layer(from_fn(|request, next| headers::layer(false, request, next)))
        .with_state(register)
}

/// `POST /add-checkpoint`.
async fn add_checkpoint(State(register): State<Arc<Register>>, body: Bytes) -> Response {
    match register.add_checkpoint(&body).await {
        Ok(lines) => (typed(TEXT), lines).into_response(),
        Err(NotCosigned::Refused(refusal)) => refused(&refusal),
        Err(error) => failed(&error),
    }
}

/// `GET /<origin hash>/checkpoint`: the newest that was cosigned, for monitors.
async fn checkpoint(State(register): State<Arc<Register>>, Path(hash): Path<String>) -> Response {
    let Some(path) = register.published(&hash) else { return StatusCode::NOT_FOUND.into_response() };
    match tokio::fs::read(path).await {
        Ok(note) => (typed(TEXT), note).into_response(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => StatusCode::NOT_FOUND.into_response(),
        Err(error) => failed(&error),
    }
}

fn typed(content_type: &'static str) -> [(HeaderName, &'static str); 1] {
    [(header::CONTENT_TYPE, content_type)]
}

fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = if matches!(refusal, Refusal::Conflict { .. }) { SIZE } else { TEXT };
    (status, typed(content_type), refusal.body()).into_response()
}

/// The log has the cause; the answer says only whose fault it is.
fn failed(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "request failed");
    (StatusCode::INTERNAL_SERVER_ERROR, typed(TEXT), "the witness failed\n").into_response()
}
