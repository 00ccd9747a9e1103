//! Lies about who did what: what this session has seen can't be cut off again.

use api_types::audit::AuditEvent;
use client::Refusal;
use malicious_server::scene::events;

use super::{Scene, log::next_session, refusal, scene};

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
    let ended = refusal(patient.report_events(&id, 100).await);
    assert_eq!(ended, Refusal::EventsBroken { seq: 3 }, "the session has ended");
    patient.save_state().await.unwrap();
    let next = next_session(&server, patient.remembered()).await;
    assert_eq!(next.report_events(&id, 100).await.unwrap().items.len(), 4);
    assert!(next.stopped().is_none());
}
