//! The OpenAPI document is a checked-in snapshot: a change of the contract is seen in review.
//!
//! `ACCEPT_OPENAPI=1 cargo test -p server --test api openapi` writes it anew.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::Server;

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

fn document() -> Value {
    serde_json::to_value(server::openapi::document()).unwrap()
}

#[test]
fn the_document_is_the_one_in_review() {
    let mut text = serde_json::to_string_pretty(&document()).unwrap();
    text.push('\n');
    if std::env::var_os("ACCEPT_OPENAPI").is_some() {
        std::fs::write(SNAPSHOT, &text).unwrap();
    }
    let stored = std::fs::read_to_string(SNAPSHOT).unwrap_or_default();
    assert!(stored == text, "the contract changed: look at it, then accept it with ACCEPT_OPENAPI=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_serves_it() {
    let server = Server::start().await;
    let answer = server.get("/openapi.json", None).await;
    assert_eq!(answer.json(), document());
}

#[test]
fn every_operation_has_a_name_a_summary_and_an_answer() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
            assert!(names.insert(name.to_owned()), "{name} twice");
            assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{name} has no summary");
            assert!(operation["responses"]["default"].is_object(), "{name} names no problem");
            let success = operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2'));
            assert!(success, "{name} has no success");
        }
    }
    assert!(names.contains("get_instance") && names.contains("list_report_events"), "{names:?}");
}
