//! `/account/passkeys`, and what a passkey signs in to or confirms. Also for those in breach of a policy, as second factors.

use api_types::{
    SecondFactorId,
    passkeys::{
        NewPasskey, PasskeyAdded, PasskeyChallenge, PasskeyConfirmation, PasskeyCreation, PasskeySignIn, RemovePasskey,
    },
    sign_in::SignedIn,
};
use axum::{extract::State, http::StatusCode, response::Response};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ACCOUNT_BODY_MAX,
    extract::{Json, Path},
    limits::limited,
    sign_in::answer,
};
use crate::{
    AppState, ServiceResult,
    middleware::{Address, Caller, Holder, Visitor},
    services::{passkey_sign_in, passkeys},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(start_passkey))
        .routes(routes!(add_passkey))
        .merge(limited(OpenApiRouter::new().routes(routes!(remove_passkey)), ACCOUNT_BODY_MAX))
        .routes(routes!(challenge_passkey))
        .routes(routes!(sign_in_with_passkey))
        .routes(routes!(confirm_with_passkey))
}

/// Begin adding a passkey; the session must be confirmed. `conflict` where the server's origin is an address.
#[utoipa::path(post, path = "/account/passkeys/start", tag = "second factors",
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = PasskeyCreation)))]
async fn start_passkey(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<PasskeyCreation>> {
    passkeys::start(&state, &actor).await.map(Json)
}

/// Add the passkey that was made; the session must be confirmed. The first second factor brings recovery codes.
#[utoipa::path(post, path = "/account/passkeys", tag = "second factors", request_body = NewPasskey,
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = PasskeyAdded)))]
async fn add_passkey(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<NewPasskey>,
) -> ServiceResult<Json<PasskeyAdded>> {
    passkeys::add(&state, &actor, body).await.map(Json)
}

/// Remove a passkey; the session must be confirmed. Every other session ends.
#[utoipa::path(post, path = "/account/passkeys/{factor_id}/remove", tag = "second factors",
    params(("factor_id" = SecondFactorId, Path)), request_body = RemovePasskey,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Removed")))]
async fn remove_passkey(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<SecondFactorId>,
    Json(body): Json<RemovePasskey>,
) -> ServiceResult<StatusCode> {
    passkeys::remove(&state, &actor, id, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A challenge for a passkey; it serves once.
#[utoipa::path(post, path = "/passkeys/challenge", tag = "sign-in",
    responses((status = 200, body = PasskeyChallenge)))]
async fn challenge_passkey(
    State(state): State<AppState>,
    Visitor(actor): Visitor,
    from: Address,
) -> ServiceResult<Json<PasskeyChallenge>> {
    passkeys::challenge(&state, actor, from).await.map(Json)
}

/// Sign in with a passkey; a session begins.
#[utoipa::path(post, path = "/sign-in/passkey", tag = "sign-in", request_body = PasskeySignIn,
    responses((status = 200, body = SignedIn)))]
async fn sign_in_with_passkey(
    State(state): State<AppState>,
    Visitor(carried): Visitor,
    caller: Caller,
    Json(body): Json<PasskeySignIn>,
) -> ServiceResult<Response> {
    answer(&state, StatusCode::OK, passkey_sign_in::sign_in(&state, carried, caller, body).await?)
}

/// Prove a passkey, for what a session alone may not do: the session is confirmed for ten minutes.
#[utoipa::path(post, path = "/session/confirmation/passkey", tag = "sessions", request_body = PasskeyConfirmation,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Confirmed")))]
async fn confirm_with_passkey(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<PasskeyConfirmation>,
) -> ServiceResult<StatusCode> {
    passkey_sign_in::confirm(&state, &actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
