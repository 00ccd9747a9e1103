//! `/session` (this one) and `/sessions` (all of one's own).

use api_types::{
    SessionId,
    sessions::{Carrier, CurrentSession, FinishConfirmation, SessionList, StartConfirmation},
    sign_in::SignInStarted,
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path};
use crate::{
    AppState, ServiceResult,
    middleware::{Address, Caller, Holder, Visitor, session::clear_cookie},
    services::{confirmation, sessions},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_session, sign_out))
        .routes(routes!(list_sessions, end_other_sessions))
        .routes(routes!(end_session))
        .routes(routes!(start_confirmation))
        .routes(routes!(finish_confirmation))
}

/// Who the request is; never an error when signed out.
#[utoipa::path(get, path = "/session", tag = "sessions", responses((status = 200, body = CurrentSession)))]
async fn get_session(
    State(state): State<AppState>,
    Visitor(actor): Visitor,
    from: Address,
) -> ServiceResult<Json<CurrentSession>> {
    sessions::current(&state, actor, from).await.map(Json)
}

/// Sign out: this session ends at once. An API token that stands in its place is removed.
#[utoipa::path(delete, path = "/session", tag = "sessions", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Signed out")))]
async fn sign_out(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Response> {
    sessions::sign_out(&state, &actor).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if actor.carrier == Carrier::Cookie {
        response.headers_mut().insert(header::SET_COOKIE, clear_cookie()?);
    }
    Ok(response)
}

/// One's own open sessions, newest first.
#[utoipa::path(get, path = "/sessions", tag = "sessions", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = SessionList)))]
async fn list_sessions(
    State(state): State<AppState>,
    Holder(actor): Holder,
    from: Address,
) -> ServiceResult<Json<SessionList>> {
    sessions::list(&state, &actor, from).await.map(Json)
}

/// End one of one's own sessions; effective at once. One that isn't this asks for a confirmed session.
#[utoipa::path(delete, path = "/sessions/{session_id}", tag = "sessions", params(("session_id" = SessionId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Ended")))]
async fn end_session(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<SessionId>,
) -> ServiceResult<StatusCode> {
    sessions::end(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions but this one, which must be confirmed; effective at once.
#[utoipa::path(delete, path = "/sessions", tag = "sessions", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Ended")))]
async fn end_other_sessions(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<StatusCode> {
    sessions::end_others(&state, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Prove the password again, for what a session alone may not do.
#[utoipa::path(post, path = "/session/confirmation/start", tag = "sessions", request_body = StartConfirmation,
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = SignInStarted)))]
async fn start_confirmation(
    State(state): State<AppState>,
    Holder(actor): Holder,
    caller: Caller,
    Json(body): Json<StartConfirmation>,
) -> ServiceResult<Json<SignInStarted>> {
    confirmation::start(&state, &actor, caller, body).await.map(Json)
}

/// The session is confirmed for ten minutes.
#[utoipa::path(post, path = "/session/confirmation/finish", tag = "sessions", request_body = FinishConfirmation,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Confirmed")))]
async fn finish_confirmation(
    State(state): State<AppState>,
    Holder(actor): Holder,
    caller: Caller,
    Json(body): Json<FinishConfirmation>,
) -> ServiceResult<StatusCode> {
    confirmation::finish(&state, &actor, caller, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
