//! `/api/docs`: the OpenAPI document as a page a person can read. No script, no style attribute, nothing external.

use axum::Router;
use utoipa::openapi::OpenApi as Document;

use crate::AppState;

/// The page's route.
pub fn routes(_document: Document) -> Router<AppState> {
    Router::new()
}
