//! No request holds the server for ever. Streams (parts, live events) are not concerned: their head is out by then.

use std::time::Duration;

use api_types::ErrorCode;
use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::ServiceError;

/// Until the head of an answer.
const USUAL: Duration = Duration::from_secs(30);
/// An 8 MiB segment over a slow line that several share, about 5 KiB/s each; one that stops coming is given up before.
const SEGMENT: Duration = Duration::from_secs(1800);

/// Answers `unavailable` when the handler takes too long; its transaction rolls back, and what it had waiting to be written with
/// others' is not.
pub async fn layer(request: Request, next: Next) -> Response {
    let segment = request.extensions().get::<MatchedPath>().is_some_and(|p| p.as_str().contains("/segments/"));
    let limit = if segment { SEGMENT } else { USUAL };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ServiceError::Refused(ErrorCode::Unavailable).into_response(),
    }
}
