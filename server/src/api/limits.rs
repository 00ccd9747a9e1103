//! How large a route's body may be: enforced and said in the OpenAPI document at once, so that the two can't differ.

use axum::extract::DefaultBodyLimit;
use serde_json::json;
use utoipa::openapi::{OpenApi, RefOr, extensions::Extensions, path::PathItem, request_body::RequestBody};
use utoipa_axum::router::OpenApiRouter;

use crate::AppState;

/// Names the limit on a request body, in bytes.
const EXTENSION: &str = "x-max-bytes";

/// Routes whose bodies have at most `max` bytes.
pub fn limited(mut routes: OpenApiRouter<AppState>, max: usize) -> OpenApiRouter<AppState> {
    say(routes.get_openapi_mut(), max as u64);
    routes.layer(DefaultBodyLimit::max(max))
}

/// Says the limit of every body of which none is said yet.
pub fn say(document: &mut OpenApi, max: u64) {
    for body in document.paths.paths.values_mut().flat_map(bodies).filter(|body| body.extensions.is_none()) {
        body.description = Some(format!("At most {max} bytes"));
        body.extensions = Some(Extensions::builder().add(EXTENSION, json!(max)).build());
    }
}

fn bodies(item: &mut PathItem) -> impl Iterator<Item = &mut RequestBody> {
    let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
    operations.into_iter().flatten().filter_map(|operation| match &mut operation.request_body {
        Some(RefOr::T(body)) => Some(body),
        _ => None,
    })
}
