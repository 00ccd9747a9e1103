//! Every route, and the order of what frames them.

use api_types::{ErrorCode, limits::JSON_BODY_MAX};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};

use crate::{
    AppState, ServiceError, api, docs,
    middleware::{denials, headers, origin, request_id, timeout},
    openapi,
};

/// Prefix of the REST API.
pub const PREFIX: &str = "/api/v1";

/// The whole server as one service.
pub fn router(state: AppState) -> Router {
    let (api, document) = openapi::router().split_for_parts();
    let https = state.config.origin.as_str().starts_with("https:");
    api.merge(api::identities::callback_route())
        .merge(openapi::routes(document.clone()))
        .merge(docs::routes(&document))
        .layer(from_fn_with_state(state.clone(), origin::layer))
        .layer(from_fn_with_state(state.clone(), denials::layer))
        .layer(DefaultBodyLimit::max(JSON_BODY_MAX))
        .layer(from_fn(timeout::layer))
        .merge(api::health::routes())
        .merge(api::log::routes())
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(request_id::note_route))
        .with_state(state.clone())
        .merge(Router::new().nest_service("/api", Router::new().fallback(not_found)))
        .merge(page_routes(state.clone()).layer(from_fn_with_state(state, origin::layer)))
        .layer(from_fn(move |request, next| headers::layer(https, request, next)))
        .layer(from_fn(request_id::layer))
}

#[cfg(feature = "page")]
fn page_routes(state: AppState) -> Router {
    crate::page::routes(state)
}

#[cfg(not(feature = "page"))]
fn page_routes(_state: AppState) -> Router {
    Router::new().fallback(not_found)
}

async fn method_not_allowed() -> Response {
    ServiceError::Refused(ErrorCode::MethodNotAllowed).into_response()
}

/// Whatever under `/api` is no route. Other paths are the page's.
async fn not_found() -> Response {
    ServiceError::Refused(ErrorCode::NotFound).into_response()
}
