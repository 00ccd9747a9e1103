//! Lies about who did what: what this session has seen can't be cut off again, and what came with a list is its reader's word.

use api_types::audit::{Action, AuditEvent};
use client::{ReaderMark, Refusal, api::ListQuery};
use malicious_server::{
    double::Fake,
    scene::{Happened, events, history},
};

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

/// What somebody signs first, doing this.
async fn signs<T>(server: &Fake, done: impl Future<Output = client::Result<T>>) -> Vec<u8> {
    server.signed_requests();
    done.await.map(drop).unwrap();
    server.signed_requests().remove(0)
}

/// Whose word the patient takes it for when the server says that a version came to the doctor with their list, and shows that
/// this was signed for it.
async fn listed_by(signed: impl AsyncFn(&Scene) -> Vec<u8>) -> client::Result<Option<ReaderMark>> {
    let scene = scene().await;
    let request = signed(&scene).await;
    let listed = Happened::opened(&scene.doctor, "of=reports version=1 revision=0", Some(request));
    let mut shown = history(scene.id, [Happened { action: Action::List, ..listed }]);
    scene.server.keep_events(&mut shown);
    scene.server.lie(move |request, value| {
        if request.path.contains("/events") {
            *value = serde_json::json!({ "items": shown });
        }
    });
    Ok(scene.patient.report_events(&scene.id, 100).await?.items[0].reader)
}

#[tokio::test]
async fn what_came_with_a_list_is_its_readers_who_asked_for_a_list() {
    let honest = listed_by(async |scene| signs(&scene.server, scene.doctor.list(&ListQuery::default())).await).await;
    assert_eq!(honest.unwrap(), Some(ReaderMark::Signed));
    let looked = listed_by(async |scene| signs(&scene.server, scene.doctor.report(&scene.id)).await).await;
    let others = listed_by(async |scene| signs(&scene.server, scene.patient.list(&ListQuery::default())).await).await;
    for lie in [looked, others] {
        let refused = refusal(lie);
        assert!(matches!(refused, Refusal::ReadingForged { seq: 1, .. }), "{refused:?}");
    }
}
