//! `/teams`: care teams, their signed rosters, and who belongs to them.

use api_types::{
    TeamId,
    limits::REPORT_BODY_MAX,
    teams::{LeaveTeam, NewTeamRoster, Team, TeamList},
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    extract::{Json, Path, Query},
    limits::limited,
};
use crate::{
    AppState, ServiceResult,
    policy::Actor,
    services::{teams, teams_leave, teams_roster},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    // Each member's wrap of the team's key is some kilobytes long.
    let rosters = OpenApiRouter::new().routes(routes!(list_teams, create_team)).routes(routes!(change_team));
    OpenApiRouter::new()
        .merge(limited(rosters, REPORT_BODY_MAX))
        .routes(routes!(get_team))
        .routes(routes!(accept_team))
        .routes(routes!(leave_team))
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FindParams {
    /// Teams one of the words of whose name begins so, at least 2 characters. Without it: one's own.
    name: Option<String>,
}

/// The teams that one belongs to; or, by the beginning of a word of their name, any. Counted and audited.
#[utoipa::path(get, path = "/teams", tag = "teams", params(FindParams), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = TeamList)))]
async fn list_teams(
    State(state): State<AppState>,
    actor: Actor,
    Query(params): Query<FindParams>,
) -> ServiceResult<Json<TeamList>> {
    teams::list(&state, &actor, params.name).await.map(Json)
}

/// Make a team: doctors. The session must be confirmed where somebody else is a member.
#[utoipa::path(post, path = "/teams", tag = "teams", request_body = NewTeamRoster,
    security(("bearer" = []), ("cookie" = [])), responses((status = 201, description = "Made")))]
async fn create_team(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<NewTeamRoster>,
) -> ServiceResult<StatusCode> {
    teams_roster::create(&state, &actor, body).await?;
    Ok(StatusCode::CREATED)
}

/// A team with its signed rosters and the people in it; to members also the team's keys, sealed to them.
#[utoipa::path(get, path = "/teams/{team_id}", tag = "teams", params(("team_id" = TeamId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = Team)))]
async fn get_team(State(state): State<AppState>, actor: Actor, Path(team): Path<TeamId>) -> ServiceResult<Json<Team>> {
    teams::get(&state, &actor, team).await.map(Json)
}

/// The next roster: by a manager of the newest, else `team_moved`. The session must be confirmed where somebody is added
/// or made a manager. Whoever is left out is cut off at once.
#[utoipa::path(post, path = "/teams/{team_id}/rosters", tag = "teams", params(("team_id" = TeamId, Path)),
    request_body = NewTeamRoster, security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Stored")))]
async fn change_team(
    State(state): State<AppState>,
    actor: Actor,
    Path(team): Path<TeamId>,
    Json(body): Json<NewTeamRoster>,
) -> ServiceResult<StatusCode> {
    teams_roster::change(&state, &actor, team, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accept the invitation into a team.
#[utoipa::path(post, path = "/teams/{team_id}/accept", tag = "teams", params(("team_id" = TeamId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Accepted")))]
async fn accept_team(
    State(state): State<AppState>,
    actor: Actor,
    Path(team): Path<TeamId>,
) -> ServiceResult<StatusCode> {
    teams_leave::accept(&state, &actor, team).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave a team, or decline the invitation into it. The last manager can't: `team_manager_needed`.
#[utoipa::path(post, path = "/teams/{team_id}/leave", tag = "teams", params(("team_id" = TeamId, Path)),
    request_body = LeaveTeam, security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Left")))]
async fn leave_team(
    State(state): State<AppState>,
    actor: Actor,
    Path(team): Path<TeamId>,
    Json(body): Json<LeaveTeam>,
) -> ServiceResult<StatusCode> {
    teams_leave::leave(&state, &actor, team, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
