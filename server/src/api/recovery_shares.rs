//! `/account/recovery-split` and `/trusted/shares`: a recovery secret split among contacts.

use api_types::{
    WayInId,
    recovery_shares::{HeldShareList, NewRecoverySplit, OwnRecoverySplit, RemoveRecoverySplit, SealedShare},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ACCOUNT_BODY_MAX,
    extract::{Json, Path},
    limits::limited,
};
use crate::{AppState, ServiceResult, middleware::Holder, services::recovery_shares};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_recovery_split))
        .routes(routes!(make_recovery_split))
        .merge(limited(OpenApiRouter::new().routes(routes!(remove_recovery_split)), ACCOUNT_BODY_MAX))
        .routes(routes!(list_held_shares))
        .routes(routes!(open_held_share))
}

/// How one's own recovery is split among contacts, if it is.
#[utoipa::path(get, path = "/account/recovery-split", tag = "recovery shares",
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = OwnRecoverySplit)))]
async fn get_recovery_split(
    State(state): State<AppState>,
    Holder(actor): Holder,
) -> ServiceResult<Json<OwnRecoverySplit>> {
    recovery_shares::own(&state, &actor).await.map(Json)
}

/// Split the recovery among contacts; the session must be confirmed.
#[utoipa::path(post, path = "/account/recovery-split", tag = "recovery shares", request_body = NewRecoverySplit,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Split")))]
async fn make_recovery_split(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<NewRecoverySplit>,
) -> ServiceResult<StatusCode> {
    recovery_shares::add(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove the split: its shares open nothing any more. The session must be confirmed. Every other session ends.
#[utoipa::path(post, path = "/account/recovery-split/{way_in_id}/remove", tag = "recovery shares",
    params(("way_in_id" = WayInId, Path)), request_body = RemoveRecoverySplit,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Removed")))]
async fn remove_recovery_split(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
    Json(body): Json<RemoveRecoverySplit>,
) -> ServiceResult<StatusCode> {
    recovery_shares::remove(&state, &actor, id, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The shares that others gave to this account.
#[utoipa::path(get, path = "/trusted/shares", tag = "recovery shares", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = HeldShareList)))]
async fn list_held_shares(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<HeldShareList>> {
    recovery_shares::held(&state, &actor).await.map(Json)
}

/// The sealed share, to the contact whose it is; the session must be confirmed. Whose account it opens is told.
#[utoipa::path(post, path = "/trusted/shares/{way_in_id}/open", tag = "recovery shares",
    params(("way_in_id" = WayInId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = SealedShare)))]
async fn open_held_share(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
) -> ServiceResult<Json<SealedShare>> {
    recovery_shares::open(&state, &actor, id).await.map(Json)
}
