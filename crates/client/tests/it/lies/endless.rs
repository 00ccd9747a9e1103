//! Answers without an end: a client that follows them never comes back.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use client::Refusal;

use super::{Scene, refusal, scene};
use crate::fake::Fake;

/// Empty pages, each with another one below it.
fn more_and_more(server: &Fake) {
    let next = AtomicU64::new(u64::MAX);
    server.lie(move |request, value| {
        if request.path.contains("/reports?") || request.path.contains("/events") {
            let next = next.fetch_sub(1, Ordering::Relaxed);
            *value = serde_json::json!({ "items": [], "gone": [], "next": next, "head": 1 });
        }
    });
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), work).await.expect("it ends")
}

#[tokio::test]
async fn a_list_of_empty_pages_ends() {
    let Scene { server, patient, .. } = scene().await;
    more_and_more(&server);
    assert!(soon(patient.list_all()).await.unwrap().rows.is_empty());
    assert!(soon(patient.pending_rekeys()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_list_that_goes_round_ends() {
    let Scene { server, patient, id, .. } = scene().await;
    server.lie(|request, value| {
        if request.path.contains("/reports?") {
            value["next"] = 7.into();
        }
    });
    let rows = soon(patient.list_all()).await.unwrap().rows;
    assert!(!rows.is_empty() && rows.iter().all(|row| row.id == id));
}

#[tokio::test]
async fn events_of_empty_pages_end() {
    let Scene { server, patient, id, .. } = scene().await;
    more_and_more(&server);
    assert_eq!(refusal(soon(patient.report_events(&id, 100)).await), Refusal::EventsBroken { seq: 1 });
}
