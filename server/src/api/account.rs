//! `/account`: one's own.

use api_types::{
    accounts::{
        ChangePassword, ChangeRecoveryKit, OwnAccount, PutClientState, RotateAccountKey, RotateKeys,
        StartPasswordChange,
    },
    sign_up::RegistrationStarted,
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ACCOUNT_BODY_MAX, extract::Json, limits::limited};
use crate::{
    AppState, ServiceResult,
    middleware::Holder,
    services::{account, keys, rotation},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_account)).routes(routes!(start_password_change)).merge(limited(
        OpenApiRouter::new()
            .routes(routes!(put_client_state))
            .routes(routes!(change_password))
            .routes(routes!(change_recovery_kit))
            .routes(routes!(rotate_account_key))
            .routes(routes!(rotate_keys)),
        ACCOUNT_BODY_MAX,
    ))
}

/// All that is needed to unlock; also for accounts that wait or were refused.
#[utoipa::path(get, path = "/account", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = OwnAccount)))]
async fn get_account(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<OwnAccount>> {
    account::get(&state, &actor).await.map(Json)
}

/// Replace the sealed client state; its counter must be the stored one plus one.
#[utoipa::path(put, path = "/account/client-state", tag = "account", request_body = PutClientState,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Stored")))]
async fn put_client_state(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<PutClientState>,
) -> ServiceResult<StatusCode> {
    account::put_client_state(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begin changing the password; the session must be confirmed.
#[utoipa::path(post, path = "/account/password/start", tag = "account", request_body = StartPasswordChange,
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = RegistrationStarted)))]
async fn start_password_change(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<StartPasswordChange>,
) -> ServiceResult<Json<RegistrationStarted>> {
    rotation::start_password(&state, &actor, body).await.map(Json)
}

/// Set the new password and everything under a new account key. Every other session ends.
#[utoipa::path(put, path = "/account/password", tag = "account", request_body = ChangePassword,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Changed")))]
async fn change_password(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<ChangePassword>,
) -> ServiceResult<StatusCode> {
    rotation::change_password(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set a new recovery kit and everything under a new account key; the old kit opens nothing more. Every other session ends.
#[utoipa::path(put, path = "/account/recovery-kit", tag = "account", request_body = ChangeRecoveryKit,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Changed")))]
async fn change_recovery_kit(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<ChangeRecoveryKit>,
) -> ServiceResult<StatusCode> {
    rotation::change_recovery_kit(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a new account key: everything is sealed under it, and every way in stays. Every other session ends.
#[utoipa::path(post, path = "/account/key", tag = "account", request_body = RotateAccountKey,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Changed")))]
async fn rotate_account_key(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<RotateAccountKey>,
) -> ServiceResult<StatusCode> {
    rotation::rotate_account_key(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new keys: the record of the next epoch, signed by the old and the new, and everything under a new account key. What
/// was sealed to the old keys stays readable. Every other session ends.
#[utoipa::path(post, path = "/account/keys", tag = "account", request_body = RotateKeys,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Changed")))]
async fn rotate_keys(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<RotateKeys>,
) -> ServiceResult<StatusCode> {
    keys::rotate(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
