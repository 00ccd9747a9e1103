//! `/retention-rules` and `/admin/retention-rules`: how long the organisation has its people keep reports.

use api_types::retention::{PutRetentionRules, RetentionRules};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::Json;
use crate::{AppState, ServiceResult, policy::Actor, services::retention_rules};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_retention_rules)).routes(routes!(put_retention_rules))
}

/// How long reports of each kind are kept, as the organisation signed it. The server removes nothing by it.
#[utoipa::path(get, path = "/retention-rules", tag = "reports", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = RetentionRules)))]
async fn get_retention_rules(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<RetentionRules>> {
    retention_rules::get(&state, &actor).await.map(Json)
}

/// Replace them by a statement signed under the organisation key. The session must be confirmed.
#[utoipa::path(put, path = "/admin/retention-rules", tag = "administration", request_body = PutRetentionRules,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Stored")))]
async fn put_retention_rules(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<PutRetentionRules>,
) -> ServiceResult<StatusCode> {
    retention_rules::put(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
