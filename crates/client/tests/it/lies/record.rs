//! Lies about a report's record: what was seen, in this session or in another of the account, can't be cut off again. It ends
//! the session and leaves evidence.

use api_types::{ReportId, audit::AuditEvent};
use client::{Evidence, Memory, Refusal, Vault};
use malicious_server::scene::{events, events_at};

use super::{Scene, log::next_session, refusal, scene};
use crate::fake::{Fake, World};

/// What the server shows from now on.
fn say(server: &Fake, events: &[AuditEvent]) {
    let events = events.to_vec();
    server.lie(move |request, value| {
        if request.path.contains("/events") {
            *value = serde_json::json!({ "items": events });
        }
    });
}

/// A report with so many events, which the server shows and has in its log.
async fn recorded(count: usize) -> (Scene, Vec<AuditEvent>) {
    let scene = scene().await;
    let mut kept = events(scene.id, count, "version=1");
    scene.server.keep_events(&mut kept);
    say(&scene.server, &kept);
    (scene, kept)
}

/// The refusal of a look at a record: it ends the session, with evidence that holds after it was saved and read again.
async fn stopped(vault: &Vault<World>, id: &ReportId) -> (Refusal, Evidence) {
    let refused = refusal(vault.report_events(id, 100).await);
    assert!(refused.stops_session());
    assert_eq!(refusal(vault.report_events(id, 100).await), refused, "it stays");
    assert_eq!(refusal(vault.check_log().await), refused, "nothing goes on");
    let stopped = vault.stopped().unwrap();
    assert_eq!(stopped.refusal, refused);
    let read = Evidence::parse(&stopped.evidence.to_json()).unwrap();
    assert_eq!(read, stopped.evidence);
    assert_eq!(read.check(), Ok(()), "{}", read.to_json());
    assert_eq!(read.code, "events_broken");
    (refused, read)
}

#[tokio::test]
async fn what_this_session_saw_is_proved_by_the_log() {
    for other in [false, true] {
        let (Scene { server, patient, id, .. }, kept) = recorded(4).await;
        patient.report_events(&id, 100).await.unwrap();
        let shown = if other { events(id, 4, "version=2") } else { kept[1..].to_vec() };
        say(&server, &shown);
        let (refused, evidence) = stopped(&patient, &id).await;
        assert_eq!(refused, Refusal::EventsBroken { seq: 4 });
        let record = evidence.record.unwrap();
        assert_eq!((record.report, record.number, record.there.is_some(), record.proved), (id, 4, other, true));
        assert!(evidence.leaf.is_some() && record.seen.is_some());
    }
}

#[tokio::test]
async fn events_that_an_earlier_session_saw_stay() {
    let (Scene { server, patient, id, .. }, kept) = recorded(4).await;
    patient.report_events(&id, 100).await.unwrap();
    patient.save_state().await.unwrap();
    let memory = patient.remembered();
    // Another device, which has seen nothing itself, is bound as well.
    for memory in [memory.clone(), Memory::default()] {
        say(&server, &kept[1..]);
        let next = next_session(&server, memory.clone()).await;
        let (refused, evidence) = stopped(&next, &id).await;
        assert_eq!(refused, Refusal::EventsBroken { seq: 4 });
        // Nothing that the log holds was shown to this session: it says itself that it proves nothing.
        let record = evidence.record.unwrap();
        assert_eq!((record.number, record.there, record.proved), (4, None, false));
        assert_eq!(record.seen.unwrap(), kept[0].hash);
        say(&server, &events(id, 4, "version=2"));
        let next = next_session(&server, memory).await;
        assert_eq!(stopped(&next, &id).await.0, Refusal::EventsBroken { seq: 4 }, "another one in its place");
    }
    say(&server, &kept);
    let next = next_session(&server, memory).await;
    assert!(next.report_events(&id, 100).await.unwrap().complete && next.stopped().is_none());
}

#[tokio::test]
async fn a_gap_is_proved_by_the_event_above_it() {
    let (Scene { server, patient, id, .. }, mut kept) = recorded(4).await;
    kept.remove(1);
    say(&server, &kept);
    let (refused, evidence) = stopped(&patient, &id).await;
    assert_eq!(refused, Refusal::EventsBroken { seq: 2 });
    let record = evidence.record.clone().unwrap();
    assert_eq!((record.number, record.there.is_some(), record.proved), (3, true, true));
    // It is not to be made of an honest record.
    let mut honest = evidence;
    server.with_log(|log| {
        let missing = log.events.iter().find(|event| event.report_seq == Some(3)).unwrap();
        let record = honest.record.as_mut().unwrap();
        (record.there, record.named) = (missing.event.clone(), Some(missing.hash.clone()));
    });
    assert!(honest.check().is_err());
}

#[tokio::test]
async fn without_the_log_evidence_of_a_gap_is_a_statement() {
    let (Scene { server, patient, id, .. }, mut kept) = recorded(4).await;
    kept.remove(1);
    say(&server, &kept);
    server.with_log(|log| log.away = true);
    assert_eq!(refusal(patient.report_events(&id, 100).await), Refusal::EventsBroken { seq: 2 });
    let evidence = patient.stopped().unwrap().evidence;
    assert_eq!(evidence.check(), Ok(()));
    assert!(!evidence.record.unwrap().proved && evidence.leaf.is_none());
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_ends_no_session() {
    let (Scene { server, patient, id, .. }, _) = recorded(4).await;
    patient.report_events(&id, 100).await.unwrap();
    server.with_log(|log| log.away = true);
    patient.report_events(&id, 100).await.unwrap();
    assert!(patient.stopped().is_none());
}

/// What was removed for its age since somebody saw it is not missed; what is younger is, also in another session.
#[tokio::test]
async fn what_the_account_saw_may_be_removed_once_it_is_old() {
    const YEAR: i64 = 366 * 86_400_000;
    for years in [5, 7] {
        let Scene { server, patient, id, .. } = scene().await;
        let mut kept = events_at(id, 5, "version=1", server.now());
        server.keep_events(&mut kept);
        say(&server, &kept[3..]);
        patient.report_events(&id, 100).await.unwrap();
        patient.save_state().await.unwrap();
        server.pass(years * YEAR);
        // The server has removed all but the newest.
        say(&server, &kept[..1]);
        let next = next_session(&server, patient.remembered()).await;
        match years {
            5 => assert_eq!(stopped(&next, &id).await.0, Refusal::EventsBroken { seq: 2 }),
            _ => assert!(next.report_events(&id, 100).await.unwrap().removed_before.is_some()),
        }
        assert_eq!(next.stopped().is_some(), years == 5);
    }
}
