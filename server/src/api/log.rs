//! `/log/events/…`: the files of the events tree, as c2sp.org/tlog-tiles names them. Outside the API: public, and for
//! tools that know nothing of HealthSecure.

use axum::{
    Router,
    extract::State,
    http::{Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    AppState, ServiceResult,
    middleware::Address,
    services::log::{self, File},
};

const PREFIX: &str = "/log/events/";
/// A tile never changes once it is full.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// A partial one doesn't either, but a wider one will take its place.
const A_WHILE: &str = "public, max-age=3600";

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/log/events/{*path}", get(events))
}

/// The path is taken as it was sent: encoded in another way it names nothing.
async fn events(State(state): State<AppState>, from: Address, uri: Uri) -> ServiceResult<Response> {
    let path = uri.path().strip_prefix(PREFIX).unwrap_or_default();
    Ok(answer(log::events(&state, from, path).await?))
}

fn answer(file: File) -> Response {
    match file {
        File::Checkpoint(note) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        File::Full(bytes) => tile(bytes, FOREVER),
        File::Partial(bytes) => tile(bytes, A_WHILE),
    }
}

fn tile(bytes: Vec<u8>, cache: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, cache)], bytes).into_response()
}
