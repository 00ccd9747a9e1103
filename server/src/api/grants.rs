//! `/reports/{report_id}/grants` and `/grants`: giving, taking and ending access.

use api_types::{
    GrantId, ReportId,
    grants::{
        ClaimGrant, CreateGrant, FollowTeam, GrantList, RedeemChallenge, RedeemGrant, Redeemed, RevokeGrant,
        StoreGrantSeed,
    },
    limits::REPORT_BODY_MAX,
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    extract::{Json, Path, SignedRequest},
    limits::limited,
};
use crate::{
    AppState, ServiceResult,
    middleware::Address,
    policy::Actor,
    services::{grants, grants_claim, grants_list, grants_redeem, grants_revoke, grants_team, reading::Reading},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    let creating = OpenApiRouter::new().routes(routes!(list_report_grants, create_grant));
    OpenApiRouter::new()
        .merge(limited(creating, REPORT_BODY_MAX))
        .merge(limited(OpenApiRouter::new().routes(routes!(follow_team)), REPORT_BODY_MAX))
        .routes(routes!(revoke_grant))
        .routes(routes!(claim_grant))
        .routes(routes!(list_grants))
        .routes(routes!(challenge_grant))
        .routes(routes!(redeem_grant))
        .routes(routes!(store_grant_seed))
        .routes(routes!(request_grant_again))
}

/// Every grant of a report, newest first.
#[utoipa::path(get, path = "/reports/{report_id}/grants", tag = "grants",
    params(("report_id" = ReportId, Path), SignedRequest),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = GrantList)))]
async fn list_report_grants(
    State(state): State<AppState>,
    actor: Actor,
    reading: Reading,
    Path(report): Path<ReportId>,
) -> ServiceResult<Json<GrantList>> {
    grants_list::of_report(&state, &actor, reading, report).await.map(Json)
}

/// Share a report, or pass custody on. Refused with `access_head_moved` unless the entry continues the stored head.
#[utoipa::path(post, path = "/reports/{report_id}/grants", tag = "grants", params(("report_id" = ReportId, Path)),
    security(("bearer" = []), ("cookie" = [])), request_body = CreateGrant,
    responses((status = 201, description = "Granted")))]
async fn create_grant(
    State(state): State<AppState>,
    actor: Actor,
    Path(report): Path<ReportId>,
    Json(body): Json<CreateGrant>,
) -> ServiceResult<StatusCode> {
    grants::create(&state, &actor, report, body).await?;
    Ok(StatusCode::CREATED)
}

/// End a grant and all that descends from it, at once.
#[utoipa::path(post, path = "/reports/{report_id}/grants/{grant_id}/revoke", tag = "grants",
    params(("report_id" = ReportId, Path), ("grant_id" = GrantId, Path)),
    security(("bearer" = []), ("cookie" = [])), request_body = RevokeGrant,
    responses((status = 204, description = "Ended")))]
async fn revoke_grant(
    State(state): State<AppState>,
    actor: Actor,
    Path((report, grant)): Path<(ReportId, GrantId)>,
    Json(body): Json<RevokeGrant>,
) -> ServiceResult<StatusCode> {
    grants_revoke::revoke(&state, &actor, report, grant, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Bring a team's grant under the team's newest key: its managers, and the report's owner. Refused with `access_head_moved`
/// unless the entry continues the stored head.
#[utoipa::path(post, path = "/reports/{report_id}/grants/{grant_id}/team-key", tag = "grants",
    params(("report_id" = ReportId, Path), ("grant_id" = GrantId, Path)),
    security(("bearer" = []), ("cookie" = [])), request_body = FollowTeam,
    responses((status = 204, description = "Under the newest key")))]
async fn follow_team(
    State(state): State<AppState>,
    actor: Actor,
    Path((report, grant)): Path<(ReportId, GrantId)>,
    Json(body): Json<FollowTeam>,
) -> ServiceResult<StatusCode> {
    grants_team::follow(&state, &actor, report, grant, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a bearer grant into one's account with the invitation's secret.
#[utoipa::path(post, path = "/reports/{report_id}/grants/{grant_id}/claim", tag = "grants",
    params(("report_id" = ReportId, Path), ("grant_id" = GrantId, Path)),
    security(("bearer" = []), ("cookie" = [])), request_body = ClaimGrant,
    responses((status = 204, description = "Taken")))]
async fn claim_grant(
    State(state): State<AppState>,
    actor: Actor,
    Path((report, grant)): Path<(ReportId, GrantId)>,
    Json(body): Json<ClaimGrant>,
) -> ServiceResult<StatusCode> {
    grants_claim::claim(&state, &actor, report, grant, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shares to oneself that wait to be redeemed or claimed, have expired, or are locked.
#[utoipa::path(get, path = "/grants", tag = "grants", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = GrantList)))]
async fn list_grants(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<GrantList>> {
    grants_list::to_me(&state, &actor).await.map(Json)
}

/// A challenge for one try within a minute, with the access chain to verify first.
#[utoipa::path(post, path = "/grants/{grant_id}/challenge", tag = "grants", params(("grant_id" = GrantId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = RedeemChallenge)))]
async fn challenge_grant(
    State(state): State<AppState>,
    actor: Actor,
    Path(grant): Path<GrantId>,
) -> ServiceResult<Json<RedeemChallenge>> {
    grants_redeem::challenge(&state, &actor, grant).await.map(Json)
}

/// Prove the code. A wrong proof counts as a wrong code; five lock the share.
#[utoipa::path(post, path = "/grants/{grant_id}/redeem", tag = "grants", params(("grant_id" = GrantId, Path)),
    security(("bearer" = []), ("cookie" = [])), request_body = RedeemGrant,
    responses((status = 200, body = Redeemed)))]
async fn redeem_grant(
    State(state): State<AppState>,
    actor: Actor,
    from: Address,
    Path(grant): Path<GrantId>,
    Json(body): Json<RedeemGrant>,
) -> ServiceResult<Json<Redeemed>> {
    grants_redeem::redeem(&state, &actor, (grant, from), body).await.map(Json)
}

/// Store the resealed seed, which makes the grant live; repeating it is harmless.
#[utoipa::path(put, path = "/grants/{grant_id}/seed", tag = "grants", params(("grant_id" = GrantId, Path)),
    security(("bearer" = []), ("cookie" = [])), request_body = StoreGrantSeed,
    responses((status = 204, description = "Stored")))]
async fn store_grant_seed(
    State(state): State<AppState>,
    actor: Actor,
    Path(grant): Path<GrantId>,
    Json(body): Json<StoreGrantSeed>,
) -> ServiceResult<StatusCode> {
    grants_redeem::store_seed(&state, &actor, grant, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask whoever shared for a new code.
#[utoipa::path(post, path = "/grants/{grant_id}/request-again", tag = "grants",
    params(("grant_id" = GrantId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Asked")))]
async fn request_grant_again(
    State(state): State<AppState>,
    actor: Actor,
    Path(grant): Path<GrantId>,
) -> ServiceResult<StatusCode> {
    grants_redeem::request_again(&state, &actor, grant).await?;
    Ok(StatusCode::NO_CONTENT)
}
