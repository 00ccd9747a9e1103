//! The page: embedded assets and server-rendered routes, merged after the API.

use axum::Router;

use crate::AppState;

/// The page's routes.
pub fn routes(_state: AppState) -> Router {
    Router::new()
}
