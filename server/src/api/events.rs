//! `/reports/{report_id}/events`: a report's own audit.

use api_types::{ReportId, audit::AuditEventList};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path, Query, SignedRequest};
use crate::{
    AppState, ServiceResult,
    policy::Actor,
    services::{events, reading::Reading},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_report_events))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventParams {
    /// `next` of the page before.
    before: Option<u64>,
}

/// Who did what with a report, newest first; for those who may read it.
#[utoipa::path(get, path = "/reports/{report_id}/events", tag = "reports",
    params(("report_id" = ReportId, Path), EventParams, SignedRequest), security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = AuditEventList)))]
async fn list_report_events(
    State(state): State<AppState>,
    actor: Actor,
    reading: Reading,
    Path(report): Path<ReportId>,
    Query(params): Query<EventParams>,
) -> ServiceResult<Json<AuditEventList>> {
    events::of_report(&state, &actor, reading, report, params.before).await.map(Json)
}
