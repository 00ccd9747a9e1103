//! `/account/deletion`, its check, `/account/disable`, `/admin/accounts/{account_id}/removal`, `/reports/{report_id}/erasure`: the end of
//! accounts and of reports.

use api_types::{
    AccountId, ReportId,
    closing::{CheckDeletion, DeleteAccount, EraseReport, ErasedReport, PauseAccount, RemovalDue, RemoveAccount},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path};
use crate::{
    AppState, ServiceResult,
    middleware::Holder,
    policy::Actor,
    services::{closing, erasure},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(delete_account))
        .routes(routes!(check_deletion))
        .routes(routes!(pause_account))
        .routes(routes!(remove_account))
        .routes(routes!(get_erasure, erase_report))
}

/// Delete one's own account at once, with every report that it owns; the session must be confirmed. Nothing brings it back.
#[utoipa::path(post, path = "/account/deletion", tag = "account", request_body = DeleteAccount,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Deleted")))]
async fn delete_account(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<DeleteAccount>,
) -> ServiceResult<StatusCode> {
    closing::delete(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether one's own account may be deleted now, refused as the deletion would be; the session must be confirmed. Nothing is
/// done. Asked before the deletion is signed.
#[utoipa::path(post, path = "/account/deletion/check", tag = "account", request_body = CheckDeletion,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "It may")))]
async fn check_deletion(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<CheckDeletion>,
) -> ServiceResult<StatusCode> {
    closing::check(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pause one's own account; the session must be confirmed. Every session ends; an administrator enables it again.
#[utoipa::path(post, path = "/account/disable", tag = "account", request_body = PauseAccount,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Paused")))]
async fn pause_account(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<PauseAccount>,
) -> ServiceResult<StatusCode> {
    closing::pause(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have a disabled account deleted in 30 days, by a statement signed under the organisation key; the session must be
/// confirmed. Enabling the account takes it back.
#[utoipa::path(post, path = "/admin/accounts/{account_id}/removal", tag = "administration",
    params(("account_id" = AccountId, Path)), request_body = RemoveAccount,
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = RemovalDue)))]
async fn remove_account(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
    Json(body): Json<RemoveAccount>,
) -> ServiceResult<Json<RemovalDue>> {
    closing::request_removal(&state, &actor, id, body).await.map(Json)
}

/// What is left of an erased report, for those who had it: its beginning and its access chain, which show who ended it.
#[utoipa::path(get, path = "/reports/{report_id}/erasure", tag = "reports", params(("report_id" = ReportId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = ErasedReport)))]
async fn get_erasure(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<ReportId>,
) -> ServiceResult<Json<ErasedReport>> {
    erasure::get(&state, &actor, id).await.map(Json)
}

/// Erase a report for everybody, by an entry that its owner signed; the session must be confirmed. Nothing brings it back.
#[utoipa::path(post, path = "/reports/{report_id}/erasure", tag = "reports", params(("report_id" = ReportId, Path)),
    request_body = EraseReport, security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Erased")))]
async fn erase_report(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<ReportId>,
    Json(body): Json<EraseReport>,
) -> ServiceResult<StatusCode> {
    erasure::erase(&state, &actor, id, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
