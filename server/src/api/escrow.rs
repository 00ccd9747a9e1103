//! `/account/escrow` and `/admin/escrow`: what whoever keeps the organisation's escrow words can open, after a delay.

use api_types::{
    AccountId, WayInId,
    escrow::{
        EndEscrowKey, EscrowOverview, EscrowedSecret, NewAccountEscrow, NewEscrowKey, OwnEscrow, RemoveAccountEscrow,
    },
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ACCOUNT_BODY_MAX,
    extract::{Json, Path, Query},
    limits::limited,
};
use crate::{
    AppState, ServiceResult,
    middleware::Holder,
    policy::Actor,
    services::{escrow, escrow_admin},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_escrow))
        .routes(routes!(add_escrow))
        .merge(limited(OpenApiRouter::new().routes(routes!(remove_escrow)), ACCOUNT_BODY_MAX))
        .routes(routes!(refuse_escrow))
        .routes(routes!(list_escrows))
        .routes(routes!(make_escrow_key))
        .routes(routes!(end_escrow_key))
        .routes(routes!(ask_escrow))
        .routes(routes!(get_escrow_secret))
}

/// The key that the organisation offers, and what the account put in escrow under it.
#[utoipa::path(get, path = "/account/escrow", tag = "escrow", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = OwnEscrow)))]
async fn get_escrow(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<OwnEscrow>> {
    escrow::own(&state, &actor).await.map(Json)
}

/// Turn escrow on; the session must be confirmed.
#[utoipa::path(post, path = "/account/escrow", tag = "escrow", request_body = NewAccountEscrow,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "On")))]
async fn add_escrow(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<NewAccountEscrow>,
) -> ServiceResult<StatusCode> {
    escrow::add(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Turn it off; the session must be confirmed. Every other session ends.
#[utoipa::path(post, path = "/account/escrow/{way_in_id}/remove", tag = "escrow",
    params(("way_in_id" = WayInId, Path)), request_body = RemoveAccountEscrow,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Off")))]
async fn remove_escrow(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
    Json(body): Json<RemoveAccountEscrow>,
) -> ServiceResult<StatusCode> {
    escrow::remove(&state, &actor, id, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse what an administrator asked for. Needs no confirmation: whoever sees that it is asked for may stop it at once.
#[utoipa::path(post, path = "/account/escrow/{way_in_id}/refuse", tag = "escrow",
    params(("way_in_id" = WayInId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Refused")))]
async fn refuse_escrow(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<WayInId>,
) -> ServiceResult<StatusCode> {
    escrow::refuse(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EscrowParams {
    /// `next` of the page before.
    before: Option<String>,
}

/// The escrow key, and who put something in escrow. Administrators.
#[utoipa::path(get, path = "/admin/escrow", tag = "escrow", params(EscrowParams),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = EscrowOverview)))]
async fn list_escrows(
    State(state): State<AppState>,
    actor: Actor,
    Query(params): Query<EscrowParams>,
) -> ServiceResult<Json<EscrowOverview>> {
    escrow_admin::list(&state, &actor, params.before.as_deref()).await.map(Json)
}

/// Offer an escrow key, signed under the organisation key. Administrators; the session must be confirmed.
#[utoipa::path(post, path = "/admin/escrow/key", tag = "escrow", request_body = NewEscrowKey,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Offered")))]
async fn make_escrow_key(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<NewEscrowKey>,
) -> ServiceResult<StatusCode> {
    escrow_admin::make_key(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End it: what was sealed to it is deleted. Administrators; the session must be confirmed.
#[utoipa::path(post, path = "/admin/escrow/key/end", tag = "escrow", request_body = EndEscrowKey,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Ended")))]
async fn end_escrow_key(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<EndEscrowKey>,
) -> ServiceResult<StatusCode> {
    escrow_admin::end_key(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for an account; the delay begins, and its holder is told. `throttled` soon after a refusal. Administrators; the session
/// must be confirmed.
#[utoipa::path(post, path = "/admin/escrow/accounts/{account_id}/ask", tag = "escrow",
    params(("account_id" = AccountId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Asked")))]
async fn ask_escrow(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
) -> ServiceResult<StatusCode> {
    escrow_admin::ask(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sealed secret, once the delay has run; else `escrow_not_open`. Administrators; the session must be confirmed.
#[utoipa::path(post, path = "/admin/escrow/accounts/{account_id}/secret", tag = "escrow",
    params(("account_id" = AccountId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = EscrowedSecret)))]
async fn get_escrow_secret(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
) -> ServiceResult<Json<EscrowedSecret>> {
    escrow_admin::secret(&state, &actor, id).await.map(Json)
}
