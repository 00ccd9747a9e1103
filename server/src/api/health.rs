//! `/healthz` (the process answers) and `/readyz` (database and blob store do too). No secrets, no audit.

use api_types::ErrorCode;
use axum::{Router, extract::State, routing::get};

use crate::{AppState, ServiceError, ServiceResult, storage::db};

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready))
}

async fn ready(State(state): State<AppState>) -> ServiceResult<&'static str> {
    let unavailable = || ServiceError::Refused(ErrorCode::Unavailable);
    db::ping(&state.db).await.map_err(|_| unavailable())?;
    // There is no such blob; a store that answers says so.
    match state.blobs.read("readyz", 0..1).await {
        Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok("ready"),
        Err(_) => Err(unavailable()),
    }
}
