//! Live events of three servers: each one once, in one order, to whoever goes on at another server.

use std::{collections::HashSet, time::Duration};

use api_types::{AccountId, ReportId, accounts::Role, live::LiveKind};
use futures::future::join_all;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use server::live;

use crate::{
    harness::Server,
    live::{Heard, listen_from, next_heard, tell},
    person::{Applicant, Person, founder},
    replica_harness::{Place, fresh_connections},
};

/// So many events each server writes, and so many at once.
const EACH: u64 = 120;
const WRITERS: u64 = 4;

async fn three() -> Option<(Place, [Server; 3], Person)> {
    let place = Place::new().await?;
    let first = place.first(|_| ()).await;
    founder(&first).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&first, None).await;
    let (second, third) = (place.more(&first, |_| ()).await, place.more(&first, |_| ()).await);
    Some((place, [first, second, third], pat))
}

/// Tells what can be recognised, beside what is told to somebody else.
async fn write(server: &Server, account: AccountId, writer: u64) {
    for n in 0..EACH / WRITERS {
        let mut tx = server.state.db.begin_write().await.unwrap();
        let mut report = [0; 32];
        report[..16].copy_from_slice(&((u128::from(writer) << 64) | u128::from(n)).to_be_bytes());
        tx.tell(AccountId([9; 32]), live::event(LiveKind::TeamChanged));
        tx.tell(account, live::report_event(LiveKind::ReportChanged, ReportId(report), None));
        if n % 5 == 0 {
            // Ids are given in the order of the commits, whatever was begun and left.
            drop(tx);
            tx = server.state.db.begin_write().await.unwrap();
            tx.tell(account, live::report_event(LiveKind::ReportChanged, ReportId(report), None));
        }
        tx.commit().await.unwrap();
    }
}

/// Listens a little at each server in turn, behind what was heard at the one before.
async fn hop(servers: &[Server; 3], token: &str, first: Heard, most: usize) -> Vec<Heard> {
    let http = fresh_connections();
    let mut heard = vec![first];
    for turn in 0.. {
        let last = heard.iter().rev().find_map(|it| it.id.clone());
        let mut events = listen_from(&http, &servers[turn % 3].origin, token, last.as_deref()).await;
        for _ in 0..1 + turn % 7 {
            if heard.len() == most {
                return heard;
            }
            heard.push(next_heard(&mut events).await.expect("the server is there"));
        }
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hops_from_server_to_server_hears_each_event_once_and_in_order() {
    let Some((_place, servers, pat)) = three().await else { return };
    let writers = servers
        .iter()
        .enumerate()
        .flat_map(|(s, server)| (0..WRITERS).map(move |w| write(server, pat.id, s as u64 * WRITERS + w)));
    let all = (EACH * 3) as usize;
    let mut events = listen_from(&fresh_connections(), &servers[0].origin, &pat.token, None).await;
    let first = next_heard(&mut events).await.unwrap();
    assert_eq!(first.event.kind, LiveKind::Resync, "the first stream goes on behind nothing");
    drop(events);
    let (heard, _) = tokio::join!(hop(&servers, &pat.token, first, 1 + all), join_all(writers));
    let numbers: Vec<u64> =
        heard.iter().map(|it| it.id.as_ref().unwrap().split_once('.').unwrap().0.parse().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let reports: HashSet<_> = heard[1..].iter().map(|it| (it.event.kind, it.event.report_id.unwrap())).collect();
    assert_eq!(reports.len(), all, "each once");
    // And all that listen everywhere hear the same.
    for server in &servers {
        let mut events = listen_from(&fresh_connections(), &server.origin, &pat.token, heard[0].id.as_deref()).await;
        for expected in &heard[1..] {
            assert_eq!(&next_heard(&mut events).await.unwrap(), expected);
        }
    }
}

/// Connections that hear notifications.
const HEARING: &str = "FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database() \
                       AND pid <> pg_backend_pid()";

async fn ask(server: &Server, what: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(DbBackend::Postgres, format!("SELECT {what} {HEARING}"));
    server.state.db.read().query_all_raw(statement).await.unwrap()
}

/// Waits until so many servers hear notifications.
async fn all_hear(server: &Server, servers: usize) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while ask(server, "pid").await.len() < servers {
        assert!(tokio::time::Instant::now() < deadline, "not all of them hear notifications");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Cuts off whatever hears notifications; it comes back after a while. So many were cut off.
async fn cut_off(server: &Server) -> usize {
    let rows = ask(server, "pg_terminate_backend(pid)").await;
    rows.iter().filter(|row| row.try_get_by_index::<bool>(0).unwrap()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_one_server_is_heard_at_another_within_a_second_with_and_without_notifications() {
    let Some((_place, [a, b, c], pat)) = three().await else { return };
    let mut events = listen_from(&fresh_connections(), &b.origin, &pat.token, None).await;
    assert_eq!(next_heard(&mut events).await.unwrap().event.kind, LiveKind::Resync);
    all_hear(&c, 3).await;
    for round in 0..6 {
        if round >= 3 {
            let cut = cut_off(&c).await;
            // Behind the first cut they may not be back yet.
            assert!(cut == 3 || round > 3, "{cut} of 3 were cut off");
        }
        let begun = tokio::time::Instant::now();
        tell(&a, pat.id, LiveKind::ShareArrived).await;
        assert_eq!(next_heard(&mut events).await.unwrap().event.kind, LiveKind::ShareArrived);
        println!("round {round}: heard after {:?}", begun.elapsed());
        // Three times the promise: this may be a busy machine.
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_one_server_ends_ends_its_streams_at_the_others() {
    let Some((_place, [a, b, c], pat)) = three().await else { return };
    let mut streams = Vec::new();
    for server in [&a, &b, &c] {
        let mut events = listen_from(&fresh_connections(), &server.origin, &pat.token, None).await;
        assert_eq!(next_heard(&mut events).await.unwrap().event.kind, LiveKind::Resync);
        streams.push(events);
    }
    assert_eq!(a.delete("/session", Some(&pat.token)).await.status, 204);
    for mut events in streams {
        assert_eq!(next_heard(&mut events).await, None, "it is told nothing more");
    }
}
