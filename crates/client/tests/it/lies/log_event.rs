//! Lies about single events: what is shown isn't what the public log commits to, or isn't in it.

use api_types::{B64, ReportId, audit::AuditEvent};
use client::{Mark, Refusal, event_hash};

use super::{
    log::{looked, next_session, stopped},
    refusal,
};
use crate::fake::{Fake, log::stored};

const REPORT: ReportId = ReportId([7; 32]);

/// Changes the newest event on its way out.
fn change(server: &Fake, change: impl Fn(&mut AuditEvent) + Send + 'static) {
    server.lie(move |request, value| {
        if request.path.contains("/events") {
            let mut events: Vec<AuditEvent> = serde_json::from_value(value["items"].take()).unwrap();
            change(&mut events[0]);
            value["items"] = serde_json::to_value(events).unwrap();
        }
    });
}

/// What an event is refused as, by whoever has its report and by an administrator.
async fn refused(lie: impl Fn(&mut AuditEvent) + Send + Clone + 'static) -> Refusal {
    let (server, ann) = looked(300).await;
    change(&server, lie.clone());
    let of_report = refusal(ann.report_events(&REPORT, 1_000).await);
    stopped(&ann).await;
    let (server, ann) = looked(300).await;
    change(&server, lie);
    assert_eq!(refusal(ann.events(&client::api::EventFilter::default()).await), of_report);
    of_report
}

#[tokio::test]
async fn a_changed_event_over_an_honest_leaf_is_refused() {
    let lie = |event: &mut AuditEvent| {
        event.subject = "version=2".to_owned();
        event.hash = B64(event_hash(event).unwrap().0.to_vec());
    };
    assert_eq!(refused(lie).await, Refusal::LogEventChanged { seq: 299 });
    let time = |event: &mut AuditEvent| {
        event.time += 1;
        event.hash = B64(event_hash(event).unwrap().0.to_vec());
    };
    assert_eq!(refused(time).await, Refusal::LogEventChanged { seq: 299 });
}

#[tokio::test]
async fn half_an_opening_is_refused() {
    assert_eq!(refused(|event| event.salt = None).await, Refusal::LogEventMissing { seq: 299 });
    assert_eq!(refused(|event| event.event = None).await, Refusal::LogEventMissing { seq: 299 });
    assert_eq!(refused(|event| event.leaf_index = None).await, Refusal::LogEventMissing { seq: 299 });
    let short = |event: &mut AuditEvent| event.salt.as_mut().unwrap().0.truncate(31);
    assert_eq!(refused(short).await, Refusal::LogEventChanged { seq: 299 });
    let longer = |event: &mut AuditEvent| event.event.as_mut().unwrap().0.push(0);
    assert_eq!(refused(longer).await, Refusal::LogEventChanged { seq: 299 });
}

#[tokio::test]
async fn an_event_that_is_not_in_the_tree_is_refused() {
    // Opened as it should be, but never committed to.
    let lie = |event: &mut AuditEvent| {
        event.subject = "version=2".to_owned();
        event.hash = B64(event_hash(event).unwrap().0.to_vec());
        event.event = Some(B64(stored(event)));
    };
    assert_eq!(refused(lie).await, Refusal::LogEventMissing { seq: 299 });
    let salt = |event: &mut AuditEvent| event.salt.as_mut().unwrap().0[0] ^= 1;
    assert_eq!(refused(salt).await, Refusal::LogEventMissing { seq: 299 });
}

#[tokio::test]
async fn a_wrong_place_in_the_tree_is_refused() {
    assert_eq!(refused(|event| event.leaf_index = Some(7)).await, Refusal::LogEventMissing { seq: 299 });
    assert_eq!(refused(|event| event.leaf_index = Some(u64::MAX)).await, Refusal::LogEventMissing { seq: 299 });
}

/// Takes an event's opening away.
fn strip(event: &mut AuditEvent) {
    (event.leaf_index, event.salt, event.event) = (None, None, None);
}

#[tokio::test]
async fn an_event_without_its_opening_is_refused_where_the_tree_reaches_it_or_had_time_to() {
    assert_eq!(refused(strip).await, Refusal::LogEventMissing { seq: 299 });
    let (server, ann) = looked(300).await;
    server.with_log(|log| (log.published, log.in_time) = (300, false));
    server.happen(REPORT, 1);
    server.with_log(|log| log.published = 300);
    change(&server, strip);
    let events = ann.report_events(&REPORT, 1_000).await.unwrap();
    assert_eq!((events.items[0].mark, events.items[1].mark), (Mark::Pending, Mark::Verified));
    // The tree stays where it is: what is shown without its opening is waited for as long as what is shown with it.
    server.pass(30_000);
    assert_eq!(ann.report_events(&REPORT, 1_000).await.unwrap().items[0].mark, Mark::Pending);
    server.pass(60_000);
    assert_eq!(refusal(ann.report_events(&REPORT, 1_000).await), Refusal::LogEventMissing { seq: 300 });
    stopped(&ann).await;
}

#[tokio::test]
async fn a_new_event_is_waited_for_then_pending_then_refused() {
    let (server, ann) = looked(300).await;
    server.happen(REPORT, 1);
    server.with_log(|log| log.published = 300);
    let events = ann.report_events(&REPORT, 1_000).await.unwrap();
    assert_eq!(events.items[0].mark, Mark::Verified, "the server publishes while the client waits");

    server.happen(REPORT, 1);
    server.with_log(|log| (log.published, log.in_time) = (301, false));
    let events = ann.report_events(&REPORT, 1_000).await.unwrap();
    assert_eq!((events.items[0].mark, events.items[1].mark), (Mark::Pending, Mark::Verified));
    server.pass(30_000);
    assert_eq!(ann.report_events(&REPORT, 1_000).await.unwrap().items[0].mark, Mark::Pending);
    server.pass(60_000);
    assert_eq!(refusal(ann.report_events(&REPORT, 1_000).await), Refusal::LogEventMissing { seq: 301 });
    stopped(&ann).await;
}

#[tokio::test]
async fn an_old_event_that_is_still_not_in_the_tree_is_refused_at_once() {
    let (server, ann) = looked(300).await;
    server.happen(REPORT, 1);
    server.with_log(|log| (log.published, log.in_time) = (300, false));
    server.pass(2 * 86_400_000);
    // In each session anew: this one looks for the first time. So too without its opening.
    let next = next_session(&server, ann.remembered()).await;
    assert_eq!(refusal(ann.report_events(&REPORT, 1_000).await), Refusal::LogEventMissing { seq: 300 });
    change(&server, strip);
    assert_eq!(refusal(next.report_events(&REPORT, 1_000).await), Refusal::LogEventMissing { seq: 300 });
    stopped(&next).await;
}
