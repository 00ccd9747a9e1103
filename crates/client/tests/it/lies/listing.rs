//! Lies in the list of all events, which an administrator reads: without a filter it has everything that the log has.

use std::sync::Arc;

use api_types::{
    ReportId,
    audit::{Action, AuditEvent, AuditEventList, Outcome},
};
use client::{Mark, Refusal, Vault, api::EventFilter};

use super::{log::looked, refusal};
use crate::fake::{Fake, World};

const YEAR: i64 = 366 * 86_400_000;

/// Lists all events three a page, without those of these numbers.
fn leaves_out(server: &Fake, left_out: &[u64]) {
    let left_out = left_out.to_vec();
    server.lie(move |request, value| {
        let Some((_, query)) = request.path.split_once("/admin/events") else { return };
        let before = query.split(['?', '&']).find_map(|pair| pair.strip_prefix("before="));
        let before = before.map_or(u64::MAX, |before| before.parse().unwrap());
        let wanted = |event: &AuditEvent| !query.contains("action=system") || event.action == Action::System;
        let mut items: Vec<AuditEvent> = serde_json::from_value(value["items"].take()).unwrap();
        items.retain(|event| event.seq < before && wanted(event) && !left_out.contains(&event.seq));
        let more = items.len() > 3;
        items.truncate(3);
        let next = items.last().filter(|_| more).map(|event| event.seq);
        *value = serde_json::to_value(AuditEventList { items, next }).unwrap();
    });
}

/// The numbers of all events, page by page, and how many are said to be removed.
async fn everything(vault: &Vault<World>) -> client::Result<(Vec<u64>, u64)> {
    let (mut seqs, mut removed, mut filter) = (Vec::new(), 0, EventFilter::default());
    loop {
        let page = vault.events(&filter).await?;
        assert!(page.items.iter().all(|item| item.mark == Mark::Verified));
        seqs.extend(page.items.iter().map(|item| item.event.seq));
        removed += page.removed.expect("there is no filter");
        match page.next {
            Some(next) => filter.before = Some(next),
            None => return Ok((seqs, removed)),
        }
    }
}

fn down_from(newest: u64) -> Vec<u64> {
    (0..=newest).rev().collect()
}

#[tokio::test]
async fn an_event_that_is_left_out_of_the_list_of_everything_is_missed() {
    let (server, ada) = looked(8).await;
    leaves_out(&server, &[]);
    assert_eq!(everything(&ada).await.unwrap(), (down_from(7), 0));
    for (left_out, place) in [
        (vec![6], "in the middle of a page"),
        (vec![3], "in the middle of another"),
        (vec![4], "between two pages"),
        (vec![4, 3, 2], "a whole page"),
        (vec![7], "at the top"),
        (vec![7, 6], "more at the top"),
        (vec![0], "at the end"),
        (vec![1, 0], "more at the end"),
        (down_from(7), "all of them"),
    ] {
        leaves_out(&server, &left_out);
        assert_eq!(refusal(everything(&ada).await), Refusal::EventsBroken { seq: left_out[0] }, "{place}");
    }
    leaves_out(&server, &[]);
    assert_eq!(everything(&ada).await.unwrap(), (down_from(7), 0), "an honest list is believed again");
}

#[tokio::test]
async fn a_next_page_that_begins_further_down_hides_what_is_between() {
    let (server, ada) = looked(8).await;
    for next in [4, 0, 6, 9] {
        server.lie(move |request, value| {
            if request.path.contains("/admin/events") {
                value["items"].as_array_mut().unwrap().truncate(3);
                value["next"] = next.into();
            }
        });
        assert_eq!(refusal(everything(&ada).await), Refusal::EventsBroken { seq: 4 }, "{next}");
    }
    server.lie(|request, value| {
        if request.path.contains("/admin/events") {
            *value = serde_json::json!({ "items": [], "next": 8 });
        }
    });
    assert_eq!(refusal(everything(&ada).await), Refusal::EventsBroken { seq: 7 }, "it would never end");
}

#[tokio::test]
async fn a_list_is_in_order_and_has_each_event_once() {
    let (server, ada) = looked(8).await;
    let say = |order: &'static [usize]| {
        server.lie(move |request, value| {
            if request.path.contains("/admin/events") {
                let items: Vec<_> = order.iter().map(|at| value["items"][*at].clone()).collect();
                value["items"] = items.into();
            }
        });
    };
    let filter = EventFilter { outcome: Some(Outcome::Success), ..EventFilter::default() };
    say(&[0, 0, 1]);
    assert_eq!(refusal(ada.events(&filter).await), Refusal::EventsBroken { seq: 7 });
    say(&[1, 0]);
    assert_eq!(refusal(ada.events(&filter).await), Refusal::EventsBroken { seq: 7 });
    say(&[2, 3]);
    let above = EventFilter { before: Some(5), ..filter };
    assert_eq!(refusal(ada.events(&above).await), Refusal::EventsBroken { seq: 5 }, "it was shown before");
}

#[tokio::test]
async fn a_filter_leaves_events_out_and_says_nothing_of_them() {
    let (server, ada) = looked(8).await;
    leaves_out(&server, &[7, 4, 3, 0]);
    for filter in [
        EventFilter { actor: Some(ada.account_id()), ..EventFilter::default() },
        EventFilter { action: Some(Action::Open), ..EventFilter::default() },
        EventFilter { outcome: Some(Outcome::Success), ..EventFilter::default() },
        EventFilter { from: Some(0), ..EventFilter::default() },
        EventFilter { until: Some(i64::MAX), ..EventFilter::default() },
    ] {
        let first = ada.events(&filter).await.unwrap();
        let second = ada.events(&EventFilter { before: first.next, ..filter }).await.unwrap();
        let all: Vec<_> = first.items.iter().chain(&second.items).collect();
        assert_eq!(all.iter().map(|item| item.event.seq).collect::<Vec<_>>(), [6, 5, 2, 1], "{filter:?}");
        assert!(all.iter().all(|item| item.mark == Mark::Verified));
        assert_eq!((first.removed, second.removed), (None, None));
    }
}

#[tokio::test]
async fn what_is_recorded_and_not_in_the_log_yet_or_while_the_list_comes_is_no_lie() {
    let (server, ada) = looked(8).await;
    server.happen(ReportId([7; 32]), 2);
    server.with_log(|log| (log.published, log.in_time) = (8, false));
    let page = ada.events(&EventFilter::default()).await.unwrap();
    assert_eq!((page.items.len(), page.items[0].mark, page.removed), (10, Mark::Pending, Some(0)));
    server.with_log(|log| log.published = 10);

    let busy = Arc::clone(&server);
    server.lie(move |request, _| {
        if request.path.contains("/admin/events") {
            busy.happen(ReportId([7; 32]), 1);
        }
    });
    for newest in [9, 10, 11] {
        let page = ada.events(&EventFilter::default()).await.unwrap();
        assert_eq!((page.items[0].event.seq, page.removed), (newest, Some(0)));
        ada.check_log().await.unwrap();
    }
    // The log can't be read: what this session knows of it must be there all the same.
    server.be_honest();
    server.with_log(|log| log.away = true);
    assert_eq!(ada.events(&EventFilter::default()).await.unwrap().removed, Some(0));
    leaves_out(&server, &[12, 11]);
    assert_eq!(refusal(everything(&ada).await), Refusal::EventsBroken { seq: 12 });
}

/// The server says that it removed so many of the events below a number, all from before so many years.
fn says_removed(server: &Fake, total: u64, through: u64, years: i64) {
    let now = server.now();
    let before = now - years * YEAR;
    let subject = format!("what=retention removed={total} total={total} through={through} before={before}");
    server.with_log(|log| log.record_system(&subject, now));
}

#[tokio::test]
async fn what_was_removed_for_its_age_is_counted_and_nothing_else_may_be_missing() {
    let (server, ada) = looked(8).await;
    server.pass(7 * YEAR);
    says_removed(&server, 5, 6, 6);
    leaves_out(&server, &[4, 3, 2, 1, 0]);
    assert_eq!(everything(&ada).await.unwrap(), (vec![8, 7, 6, 5], 5));
    leaves_out(&server, &[6, 4, 3, 2, 1, 0]);
    assert_eq!(refusal(everything(&ada).await), Refusal::EventsBroken { seq: 6 }, "it was not looked at");
    leaves_out(&server, &[5, 4, 3, 2, 1, 0]);
    assert_eq!(refusal(everything(&ada).await), Refusal::EventsBroken { seq: 5 }, "more than it says");
    leaves_out(&server, &[8, 4, 3, 2, 1, 0]);
    assert_eq!(refusal(everything(&ada).await), Refusal::EventsBroken { seq: 8 }, "the removal itself");
}

#[tokio::test]
async fn what_is_removed_while_somebody_reads_is_asked_for() {
    let (server, ada) = looked(8).await;
    leaves_out(&server, &[]);
    let first = ada.events(&EventFilter::default()).await.unwrap();
    assert_eq!((first.next, first.removed), (Some(5), Some(0)));
    let older = EventFilter { before: first.next, ..EventFilter::default() };
    server.pass(7 * YEAR);
    says_removed(&server, 3, 4, 6);
    leaves_out(&server, &[2, 1, 0]);
    let second = ada.events(&older).await.unwrap();
    assert_eq!((second.items.len(), second.next, second.removed), (2, None, Some(3)));
}

#[tokio::test]
async fn a_removal_explains_nothing_before_the_log_holds_it() {
    let (server, ada) = looked(8).await;
    server.pass(7 * YEAR);
    says_removed(&server, 5, 6, 6);
    server.with_log(|log| (log.published, log.in_time) = (8, false));
    leaves_out(&server, &[4, 3, 2, 1, 0]);
    let older = EventFilter { before: Some(6), ..EventFilter::default() };
    assert!(ada.events(&older).await.unwrap_err().is_transient(), "nobody can tell yet");
    server.with_log(|log| log.published = 9);
    assert_eq!(ada.events(&older).await.unwrap().removed, Some(5));
}

#[tokio::test]
async fn a_removal_of_what_is_younger_than_six_years_explains_nothing() {
    for (total, through, years) in [(5, 6, 5), (8, 99, 6)] {
        let (server, ada) = looked(8).await;
        server.pass(7 * YEAR);
        says_removed(&server, total, through, years);
        leaves_out(&server, &[4, 3, 2, 1, 0]);
        assert_eq!(refusal(everything(&ada).await), Refusal::EventsBroken { seq: 4 });
    }
    // It says that all before is old, and shows one that isn't.
    let (server, ada) = looked(8).await;
    server.pass(7 * YEAR);
    let now = server.now();
    server.with_log(|log| (0..2).for_each(|n| log.record_system(&format!("n={n}"), now)));
    says_removed(&server, 6, 10, 6);
    leaves_out(&server, &[8, 4, 3, 2, 1, 0]);
    assert_eq!(refusal(everything(&ada).await), Refusal::EventsBroken { seq: 9 });
}
