//! `/recovery`: the recovery kit sets a new password.

use api_types::{
    recovery::{FinishRecovery, RecoveryStarted, RecoveryVerified, StartRecovery, VerifyRecovery},
    sign_in::SignedIn,
};
use axum::{extract::State, http::StatusCode, response::Response};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ACCOUNT_BODY_MAX, extract::Json, limits::limited, sign_in::answer};
use crate::{AppState, ServiceResult, middleware::Caller, services::recovery};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(start_recovery))
        .routes(routes!(verify_recovery))
        .merge(limited(OpenApiRouter::new().routes(routes!(finish_recovery)), ACCOUNT_BODY_MAX))
}

/// Begin a recovery. The answer looks the same whether the account exists or not.
#[utoipa::path(post, path = "/recovery/start", tag = "recovery", request_body = StartRecovery,
    responses((status = 200, body = RecoveryStarted)))]
async fn start_recovery(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<StartRecovery>,
) -> ServiceResult<Json<RecoveryStarted>> {
    recovery::start(&state, caller, body).await.map(Json)
}

/// Prove the kit; gives what it opens. One proof an attempt.
#[utoipa::path(post, path = "/recovery/verify", tag = "recovery", request_body = VerifyRecovery,
    responses((status = 200, body = RecoveryVerified)))]
async fn verify_recovery(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<VerifyRecovery>,
) -> ServiceResult<Json<RecoveryVerified>> {
    recovery::verify(&state, caller, body).await.map(Json)
}

/// Set the new password. Every other session ends.
#[utoipa::path(post, path = "/recovery/finish", tag = "recovery", request_body = FinishRecovery,
    responses((status = 200, body = SignedIn)))]
async fn finish_recovery(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<FinishRecovery>,
) -> ServiceResult<Response> {
    answer(&state, StatusCode::OK, recovery::finish(&state, caller, body).await?)
}
