//! The page: server-rendered routes and the embedded site, merged after the API.
//!
//! Every route renders the same for everybody: who is signed in is asked by the program in the browser. Each answer
//! carries the page's content security policy with a nonce of its own.

mod encoding;
mod policy;
mod site;

use std::sync::OnceLock;

use app::{App, shell};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use leptos::{config::LeptosOptions, context::provide_context, nonce::use_nonce, prelude::use_context};
use leptos_axum::{ResponseOptions, generate_route_list, render_app_async_with_context};

use crate::AppState;
use site::site;

/// The page's routes, its assets, and 404 for everything else.
pub fn routes(_state: AppState) -> Router {
    if !site().complete() {
        tracing::warn!("this binary holds no page program: pages will say so; the API works");
    }
    let mut router = Router::new()
        .route("/assets/{hash}/{*path}", get(asset))
        .route("/favicon.ico", get(|headers| root_file("favicon.svg", headers)))
        .route("/robots.txt", get(|headers| root_file("robots.txt", headers)))
        .route("/manifest.webmanifest", get(manifest));
    for route in generate_route_list(App) {
        router = router.route(route.path(), get(render));
    }
    router.fallback(missing)
}

/// Renders the route that the request names.
async fn render(request: Request) -> Response {
    render_app_async_with_context(provide, || shell(options()))(request).await
}

/// No route: the page says so, with the status that goes with it. Only GET and HEAD get a page.
async fn missing(request: Request) -> Response {
    let mut response = render(request).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// What the shell asks for, and the policy with this response's nonce.
fn provide() {
    provide_context(site().assets.clone());
    if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy::document(&nonce));
    }
}

/// Only cargo-leptos' hot reload needs them; nothing of the site is looked up on disk. The environment that cargo-leptos
/// sets goes before the file.
fn options() -> LeptosOptions {
    static OPTIONS: OnceLock<LeptosOptions> = OnceLock::new();
    let read = || {
        leptos::config::get_config_from_str(include_str!("../../Leptos.toml")).unwrap_or_else(|error| {
            tracing::warn!(%error, "LEPTOS_* in the environment can't be read; hot reload won't work");
            LeptosOptions::builder().output_name("healthsecure").build()
        })
    };
    OPTIONS.get_or_init(read).clone()
}

/// An embedded file under the hash of all; another hash is another build's.
async fn asset(uri: Uri, headers: HeaderMap) -> Response {
    let site = site();
    let path = uri.path().strip_prefix(&site.assets.root).and_then(|path| path.strip_prefix('/'));
    match path {
        Some(path) => site.answer(path, &headers, site::FOREVER),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file that browsers ask for at the root.
async fn root_file(path: &'static str, headers: HeaderMap) -> Response {
    site().answer(path, &headers, site::A_DAY)
}

/// The web app manifest: names its icon under the hash of all.
async fn manifest() -> Response {
    let body = serde_json::json!({
        "name": "HealthSecure",
        "short_name": "HealthSecure",
        "start_url": "/reports",
        "display": "standalone",
        "background_color": "#f5f4ef",
        "theme_color": "#0b5d49",
        "icons": [{ "src": site().assets.url("favicon.svg"), "sizes": "any", "type": "image/svg+xml" }],
    });
    let headers = [(header::CONTENT_TYPE, "application/manifest+json"), (header::CACHE_CONTROL, site::A_DAY)];
    (headers, Body::from(body.to_string())).into_response()
}
