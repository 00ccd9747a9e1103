//! `/account/tokens`: personal API tokens.

use api_types::{
    ApiTokenId,
    tokens::{ApiTokenCreated, ApiTokenList, NewApiToken},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path};
use crate::{AppState, ServiceResult, middleware::Holder, policy::Actor, services::api_tokens};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_api_tokens, create_api_token)).routes(routes!(remove_api_token))
}

/// One's own API tokens, newest first; never what opens them.
#[utoipa::path(get, path = "/account/tokens", tag = "API tokens", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = ApiTokenList)))]
async fn list_api_tokens(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<ApiTokenList>> {
    api_tokens::list(&state, &actor).await.map(Json)
}

/// Make an API token, shown this once; the session must be confirmed. `conflict` where the account has 20.
#[utoipa::path(post, path = "/account/tokens", tag = "API tokens", request_body = NewApiToken,
    security(("bearer" = []), ("cookie" = [])), responses((status = 201, body = ApiTokenCreated)))]
async fn create_api_token(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<NewApiToken>,
) -> ServiceResult<(StatusCode, Json<ApiTokenCreated>)> {
    Ok((StatusCode::CREATED, Json(api_tokens::create(&state, &actor, body).await?)))
}

/// Remove an API token; it ends at once.
#[utoipa::path(delete, path = "/account/tokens/{token_id}", tag = "API tokens",
    params(("token_id" = ApiTokenId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Removed")))]
async fn remove_api_token(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<ApiTokenId>,
) -> ServiceResult<StatusCode> {
    api_tokens::remove(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
