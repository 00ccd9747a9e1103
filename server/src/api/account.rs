//! `/account`: one's own.

use api_types::accounts::{OwnAccount, PutClientState};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ACCOUNT_BODY_MAX, extract::Json, limits::limited};
use crate::{AppState, ServiceResult, middleware::Holder, services::account};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_account))
        .merge(limited(OpenApiRouter::new().routes(routes!(put_client_state)), ACCOUNT_BODY_MAX))
}

/// All that is needed to unlock; also for accounts that wait or were refused.
#[utoipa::path(get, path = "/account", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = OwnAccount)))]
async fn get_account(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<OwnAccount>> {
    account::get(&state, &actor).await.map(Json)
}

/// Replace the sealed client state; its counter must be the stored one plus one.
#[utoipa::path(put, path = "/account/client-state", tag = "account", request_body = PutClientState,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Stored")))]
async fn put_client_state(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<PutClientState>,
) -> ServiceResult<StatusCode> {
    account::put_client_state(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
