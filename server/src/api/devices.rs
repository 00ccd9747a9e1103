//! `/account/devices`: machines that only send.

use api_types::{
    AccountId,
    devices::{DeviceAdded, DeviceList, NewDevice, RemoveDevice},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path};
use crate::{AppState, ServiceResult, middleware::Holder, policy::Actor, services::sending_devices};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_devices, add_device)).routes(routes!(remove_device))
}

/// One's own devices that were not removed, newest first; never what lets them in.
#[utoipa::path(get, path = "/account/devices", tag = "devices", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = DeviceList)))]
async fn list_devices(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<DeviceList>> {
    sending_devices::list(&state, &actor).await.map(Json)
}

/// Add a device that sends; the session must be confirmed. Its token is shown this once. `conflict` where the account has 20.
#[utoipa::path(post, path = "/account/devices", tag = "devices", request_body = NewDevice,
    security(("bearer" = []), ("cookie" = [])), responses((status = 201, body = DeviceAdded)))]
async fn add_device(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<NewDevice>,
) -> ServiceResult<(StatusCode, Json<DeviceAdded>)> {
    Ok((StatusCode::CREATED, Json(sending_devices::add(&state, &actor, body).await?)))
}

/// Remove a device by its owner's signed word; it sends nothing from then on.
#[utoipa::path(post, path = "/account/devices/{device_id}/remove", tag = "devices",
    params(("device_id" = AccountId, Path)), request_body = RemoveDevice,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Removed")))]
async fn remove_device(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<AccountId>,
    Json(body): Json<RemoveDevice>,
) -> ServiceResult<StatusCode> {
    sending_devices::remove(&state, &actor, id, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
