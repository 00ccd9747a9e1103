//! `/reports`: the list, one report, the people of its access chain.

use api_types::{
    ReportId,
    limits::REPORT_BODY_MAX,
    reports::{CreateReport, Report, ReportList, ReportPeople},
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    extract::{Json, Path, Query, SignedRequest},
    limits::limited,
};
use crate::{
    AppState, ServiceResult,
    policy::Actor,
    services::{
        reading::Reading,
        reports::{self, ListQuery},
        reports_create,
    },
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    let routes = OpenApiRouter::new()
        .routes(routes!(list_reports, create_report))
        .routes(routes!(get_report))
        .routes(routes!(get_report_people));
    limited(routes, REPORT_BODY_MAX)
}

#[derive(Debug, Deserialize)]
struct ListParams {
    before: Option<u64>,
    since: Option<u64>,
    limit: Option<u32>,
}

/// The reports that one may see, last changed first, with what it takes to show a row. With `since`: only what
/// changed after that cursor, and the ids of what left the list. A version that is delivered for the first time, of a report
/// that one doesn't own, is an event in that report's record.
#[utoipa::path(get, path = "/reports", tag = "reports",
    params(("before" = Option<u64>, Query, description = "Rows below this cursor (`next`)"),
        ("since" = Option<u64>, Query, description = "Changes above this cursor (`head`)"),
        ("limit" = Option<u32>, Query, description = "Rows at most, 1 to 500; 100 where absent"), SignedRequest),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = ReportList)))]
async fn list_reports(
    State(state): State<AppState>,
    actor: Actor,
    reading: Reading,
    Query(params): Query<ListParams>,
) -> ServiceResult<Json<ReportList>> {
    let query = ListQuery { before: params.before, since: params.since, limit: params.limit };
    reports::list(&state, &actor, reading, query).await.map(Json)
}

/// Complete a draft as version 1. Everything becomes visible at once, or nothing; repeating the request is harmless.
#[utoipa::path(post, path = "/reports", tag = "reports", security(("bearer" = []), ("cookie" = [])),
    request_body = CreateReport, responses((status = 201, body = Report)))]
async fn create_report(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<CreateReport>,
) -> ServiceResult<(StatusCode, Json<Report>)> {
    let report = reports_create::create(&state, &actor, body).await?;
    Ok((StatusCode::CREATED, Json(report)))
}

/// Everything needed to verify and open a report, except the ciphertext.
#[utoipa::path(get, path = "/reports/{report_id}", tag = "reports",
    params(("report_id" = ReportId, Path), SignedRequest),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = Report)))]
async fn get_report(
    State(state): State<AppState>,
    actor: Actor,
    reading: Reading,
    Path(id): Path<ReportId>,
) -> ServiceResult<Json<Report>> {
    reports::get(&state, &actor, reading, id).await.map(Json)
}

/// The accounts that the access chain names, with their key records; also for whom a share waits.
#[utoipa::path(get, path = "/reports/{report_id}/people", tag = "reports",
    params(("report_id" = ReportId, Path), SignedRequest),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = ReportPeople)))]
async fn get_report_people(
    State(state): State<AppState>,
    actor: Actor,
    reading: Reading,
    Path(id): Path<ReportId>,
) -> ServiceResult<Json<ReportPeople>> {
    reports::people(&state, &actor, reading, id).await.map(Json)
}
