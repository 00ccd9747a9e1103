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
    let mut kept = events(id, 4, "version=1");
    server.keep_events(&mut kept);
    say(kept[1..].to_vec());
    assert!(patient.report_events(&id, 100).await.unwrap().complete);
    say(kept[2..].to_vec());
    assert_eq!(refusal(patient.report_events(&id, 100).await), Refusal::EventsBroken { seq: 3 });
    say(events(id, 4, "version=2"));
    assert_eq!(refusal(patient.report_events(&id, 100).await), Refusal::EventsBroken { seq: 3 });
    say(kept);
    assert_eq!(patient.report_events(&id, 100).await.unwrap().items.len(), 4);
}
