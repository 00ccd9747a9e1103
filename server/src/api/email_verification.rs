//! `/email-verification`, and the mail before it.

use api_types::accounts::VerifyEmail;
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::Json;
use crate::{
    AppState, ServiceResult,
    middleware::{Address, Holder, Visitor},
    services::email_verification,
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(send_email_verification)).routes(routes!(verify_email))
}

/// Have a link mailed to one's own address that verifies it, or one more; also for accounts that wait.
#[utoipa::path(post, path = "/account/email/verification", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "It is being mailed")))]
async fn send_email_verification(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<StatusCode> {
    email_verification::send(&state, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Verify an address with the token of a mailed link; signed in to its account, or not at all.
#[utoipa::path(post, path = "/email-verification", tag = "account", request_body = VerifyEmail,
    responses((status = 204, description = "Verified")))]
async fn verify_email(
    State(state): State<AppState>,
    from: Address,
    Visitor(actor): Visitor,
    Json(body): Json<VerifyEmail>,
) -> ServiceResult<StatusCode> {
    email_verification::verify(&state, from, actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
