//! `/instance`.

use api_types::instance::Instance;
use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::Json;
use crate::{AppState, ServiceResult, services};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_instance))
}

/// What a client must know before anyone signs in.
#[utoipa::path(get, path = "/instance", tag = "instance", responses((status = 200, body = Instance)))]
async fn get_instance(State(state): State<AppState>) -> ServiceResult<Json<Instance>> {
    services::instance::get(&state).await.map(Json)
}
