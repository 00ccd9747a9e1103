//! `/reports/{report_id}/versions`: sealed fields, new versions, re-keying.

use api_types::{
    ReportId,
    limits::REPORT_BODY_MAX,
    reports::{NewVersion, VersionContent},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    extract::{Json, Path, SignedRequest},
    limits::limited,
};
use crate::{
    AppState, ServiceResult,
    policy::Actor,
    services::{reading::Reading, versions},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    let routes =
        OpenApiRouter::new().routes(routes!(add_version)).routes(routes!(get_version)).routes(routes!(rekey_version));
    limited(routes, REPORT_BODY_MAX)
}

/// The sealed fields of a version's current revision.
#[utoipa::path(get, path = "/reports/{report_id}/versions/{version}", tag = "versions",
    params(("report_id" = ReportId, Path), ("version" = u32, Path), SignedRequest),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = VersionContent)))]
async fn get_version(
    State(state): State<AppState>,
    actor: Actor,
    reading: Reading,
    Path((id, version)): Path<(ReportId, u32)>,
) -> ServiceResult<Json<VersionContent>> {
    versions::get(&state, &actor, reading, id, version).await.map(Json)
}

/// Add a version. Refused with `access_head_moved` unless it was sealed for the current access head, and with `version_moved`,
/// which names the newest version, unless it is the next one. Repeating it is harmless; what is there is never overwritten.
#[utoipa::path(post, path = "/reports/{report_id}/versions", tag = "versions",
    params(("report_id" = ReportId, Path)), security(("bearer" = []), ("cookie" = [])),
    request_body = NewVersion, responses((status = 201, description = "Added")))]
async fn add_version(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<ReportId>,
    Json(body): Json<NewVersion>,
) -> ServiceResult<StatusCode> {
    versions::add(&state, &actor, id, body).await?;
    Ok(StatusCode::CREATED)
}

/// Replace a version's ciphertext by its next revision, under a new key: the owner's part after a revocation.
#[utoipa::path(post, path = "/reports/{report_id}/versions/{version}/revisions", tag = "versions",
    params(("report_id" = ReportId, Path), ("version" = u32, Path)),
    security(("bearer" = []), ("cookie" = [])), request_body = NewVersion,
    responses((status = 201, description = "Re-keyed")))]
async fn rekey_version(
    State(state): State<AppState>,
    actor: Actor,
    Path((id, version)): Path<(ReportId, u32)>,
    Json(body): Json<NewVersion>,
) -> ServiceResult<StatusCode> {
    versions::rekey(&state, &actor, id, version, body).await?;
    Ok(StatusCode::CREATED)
}
