//! `/healthz` (the process answers) and `/readyz` (database and blob store do too). No secrets, no audit.

use api_types::ErrorCode;
use axum::{Router, extract::State, routing::get};

use crate::{AppState, ServiceError, ServiceResult, storage::db};

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready))
}

async fn ready(State(state): State<AppState>) -> ServiceResult<&'static str> {
    db::ping(&state.db).await.map_err(|error| {
        tracing::error!(%error, "the database doesn't answer");
        ServiceError::Refused(ErrorCode::DatabaseUnavailable)
    })?;
    state.blobs.ready().await?;
    Ok("ready")
}
