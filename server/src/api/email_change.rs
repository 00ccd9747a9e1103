//! `/account/email/change`, and what the two addresses answer.

use api_types::email_change::{AnswerEmailChange, EmailChange, EmailChangeAnswered, StartEmailChange};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::Json;
use crate::{
    AppState, ServiceResult,
    middleware::{Address, Holder, Visitor},
    services::{email_change, email_change_answer},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_email_change, start_email_change, cancel_email_change))
        .routes(routes!(answer_email_change))
}

/// The change of one's e-mail address that waits.
#[utoipa::path(get, path = "/account/email/change", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = EmailChange)))]
async fn get_email_change(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<EmailChange>> {
    email_change::get(&state, &actor).await.map(Json)
}

/// Ask for another e-mail address; the session must be confirmed. A link goes to each of the two addresses.
#[utoipa::path(post, path = "/account/email/change", tag = "account", request_body = StartEmailChange,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "The links are being mailed")))]
async fn start_email_change(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<StartEmailChange>,
) -> ServiceResult<StatusCode> {
    email_change::start(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End the change that waits; everything stays as it is.
#[utoipa::path(delete, path = "/account/email/change", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Ended")))]
async fn cancel_email_change(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<StatusCode> {
    email_change::cancel(&state, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Confirm a change of an e-mail address, or stop it, with the token of a mailed link; signed in to its account, or not at
/// all. It is done when both addresses have confirmed.
#[utoipa::path(post, path = "/email-change", tag = "account", request_body = AnswerEmailChange,
    responses((status = 200, body = EmailChangeAnswered)))]
async fn answer_email_change(
    State(state): State<AppState>,
    from: Address,
    Visitor(actor): Visitor,
    Json(body): Json<AnswerEmailChange>,
) -> ServiceResult<Json<EmailChangeAnswered>> {
    email_change_answer::answer(&state, from, actor, body).await.map(Json)
}
