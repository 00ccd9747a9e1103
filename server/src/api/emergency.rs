//! `/account/emergency-contacts` and `/trusted`: who may open an account after a delay.

use api_types::{
    WayInId,
    emergency::{EmergencyContactList, EmergencyWords, NewEmergencyContact, RemoveEmergencyContact},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ACCOUNT_BODY_MAX,
    extract::{Json, Path},
    limits::limited,
};
use crate::{
    AppState, ServiceResult,
    middleware::Holder,
    services::{emergency, trusted},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_emergency_contacts))
        .routes(routes!(add_emergency_contact))
        .merge(limited(OpenApiRouter::new().routes(routes!(remove_emergency_contact)), ACCOUNT_BODY_MAX))
        .routes(routes!(refuse_emergency))
        .routes(routes!(list_trusted))
        .routes(routes!(accept_trust))
        .routes(routes!(decline_trust))
        .routes(routes!(ask_emergency))
        .routes(routes!(get_emergency_words))
}

/// One's own emergency contacts, with where each stands.
#[utoipa::path(get, path = "/account/emergency-contacts", tag = "emergency contacts",
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = EmergencyContactList)))]
async fn list_emergency_contacts(
    State(state): State<AppState>,
    Holder(actor): Holder,
) -> ServiceResult<Json<EmergencyContactList>> {
    emergency::list(&state, &actor).await.map(Json)
}

/// Trust an account to open this one after a delay; the session must be confirmed.
#[utoipa::path(post, path = "/account/emergency-contacts", tag = "emergency contacts",
    request_body = NewEmergencyContact, security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Added")))]
async fn add_emergency_contact(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<NewEmergencyContact>,
) -> ServiceResult<StatusCode> {
    emergency::add(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Trust it no more; the session must be confirmed. Every other session ends.
#[utoipa::path(post, path = "/account/emergency-contacts/{way_in_id}/remove", tag = "emergency contacts",
    params(("way_in_id" = WayInId, Path)), request_body = RemoveEmergencyContact,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Removed")))]
async fn remove_emergency_contact(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
    Json(body): Json<RemoveEmergencyContact>,
) -> ServiceResult<StatusCode> {
    emergency::remove(&state, &actor, id, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse what a contact asked for. Needs no confirmation: whoever sees that it is asked for may stop it at once.
#[utoipa::path(post, path = "/account/emergency-contacts/{way_in_id}/refuse", tag = "emergency contacts",
    params(("way_in_id" = WayInId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Refused")))]
async fn refuse_emergency(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
) -> ServiceResult<StatusCode> {
    emergency::refuse(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who trusts this account, with where each stands.
#[utoipa::path(get, path = "/trusted", tag = "emergency contacts", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = EmergencyContactList)))]
async fn list_trusted(
    State(state): State<AppState>,
    Holder(actor): Holder,
) -> ServiceResult<Json<EmergencyContactList>> {
    trusted::list(&state, &actor).await.map(Json)
}

/// Accept being somebody's emergency contact.
#[utoipa::path(post, path = "/trusted/{way_in_id}/accept", tag = "emergency contacts",
    params(("way_in_id" = WayInId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Accepted")))]
async fn accept_trust(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
) -> ServiceResult<StatusCode> {
    trusted::accept(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Decline it, also later.
#[utoipa::path(post, path = "/trusted/{way_in_id}/decline", tag = "emergency contacts",
    params(("way_in_id" = WayInId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Declined")))]
async fn decline_trust(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
) -> ServiceResult<StatusCode> {
    trusted::decline(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for the account; the delay begins, and its owner is told. `throttled` soon after a refusal.
#[utoipa::path(post, path = "/trusted/{way_in_id}/ask", tag = "emergency contacts",
    params(("way_in_id" = WayInId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Asked")))]
async fn ask_emergency(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
) -> ServiceResult<StatusCode> {
    trusted::ask(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sealed words, once the delay has run; else `emergency_not_open`.
#[utoipa::path(post, path = "/trusted/{way_in_id}/words", tag = "emergency contacts",
    params(("way_in_id" = WayInId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = EmergencyWords)))]
async fn get_emergency_words(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
) -> ServiceResult<Json<EmergencyWords>> {
    trusted::words(&state, &actor, id).await.map(Json)
}
