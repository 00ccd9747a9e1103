//! `/admin`: people and the whole audit.

use api_types::{
    AccountId,
    accounts::{AccountStatus, AdminAccountList, ApproveAccount},
    audit::{Action, AuditEventList, Outcome},
    backups::BackupStatus,
    mail::MailState,
    policies::Policies,
    storage::StorageStatus,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path, Query};
use crate::{
    AppState, ServiceResult,
    policy::Actor,
    services::{admin, backups, events, mail_state, policies, scrubbing},
    storage::audit::EventFilter,
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_accounts))
        .routes(routes!(approve_account))
        .routes(routes!(refuse_account))
        .routes(routes!(disable_account))
        .routes(routes!(enable_account))
        .routes(routes!(remove_account_second_factors))
        .routes(routes!(get_mail))
        .routes(routes!(get_policies, put_policies))
        .routes(routes!(list_events))
        .routes(routes!(get_backups))
        .routes(routes!(get_storage))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only accounts of this status.
    status: Option<AccountStatus>,
    /// `next` of the page before.
    before: Option<String>,
}

/// Everyone, newest first. Administrators.
#[utoipa::path(get, path = "/admin/accounts", tag = "administration", params(ListParams),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = AdminAccountList)))]
async fn list_accounts(
    State(state): State<AppState>,
    actor: Actor,
    Query(params): Query<ListParams>,
) -> ServiceResult<Json<AdminAccountList>> {
    admin::list(&state, &actor, params.status, params.before.as_deref()).await.map(Json)
}

/// Approve someone with a statement signed under the organisation key; also adds it to those who came by invitation.
#[utoipa::path(post, path = "/admin/accounts/{account_id}/approve", tag = "administration",
    params(("account_id" = AccountId, Path)), request_body = ApproveAccount,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Approved")))]
async fn approve_account(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
    Json(body): Json<ApproveAccount>,
) -> ServiceResult<StatusCode> {
    admin::approve(&state, &actor, id, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse someone who waits for approval.
#[utoipa::path(post, path = "/admin/accounts/{account_id}/refuse", tag = "administration",
    params(("account_id" = AccountId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Refused")))]
async fn refuse_account(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
) -> ServiceResult<StatusCode> {
    admin::refuse(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switch an account off: its sessions end at once. The session must be confirmed.
#[utoipa::path(post, path = "/admin/accounts/{account_id}/disable", tag = "administration",
    params(("account_id" = AccountId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Disabled")))]
async fn disable_account(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
) -> ServiceResult<StatusCode> {
    admin::disable(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switch it on again. The session must be confirmed.
#[utoipa::path(post, path = "/admin/accounts/{account_id}/enable", tag = "administration",
    params(("account_id" = AccountId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Enabled")))]
async fn enable_account(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
) -> ServiceResult<StatusCode> {
    admin::enable(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// For someone who lost app and recovery codes. Opens nothing; the account's sessions end. The session must be confirmed.
#[utoipa::path(delete, path = "/admin/accounts/{account_id}/second-factors", tag = "administration",
    params(("account_id" = AccountId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Removed")))]
async fn remove_account_second_factors(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
) -> ServiceResult<StatusCode> {
    admin::remove_second_factors(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether mail leaves: what waits, and since when the mail server fails. Administrators.
#[utoipa::path(get, path = "/admin/mail", tag = "administration", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = MailState)))]
async fn get_mail(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<MailState>> {
    mail_state::get(&state, &actor).await.map(Json)
}

/// What is demanded of people by their role. Administrators.
#[utoipa::path(get, path = "/admin/policies", tag = "administration", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = Policies)))]
async fn get_policies(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<Policies>> {
    policies::get(&state, &actor).await.map(Json)
}

/// Replace them; they count from the next request on. The session must be confirmed.
#[utoipa::path(put, path = "/admin/policies", tag = "administration", request_body = Policies,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Stored")))]
async fn put_policies(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<Policies>,
) -> ServiceResult<StatusCode> {
    policies::put(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventParams {
    /// `next` of the page before.
    before: Option<u64>,
    /// Only this person's.
    actor: Option<AccountId>,
    /// Only this action.
    action: Option<Action>,
    /// Only this outcome.
    outcome: Option<Outcome>,
    /// Only from this time on, Unix milliseconds.
    from: Option<i64>,
    /// Only before this time, Unix milliseconds; later than `from`.
    until: Option<i64>,
}

/// The whole audit, newest first, with the chain's values. Administrators.
#[utoipa::path(get, path = "/admin/events", tag = "administration", params(EventParams),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = AuditEventList)))]
async fn list_events(
    State(state): State<AppState>,
    actor: Actor,
    Query(params): Query<EventParams>,
) -> ServiceResult<Json<AuditEventList>> {
    let EventParams { before, actor: by, action, outcome, from, until } = params;
    let filter = EventFilter { before, report: None, actor: by, action, outcome, from, until };
    events::of_instance(&state, &actor, filter).await.map(Json)
}

/// Whether there are backups: the last good one, the last that failed, and when the next is due. Administrators.
#[utoipa::path(get, path = "/admin/backups", tag = "administration", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = BackupStatus)))]
async fn get_backups(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<BackupStatus>> {
    backups::get(&state, &actor).await.map(Json)
}

/// Whether the stored files are what was stored: the scrub, and what it found. Administrators.
#[utoipa::path(get, path = "/admin/storage", tag = "administration", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = StorageStatus)))]
async fn get_storage(State(state): State<AppState>, actor: Actor) -> ServiceResult<Json<StorageStatus>> {
    scrubbing::get(&state, &actor).await.map(Json)
}
