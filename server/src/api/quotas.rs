//! `/account/quota`, `/admin/quota` and `/admin/accounts/{account_id}/quota`: how much accounts store, and may.

use api_types::{
    AccountId,
    quotas::{AccountQuota, Quota, QuotaDefault, SetQuota},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path};
use crate::{AppState, ServiceResult, policy::Actor, services::quotas};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_quota))
        .routes(routes!(get_default_quota, put_default_quota))
        .routes(routes!(get_account_quota, put_account_quota))
}

/// What one's own account stores, and the most that it may.
#[utoipa::path(get, path = "/account/quota", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = Quota)))]
async fn get_quota(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<Quota>> {
    quotas::own(&state, &actor).await.map(Json)
}

/// The limit of every account that has none of its own. Administrators.
#[utoipa::path(get, path = "/admin/quota", tag = "administration", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = QuotaDefault)))]
async fn get_default_quota(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<QuotaDefault>> {
    quotas::of_all(&state, &actor).await.map(Json)
}

/// Replace it; what is stored stays. The session must be confirmed.
#[utoipa::path(put, path = "/admin/quota", tag = "administration", request_body = SetQuota,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Stored")))]
async fn put_default_quota(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<SetQuota>,
) -> ServiceResult<StatusCode> {
    quotas::set_of_all(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an account stores, and the most that it may. Administrators.
#[utoipa::path(get, path = "/admin/accounts/{account_id}/quota", tag = "administration",
    params(("account_id" = AccountId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = AccountQuota)))]
async fn get_account_quota(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
) -> ServiceResult<Json<AccountQuota>> {
    quotas::of_account(&state, &actor, id).await.map(Json)
}

/// Give an account a limit of its own, or none; what is stored stays. The session must be confirmed.
#[utoipa::path(put, path = "/admin/accounts/{account_id}/quota", tag = "administration",
    params(("account_id" = AccountId, Path)), request_body = SetQuota,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Stored")))]
async fn put_account_quota(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
    Json(body): Json<SetQuota>,
) -> ServiceResult<StatusCode> {
    quotas::set_of_account(&state, &actor, id, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
