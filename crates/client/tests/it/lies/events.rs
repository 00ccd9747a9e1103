//! Lies about who did what: what this session has seen can't be cut off again.

use api_types::audit::AuditEvent;
use client::Refusal;
use malicious_server::scene::events;

use super::{Scene, refusal, scene};

#[tokio::test]
async fn events_that_were_seen_stay() {
    let Scene { server, patient, id, .. } = scene().await;
    let say = |events: Vec<AuditEvent>| {
        server.lie(move |request, value| {
            if request.path.contains("/events") {
                *value = serde_json::json!({ "items": events });
            }
        });
    };
    say(events(id, 3, "version=1"));
    assert!(patient.report_events(&id, 100).await.unwrap().complete);
    say(events(id, 2, "version=1"));
    assert_eq!(refusal(patient.report_events(&id, 100).await), Refusal::EventsBroken { seq: 3 });
    say(events(id, 4, "version=2"));
    assert_eq!(refusal(patient.report_events(&id, 100).await), Refusal::EventsBroken { seq: 3 });
    say(events(id, 4, "version=1"));
    assert_eq!(patient.report_events(&id, 100).await.unwrap().items.len(), 4);
}
