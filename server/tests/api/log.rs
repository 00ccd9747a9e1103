//! The events tree from outside: everything that was recorded is in it, it only grows, and it tells nothing.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use api_types::audit::{Action, AuditEvent, AuditEventList};
use client::{Mark, PatientChoice};
use crypto::audit;
use reqwest::{Method, StatusCode};
use server::{audit::EventDraft, config::Origin};
use sha2::{Digest, Sha256};

use crate::{
    harness::Server,
    honest_client::{clinic, read, write},
    person::{self, founder},
    tree::{Published, opening},
};

/// Every event of the instance, oldest first.
pub async fn all_events(server: &Server, ada: &person::Person) -> Vec<AuditEvent> {
    let mut items = Vec::new();
    let mut before = String::new();
    loop {
        let page: AuditEventList = server.get(&format!("/admin/events{before}"), Some(&ada.token)).await.body();
        items.extend(page.items);
        match page.next {
            Some(next) => before = format!("?before={next}"),
            None => break,
        }
    }
    items.sort_by_key(|event| event.seq);
    items.dedup_by_key(|event| event.seq);
    items
}

/// Records so many events.
pub async fn record(server: &Server, count: u64) {
    let drafts = (0..count).map(|n| EventDraft::anonymous(Action::System).with("n", n)).collect();
    server.state.audit.record_all(drafts).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_a_busy_report_is_in_the_tree() {
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    for _ in 0..5 {
        read(&patient, &id).await.unwrap();
        read(&doctor, &id).await.unwrap();
    }
    record(&server, 700).await;
    read(&patient, &id).await.unwrap();
    let events = patient.report_events(&id, 1_000).await.unwrap();
    assert!(events.complete && events.items.len() > 20, "{}", events.items.len());
    assert!(events.items.iter().all(|item| item.mark == Mark::Verified), "the client finds each by itself");
    let items: Vec<AuditEvent> = events.items.into_iter().map(|item| item.event).collect();

    let log = Published::of(&server.origin).await;
    let (checkpoint, _) = log.reaching(items[0].leaf_index.unwrap() + 1).await;
    for event in &items {
        assert!(log.includes(&checkpoint, event).await, "{event:?}");
        let stored = audit::AuditEvent::parse(opening(event).event()).unwrap();
        assert_eq!(stored.hash().0[..], event.hash.0[..], "the opening is the event that the chain holds");
    }
    let mut forged = items[3].clone();
    forged.event.as_mut().unwrap().0[30] ^= 1;
    assert!(!log.includes(&checkpoint, &forged).await, "the check can fail");
    forged = items[3].clone();
    forged.salt.as_mut().unwrap().0[0] ^= 1;
    assert!(!log.includes(&checkpoint, &forged).await, "and for a salt");
}

/// How long it takes until the newest event has a proof that leads to the public head, after so many were acknowledged.
pub async fn until_proved(server: &Server, log: &Published, ada: &person::Person, count: u64) -> Duration {
    record(server, count).await;
    let begun = Instant::now();
    let page: AuditEventList = server.get("/admin/events", Some(&ada.token)).await.body();
    let newest = &page.items[0];
    let (head, _) = log.reaching(newest.leaf_index.unwrap() + 1).await;
    assert!(log.includes(&head, newest).await);
    begun.elapsed()
}

/// It runs alone (`.config/nextest.toml`). What else the machine does may hold a try or two up; where most of five take longer it
/// is the server's fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_there_within_a_second() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let log = Published::of(&server.origin).await;
    for count in [1, 61, 241] {
        let mut tries = Vec::with_capacity(5);
        for _ in 0..5 {
            tries.push(until_proved(&server, &log, &ada, count).await);
        }
        println!("{count} events: {tries:?}");
        tries.sort_unstable();
        assert!(tries[2] < Duration::from_secs(1), "{count} events, sorted: {tries:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_goes_on_over_restarts_and_under_another_address() {
    let mut server = Server::start().await;
    let first = Published::of(&server.origin).await;
    let (origin, key) = (first.origin().to_owned(), first.key());
    let mut seen = vec![first.reaching(1).await.0];
    for count in [1, 254, 300, 900] {
        record(&server, count).await;
        let log = Published::of(&server.origin).await;
        let last = seen[seen.len() - 1].size();
        seen.push(log.reaching(last + count).await.0);
        let folder = server.stop().await;
        server =
            Server::start_in(folder, |config| config.origin = Origin::parse("https://moved.example").unwrap()).await;
        assert_eq!((log.origin(), log.key()), (origin.as_str(), key.clone()), "the log keeps its name and key");
    }
    let log = Published::of(&server.origin).await;
    let newest = log.reaching(seen[seen.len() - 1].size() + 1).await.0;
    for old in &seen {
        log.assert_consistent(old, &newest).await;
    }
    assert_eq!(log.leaves(&newest).await.len() as u64, newest.size());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_events_are_in_the_tree_before_the_server_ends() {
    let server = Server::start().await;
    record(&server, 100).await;
    let db = server.state.config.database_url.clone();
    let folder = server.stop().await;
    let db = server::storage::db::Db::open(&db).await.unwrap();
    let head = server::storage::log::head(db.read(), server::storage::log::Tree::Events).await.unwrap().unwrap();
    assert_eq!(head.size, server::storage::log_events::count(db.read()).await.unwrap());
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_public_cacheable_and_of_one_form() {
    let server = Server::start().await;
    let log = Published::of(&server.origin).await;
    let size = log.reaching(1).await.0.size();
    record(&server, 600 - size).await;
    log.reaching(600).await;

    let of = |answer: &reqwest::Response, name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let checkpoint = log.get("checkpoint").await;
    assert_eq!(of(&checkpoint, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(of(&checkpoint, "cache-control"), "no-store");
    assert!(
        checkpoint
            .text()
            .await
            .unwrap()
            .starts_with(&format!("localhost:{}/log/events\n", server.state.config.listen.port()))
    );
    for (path, length, cache) in [
        ("tile/0/000", 8192, "public, max-age=31536000, immutable"),
        ("tile/0/002.p/88", 88 * 32, "public, max-age=3600"),
        ("tile/0/001.p/7", 7 * 32, "public, max-age=3600"),
        ("tile/1/000.p/2", 64, "public, max-age=3600"),
        ("tile/entries/001", 256 * 34, "public, max-age=31536000, immutable"),
        ("tile/entries/002.p/88", 88 * 34, "public, max-age=3600"),
    ] {
        let answer = log.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(
            (of(&answer, "content-type"), of(&answer, "cache-control")),
            ("application/octet-stream".into(), cache.into())
        );
        for name in ["content-security-policy", "x-content-type-options", "x-request-id", "referrer-policy"] {
            assert!(answer.headers().contains_key(name), "{path}: {name}");
        }
        assert_eq!(answer.bytes().await.unwrap().len(), length, "{path}");
    }
    for path in [
        "",
        "checkpoint/",
        "tile/0/002",
        "tile/0/003.p/1",
        "tile/2/000.p/1",
        "tile/00/000",
        "tile/0/0",
        "tile/0/000.p/256",
        "tile/0/x000/001",
        "tile/entries/002",
        "tile/0/%30%30%30",
        "tile/-1/000",
        "tile/64/000",
        "issuer/ab",
        "openings/0",
    ] {
        assert_eq!(log.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let post = server.send(server.request(Method::POST, "/log/events/checkpoint")).await;
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_can_not_read_without_end() {
    let server = Server::start().await;
    let log = Published::of(&server.origin).await;
    let mut refused = None;
    for _ in 0..2_000 {
        let answer = log.get("checkpoint").await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    assert!(refused.unwrap().headers().contains_key("retry-after"));
    assert_eq!(server.get("/instance", None).await.status, StatusCode::OK, "the rest goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_public_tells_nothing() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    // The same event twice: its leaves have nothing in common.
    record(&server, 1).await;
    record(&server, 1).await;
    let events = all_events(&server, &ada).await;
    let log = Published::of(&server.origin).await;
    let (checkpoint, _) = log.reaching(events.len() as u64).await;
    let leaves = log.leaves(&checkpoint).await;
    let different: BTreeSet<&Vec<u8>> = leaves.iter().collect();
    assert_eq!(different.len(), leaves.len());
    let public = [log.get("checkpoint").await.bytes().await.unwrap().to_vec(), leaves.concat()].concat();
    let tells = |what: &[u8]| public.windows(what.len()).any(|w| w == what);
    for event in &events {
        let salt = event.salt.clone().unwrap().0;
        let plain = event.event.clone().unwrap().0;
        assert!(!tells(&salt) && !tells(&plain) && !tells(&event.hash.0) && !tells(&event.chain.clone().unwrap().0));
        assert!(event.actor.is_none_or(|id| !tells(&id.0)) && event.session.is_none_or(|id| !tells(&id.0)));
        // Nor does it follow from an event that somebody guessed right, without its salt.
        let guesses = [tlog::leaf_hash(&plain).0, Sha256::digest(&plain).into()];
        assert!(guesses.iter().all(|guess| !tells(guess)));
    }
    assert!(tells(&opening(&events[0]).commitment().0), "the check can fail");
}
