//! A random id for each request: in the answer's `x-request-id`, in problems, and in the log.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

use crate::random;

/// The header.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this task answers.
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Gives the request an id and logs one line when it is answered: method, route template, status, time. Never the
/// path itself (ids), the query (names, e-mails), headers or bodies.
pub async fn layer(request: Request, next: Next) -> Response {
    let id = random::bytes::<16>().map(hex::encode).unwrap_or_default();
    let span = tracing::info_span!("request", id = %id);
    let begun = Instant::now();
    let method = request.method().clone();
    let answer = async {
        let mut response = next.run(request).await;
        let route = response.extensions_mut().remove::<MatchedPath>();
        tracing::info!(
            %method,
            route = route.as_ref().map_or("-", MatchedPath::as_str),
            status = response.status().as_u16(),
            micros = begun.elapsed().as_micros() as u64,
            "answered"
        );
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    };
    CURRENT.scope(id.clone(), answer.instrument(span)).await
}

/// Hands the route template out to [`layer`], which runs before routing.
pub async fn note_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}
