//! `/drafts`: sealed, seen by their author alone; of reports that aren't there yet, and of next versions of those that are.

use api_types::{
    ReportId,
    drafts::{Draft, DraftList, PutDraft},
    limits::DRAFT_MAX,
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    extract::{Json, Path},
    limits::limited,
};
use crate::{AppState, ServiceResult, policy::Actor, services::drafts};

/// A sealed draft in base64, and what is around it.
const BODY_MAX: usize = DRAFT_MAX / 3 * 4 + 4096;

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    let routes = OpenApiRouter::new().routes(routes!(list_drafts)).routes(routes!(get_draft, put_draft, delete_draft));
    limited(routes, BODY_MAX)
}

/// One's own drafts, last saved first.
#[utoipa::path(get, path = "/drafts", tag = "drafts", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = DraftList)))]
async fn list_drafts(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<DraftList>> {
    drafts::list(&state, &actor).await.map(Json)
}

/// One of one's own drafts.
#[utoipa::path(get, path = "/drafts/{report_id}", tag = "drafts", params(("report_id" = ReportId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = Draft)))]
async fn get_draft(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<ReportId>,
) -> ServiceResult<Json<Draft>> {
    drafts::get(&state, &actor, id).await.map(Json)
}

/// Save a draft: the first save begins it at any counter, after that each is the stored counter plus one (`counter_stale`).
#[utoipa::path(put, path = "/drafts/{report_id}", tag = "drafts", params(("report_id" = ReportId, Path)),
    security(("bearer" = []), ("cookie" = [])), request_body = PutDraft,
    responses((status = 204, description = "Saved")))]
async fn put_draft(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<ReportId>,
    Json(body): Json<PutDraft>,
) -> ServiceResult<StatusCode> {
    drafts::put(&state, &actor, id, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a draft and what was uploaded for it.
#[utoipa::path(delete, path = "/drafts/{report_id}", tag = "drafts", params(("report_id" = ReportId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Deleted")))]
async fn delete_draft(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<ReportId>,
) -> ServiceResult<StatusCode> {
    drafts::delete(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
