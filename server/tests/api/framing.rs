//! What frames every request: headers, problems, limits, the origin check.

use std::collections::BTreeMap;

use reqwest::{Method, header};
use serde_json::json;

use crate::harness::Server;

const HEADERS: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let server = Server::start().await;
    for path in
        ["/api/v1/instance", "/api/v1/account", "/api/v1/nothing", "/api/nothing", "/healthz", "/api/v1/openapi.json"]
    {
        let answer = server.send(server.request(Method::GET, path)).await;
        for (name, value) in HEADERS {
            assert_eq!(answer.headers[name], value, "{path} {name}");
        }
        assert_eq!(answer.headers["x-request-id"].len(), 32, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_may_use_the_camera_and_nothing_else_of_the_device() {
    let server = Server::start().await;
    for (path, camera) in [
        ("/", "(self)"),
        ("/sign-in", "(self)"),
        ("/reports", "(self)"),
        ("/no/such/page", "(self)"),
        ("/robots.txt", "()"),
        ("/manifest.webmanifest", "()"),
        ("/api/docs", "()"),
        ("/api/v1/instance", "()"),
        ("/healthz", "()"),
    ] {
        let answer = server.send(server.request(Method::GET, path)).await;
        let values: Vec<_> = answer.headers.get_all("permissions-policy").iter().collect();
        assert_eq!(values.len(), 1, "{path}");
        let allowed: BTreeMap<&str, &str> =
            values[0].to_str().unwrap().split(", ").filter_map(|feature| feature.split_once('=')).collect();
        let expected = BTreeMap::from([
            ("camera", camera),
            ("geolocation", "()"),
            ("microphone", "()"),
            ("payment", "()"),
            ("usb", "()"),
        ]);
        assert_eq!(allowed, expected, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_docs_run_nothing() {
    let server = Server::start().await;
    let page = server.send(server.request(Method::GET, "/api/docs")).await;
    assert_eq!(page.status, 200);
    let csp = page.headers["content-security-policy"].to_str().unwrap();
    assert!(csp.starts_with("default-src 'none'; style-src 'self'") && !csp.contains("script"), "{csp}");
    assert!(page.text.contains("finish_sign_up") && !page.text.contains("<script"));
    let style = server.send(server.request(Method::GET, "/api/docs/style.css")).await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_is_a_problem() {
    let server = Server::start().await;
    let cases = [
        (server.request(Method::GET, "/api/v1/nothing"), 404, "not_found"),
        (server.request(Method::GET, "/api"), 404, "not_found"),
        (server.request(Method::PUT, "/api/v1/instance"), 405, "method_not_allowed"),
        (server.request(Method::GET, "/api/v1/account"), 401, "signed_out"),
        (server.request(Method::POST, "/api/v1/sign-in/start").body("{}"), 415, "unsupported_media_type"),
        (json_body(&server, "{"), 400, "malformed"),
        (json_body(&server, "{\"email\":1}"), 400, "malformed"),
        (json_body(&server, "{\"email\":\"a@b.c\",\"credential_request\":\"%\"}"), 400, "malformed"),
        (json_body(&server, "{\"email\":\"nobody\",\"credential_request\":\"AA\"}"), 422, "invalid_field"),
        (json_body(&server, &format!("\"{}\"", "x".repeat(300_000))), 413, "too_large"),
        (server.request(Method::GET, "/api/v1/admin/accounts?status=odd").bearer_auth("x"), 401, "signed_out"),
    ];
    for (n, (request, status, code)) in cases.into_iter().enumerate() {
        let answer = server.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "case {n}");
    }
}

fn json_body(server: &Server, body: &str) -> reqwest::RequestBuilder {
    let request = server.request(Method::POST, "/api/v1/sign-in/start");
    request.header(header::CONTENT_TYPE, "application/json").body(body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_never_quotes_what_was_sent() {
    let server = Server::start().await;
    let body = json!({ "email": "MARKED@example.org", "credential_request": 7, "MARKED": "MARKED" }).to_string();
    let answer = server.send(json_body(&server, &body)).await;
    assert_eq!(answer.code(), "malformed");
    assert!(!answer.text.contains("MARKED"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_from_another_site_are_refused() {
    let server = Server::start().await;
    let ours = server.origin.clone();
    let cookie = "__Host-session=whatever";
    let post = || server.request(Method::DELETE, "/api/v1/session");
    let cases = [
        ("no origin with the cookie", post().header("cookie", cookie), "origin_refused"),
        (
            "another origin with the cookie",
            post().header("cookie", cookie).header("origin", "https://evil.example"),
            "origin_refused",
        ),
        ("another origin without the cookie", post().header("origin", "https://evil.example"), "origin_refused"),
        ("same site only", post().header("cookie", cookie).header("sec-fetch-site", "same-site"), "origin_refused"),
        ("our origin", post().header("cookie", cookie).header("origin", &ours), "signed_out"),
        ("our own fetch", post().header("cookie", cookie).header("sec-fetch-site", "same-origin"), "signed_out"),
        ("a program", post().bearer_auth("whatever"), "signed_out"),
    ];
    for (name, request, code) in cases {
        assert_eq!(server.send(request).await.code(), code, "{name}");
    }
    let read = server
        .request(Method::GET, "/api/v1/session")
        .header("cookie", cookie)
        .header("origin", "https://evil.example");
    assert_eq!(server.send(read).await.status, 200);
}
