//! `/invitations`.

use api_types::{
    InvitationId,
    invitations::{CreateInvitation, CreatedInvitation, InvitationInfo, InvitationList, InvitationToken},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path};
use crate::{AppState, ServiceResult, middleware::Address, policy::Actor, services::invitations};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_invitations, create_invitation))
        .routes(routes!(withdraw_invitation))
        .routes(routes!(look_up_invitation))
        .routes(routes!(accept_invitation))
}

/// One's own invitations, newest first; administrators see everyone's.
#[utoipa::path(get, path = "/invitations", tag = "invitations", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = InvitationList)))]
async fn list_invitations(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<InvitationList>> {
    invitations::list(&state, &actor).await.map(Json)
}

/// Invite someone: administrators anyone, doctors patients. The token is shown this once.
#[utoipa::path(post, path = "/invitations", tag = "invitations", request_body = CreateInvitation,
    security(("bearer" = []), ("cookie" = [])), responses((status = 201, body = CreatedInvitation)))]
async fn create_invitation(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<CreateInvitation>,
) -> ServiceResult<(StatusCode, Json<CreatedInvitation>)> {
    Ok((StatusCode::CREATED, Json(invitations::create(&state, &actor, body).await?)))
}

/// Withdraw an invitation that nobody used yet.
#[utoipa::path(delete, path = "/invitations/{invitation_id}", tag = "invitations",
    params(("invitation_id" = InvitationId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Withdrawn")))]
async fn withdraw_invitation(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<InvitationId>,
) -> ServiceResult<StatusCode> {
    invitations::withdraw(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the sign-up page may know from a token.
#[utoipa::path(post, path = "/invitations/look-up", tag = "invitations", request_body = InvitationToken,
    responses((status = 200, body = InvitationInfo)))]
async fn look_up_invitation(
    State(state): State<AppState>,
    from: Address,
    Json(body): Json<InvitationToken>,
) -> ServiceResult<Json<InvitationInfo>> {
    invitations::look_up(&state, from, body).await.map(Json)
}

/// Take an invitation's placeholder with an account that exists already.
#[utoipa::path(post, path = "/invitations/accept", tag = "invitations", request_body = InvitationToken,
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = InvitationInfo)))]
async fn accept_invitation(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<InvitationToken>,
) -> ServiceResult<Json<InvitationInfo>> {
    invitations::accept(&state, &actor, body).await.map(Json)
}
