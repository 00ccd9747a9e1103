//! `/sign-up`: creating an account.

use api_types::{
    sign_in::SignedIn,
    sign_up::{FinishSignUp, RegistrationStarted, StartSignUp},
};
use axum::{extract::State, http::StatusCode, response::Response};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ACCOUNT_BODY_MAX, extract::Json, identities::done_with, limits::limited, sign_in::answer};
use crate::{
    AppState, ServiceResult,
    middleware::{Address, Caller, identity_cookie::IdentityBrowser},
    services::sign_up,
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(start_sign_up))
        .merge(limited(OpenApiRouter::new().routes(routes!(finish_sign_up)), ACCOUNT_BODY_MAX))
}

/// Begin OPAQUE registration.
#[utoipa::path(post, path = "/sign-up/start", tag = "sign-up", request_body = StartSignUp,
    responses((status = 200, body = RegistrationStarted)))]
async fn start_sign_up(
    State(state): State<AppState>,
    from: Address,
    Json(body): Json<StartSignUp>,
) -> ServiceResult<Json<RegistrationStarted>> {
    sign_up::start(&state, from, body).await.map(Json)
}

/// Create the account and begin its first session. Doctors who come without an invitation wait for approval.
#[utoipa::path(post, path = "/sign-up", tag = "sign-up", request_body = FinishSignUp,
    responses((status = 201, body = SignedIn)))]
async fn finish_sign_up(
    State(state): State<AppState>,
    caller: Caller,
    IdentityBrowser(browser): IdentityBrowser,
    Json(body): Json<FinishSignUp>,
) -> ServiceResult<Response> {
    let of_identity = body.identity;
    let made = answer(&state, StatusCode::CREATED, sign_up::finish(&state, caller, browser, body).await?)?;
    if of_identity { done_with(made) } else { Ok(made) }
}
