//! `/log/events/…` and `/log/keys/…`: the files of the trees, as c2sp.org/tlog-tiles names them. Outside the API: public,
//! and for tools that know nothing of HealthSecure.

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
    storage::log::Tree,
};

/// A tile never changes once it is full.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// A partial one doesn't either, but a wider one will take its place.
const A_WHILE: &str = "public, max-age=3600";

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/log/events/{*path}", get(events)).route("/log/keys/{*path}", get(keys))
}

async fn events(state: State<AppState>, from: Address, uri: Uri) -> ServiceResult<Response> {
    serve(state, from, (Tree::Events, uri.path().strip_prefix("/log/events/"))).await
}

async fn keys(state: State<AppState>, from: Address, uri: Uri) -> ServiceResult<Response> {
    serve(state, from, (Tree::Keys, uri.path().strip_prefix("/log/keys/"))).await
}

/// The path is taken as it was sent: encoded in another way it names nothing.
async fn serve(
    State(state): State<AppState>,
    from: Address,
    (tree, path): (Tree, Option<&str>),
) -> ServiceResult<Response> {
    Ok(answer(log::file(&state, from, tree, path.unwrap_or_default()).await?))
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
