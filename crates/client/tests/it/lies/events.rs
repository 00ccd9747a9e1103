//! Lies about who did what: what this session has seen can't be cut off again.

use api_types::{
    B64, ReportId,
    audit::{Action, AuditEvent, Outcome},
};
use client::{Refusal, event_hash};

use super::{Scene, refusal, scene};

fn events(id: ReportId, count: u64, subject: &str) -> Vec<AuditEvent> {
    let mut previous = B64(id.0.to_vec());
    let mut events = Vec::new();
    for seq in 1..=count {
        let mut event = AuditEvent {
            seq,
            time: 1_000,
            actor: None,
            actor_name: None,
            session: None,
            action: Action::Open,
            outcome: Outcome::Success,
            report_id: Some(id),
            report_seq: Some(seq),
            report_prev: Some(previous),
            subject: subject.to_owned(),
            hash: B64::default(),
            chain: None,
            leaf_index: None,
            salt: None,
            event: None,
        };
        event.hash = B64(event_hash(&event).unwrap().0.to_vec());
        previous = event.hash.clone();
        events.push(event);
    }
    events.reverse();
    events
}

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
