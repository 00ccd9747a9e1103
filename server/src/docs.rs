//! `/api/docs`: the OpenAPI document as a page a person can read. No script, no style attribute, nothing external.

mod render;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa::openapi::OpenApi as Document;

use crate::AppState;

const STYLE: &str = include_str!("docs/style.css");
/// As the API's, and its own style sheet.
const CSP: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page and its style sheet.
pub fn routes(document: &Document) -> Router<AppState> {
    let html: Arc<str> = serde_json::to_value(document).map(|value| render::page(&value)).unwrap_or_default().into();
    Router::new()
        .route("/api/docs", get(move || std::future::ready(page(&html))))
        .route("/api/docs/style.css", get(style))
}

fn page(html: &str) -> Response {
    let mut response = (headers("text/html; charset=utf-8"), html.to_owned()).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    response
}

async fn style() -> Response {
    (headers("text/css; charset=utf-8"), STYLE).into_response()
}

fn headers(content_type: &'static str) -> [(header::HeaderName, &'static str); 1] {
    [(header::CONTENT_TYPE, content_type)]
}
