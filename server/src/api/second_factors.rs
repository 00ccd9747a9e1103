//! `/account/second-factors` and `/account/recovery-codes`: one's own. Also for those in breach of a policy, who can do
//! nothing else.

use api_types::{
    SecondFactorId,
    second_factors::{ConfirmTotp, RecoveryCodes, SecondFactorList, StartTotp, TotpStarted},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path};
use crate::{AppState, ServiceResult, middleware::Holder, services::second_factors};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_second_factors))
        .routes(routes!(start_totp))
        .routes(routes!(confirm_second_factor))
        .routes(routes!(remove_second_factor))
        .routes(routes!(renew_recovery_codes))
}

/// One's own second factors, and whether the role needs one.
#[utoipa::path(get, path = "/account/second-factors", tag = "second factors",
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = SecondFactorList)))]
async fn list_second_factors(
    State(state): State<AppState>,
    Holder(actor): Holder,
) -> ServiceResult<Json<SecondFactorList>> {
    second_factors::list(&state, &actor).await.map(Json)
}

/// Begin adding an authenticator app; the session must be confirmed.
#[utoipa::path(post, path = "/account/second-factors/totp", tag = "second factors", request_body = StartTotp,
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = TotpStarted)))]
async fn start_totp(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<StartTotp>,
) -> ServiceResult<Json<TotpStarted>> {
    second_factors::start_totp(&state, &actor, body).await.map(Json)
}

/// The app's first code: from now on it is asked for. The first second factor brings recovery codes.
#[utoipa::path(post, path = "/account/second-factors/{factor_id}/confirm", tag = "second factors",
    params(("factor_id" = SecondFactorId, Path)), request_body = ConfirmTotp,
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = RecoveryCodes)))]
async fn confirm_second_factor(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<SecondFactorId>,
    Json(body): Json<ConfirmTotp>,
) -> ServiceResult<Json<RecoveryCodes>> {
    second_factors::confirm(&state, &actor, id, body).await.map(Json)
}

/// Remove one; the session must be confirmed.
#[utoipa::path(delete, path = "/account/second-factors/{factor_id}", tag = "second factors",
    params(("factor_id" = SecondFactorId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Removed")))]
async fn remove_second_factor(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<SecondFactorId>,
) -> ServiceResult<StatusCode> {
    second_factors::remove(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new set of recovery codes; the old one counts no more. The session must be confirmed.
#[utoipa::path(post, path = "/account/recovery-codes", tag = "second factors",
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = RecoveryCodes)))]
async fn renew_recovery_codes(
    State(state): State<AppState>,
    Holder(actor): Holder,
) -> ServiceResult<Json<RecoveryCodes>> {
    second_factors::renew_codes(&state, &actor).await.map(Json)
}
