//! The page: server-rendered routes and the embedded site, merged after the API.
//!
//! Every route renders the same for everybody: who is signed in is asked by the program in the browser. Each answer
//! carries the page's content security policy with a nonce of its own.

mod encoding;
mod policy;
mod site;

use std::sync::OnceLock;

use app::{App, assets::Assets, shell};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use leptos::{config::LeptosOptions, context::provide_context, nonce::use_nonce, prelude::use_context};
use leptos_axum::{ResponseOptions, generate_route_list, render_app_async_with_context};

use crate::AppState;
pub use site::embed;
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
    render_with(site().assets.clone(), request).await
}

async fn render_with(assets: Assets, request: Request) -> Response {
    render_app_async_with_context(move || provide(assets.clone()), || shell(options()))(request).await
}

/// No route: the page says so, with the status that goes with it. Only GET and HEAD get a page.
async fn missing(request: Request) -> Response {
    let mut response = render(request).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// What the shell asks for, and the policies: with this response's nonce, and of the hashes that the page names.
fn provide(assets: Assets) {
    let integrity = policy::integrity(&assets);
    provide_context(assets);
    let Some(response) = use_context::<ResponseOptions>() else { return };
    if let Some(nonce) = use_nonce() {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy::document(&nonce));
        response.insert_header(HeaderName::from_static("permissions-policy"), policy::PERMISSIONS);
    }
    if let Some(integrity) = integrity {
        response.insert_header(policy::INTEGRITY_POLICY, integrity);
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn page(assets: Assets) -> (HeaderMap, String) {
        // Listing the routes also tells the framework which runtime it is on.
        assert!(!generate_route_list(App).is_empty());
        let request = Request::get("/").body(Body::empty()).unwrap();
        let (parts, body) = render_with(assets, request).await.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    fn tags<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
        html.split(name).skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
    }

    /// What the integrity policy lets through: a hash, and a request that isn't `no-cors`, as a classic script's is
    /// unless it says otherwise.
    #[tokio::test]
    async fn every_script_by_address_names_its_hash_where_the_policy_asks_for_it() {
        let scripts = ["theme.js", "boot.js", "pkg/healthsecure.js"];
        let integrity = scripts.map(|path| (path.to_owned(), format!("sha256-{path}"))).into();
        let (headers, html) = page(Assets { root: "/assets/1".into(), integrity }).await;
        assert_eq!(headers["integrity-policy"], "blocked-destinations=(script)");
        let (loaded, inline): (Vec<_>, Vec<_>) =
            tags(&html, "<script").into_iter().partition(|tag| tag.contains("src="));
        assert_eq!(loaded.len(), 2, "{loaded:?}");
        for tag in loaded {
            assert!(tag.contains("integrity=\"sha256-"), "{tag}");
            assert!(tag.contains("crossorigin=\"anonymous\"") || tag.contains("type=\"module\""), "{tag}");
        }
        assert!(!inline.is_empty() && inline.iter().all(|tag| tag.contains("nonce=")), "{inline:?}");
        let preloaded = tags(&html, "<link").into_iter().find(|tag| tag.contains("modulepreload")).unwrap();
        assert!(preloaded.contains("integrity=\"sha256-pkg/healthsecure.js"), "{preloaded}");
    }

    #[tokio::test]
    async fn a_page_without_hashes_asks_for_none() {
        let (headers, _) = page(Assets { root: "/assets/1".into(), integrity: Default::default() }).await;
        assert!(!headers.contains_key("integrity-policy"));
        assert!(headers.contains_key("content-security-policy"));
    }
}
