//! `/sign-up`: creating an account.

use api_types::{
    sign_in::SignedIn,
    sign_up::{AskSignUpCode, CheckSignUpCode, FinishSignUp, RegistrationStarted, SignUpCodeAsked, StartSignUp},
};
use axum::{extract::State, http::StatusCode, response::Response};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ACCOUNT_BODY_MAX, extract::Json, identities::done_with, limits::limited, sign_in::answer};
use crate::{
    AppState, ServiceResult,
    middleware::{Address, Caller, identity_cookie::IdentityBrowser},
    services::{sign_up, sign_up_codes},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(ask_sign_up_code))
        .routes(routes!(check_sign_up_code))
        .routes(routes!(start_sign_up))
        .merge(limited(OpenApiRouter::new().routes(routes!(finish_sign_up)), ACCOUNT_BODY_MAX))
}

/// Have a code mailed that proves an address. The answer is the same whether or not the address has an account.
#[utoipa::path(post, path = "/sign-up/code", tag = "sign-up", request_body = AskSignUpCode,
    responses((status = 200, body = SignUpCodeAsked)))]
async fn ask_sign_up_code(
    State(state): State<AppState>,
    from: Address,
    Json(body): Json<AskSignUpCode>,
) -> ServiceResult<Json<SignUpCodeAsked>> {
    sign_up_codes::ask(&state, from, body).await.map(Json)
}

/// Prove an address by the code that was mailed to it.
#[utoipa::path(post, path = "/sign-up/code/check", tag = "sign-up", request_body = CheckSignUpCode,
    responses((status = 204, description = "Proved")))]
async fn check_sign_up_code(
    State(state): State<AppState>,
    from: Address,
    Json(body): Json<CheckSignUpCode>,
) -> ServiceResult<StatusCode> {
    sign_up_codes::check(&state, from, body).await?;
    Ok(StatusCode::NO_CONTENT)
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
