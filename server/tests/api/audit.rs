//! The audit: complete, chained, and there before the answer.

use api_types::{
    accounts::Role,
    audit::{Action, AuditEvent, AuditEventList, Outcome},
};
use crypto::{
    audit::{self, ReportLink},
    ids::{AccountId, EventId, Hash32, ReportId, SessionId},
};
use sea_orm::ConnectionTrait;
use server::{
    audit::EventDraft,
    storage::connect::{Purpose, connect},
    upkeep,
};

use crate::{
    harness::Server,
    person::{Applicant, Person, founder},
};

async fn events(server: &Server, ada: &Person, query: &str) -> AuditEventList {
    server.get(&format!("/admin/events{query}"), Some(&ada.token)).await.body()
}

/// What a client makes of an event to check its hash, as `api_types::audit` says.
fn canonical(event: &AuditEvent) -> audit::AuditEvent {
    audit::AuditEvent {
        id: EventId(u128::from(event.seq).to_be_bytes()),
        time: event.time,
        actor: event.actor.map(|a| AccountId(a.0)),
        session: event.session.map(|s| SessionId(s.0)),
        kind: serde_json::to_value(event.action).unwrap().as_str().unwrap().to_owned(),
        outcome: match event.outcome {
            Outcome::Success => audit::Outcome::Allowed,
            Outcome::Denied => audit::Outcome::Denied,
        },
        report: event.report_id.map(|report| ReportLink {
            report: ReportId(report.0),
            seq: event.report_seq.unwrap(),
            previous: Hash32(event.report_prev.clone().unwrap().0.try_into().unwrap()),
        }),
        subjects: Vec::new(),
        count: 1,
        detail: event.subject.clone(),
        request: event.request.as_ref().map(|request| request.0.clone()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_is_an_event_and_the_chain_verifies_from_the_first() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    server.get("/accounts?name=Dora", Some(&pat.token)).await;
    server.get("/admin/accounts", Some(&pat.token)).await;
    server.delete("/session", Some(&pat.token)).await;

    let list = events(&server, &ada, "").await;
    let told: Vec<_> = list.items.iter().rev().map(|e| (e.action, e.outcome, e.actor)).collect();
    let (ada_id, pat_id) = (Some(ada.id), Some(pat.id));
    for expected in [
        (Action::System, Outcome::Success, None),
        (Action::SignUp, Outcome::Success, ada_id),
        (Action::SignUp, Outcome::Success, pat_id),
        (Action::LookUp, Outcome::Success, pat_id),
        (Action::LookUp, Outcome::Denied, pat_id),
        (Action::SignOut, Outcome::Success, pat_id),
    ] {
        assert_eq!(told.iter().filter(|event| **event == expected).count(), 1, "{expected:?} in {told:?}");
    }
    let denied = list.items.iter().find(|e| e.outcome == Outcome::Denied).unwrap();
    assert_eq!((denied.subject.as_str(), denied.actor_name.as_deref()), ("code=forbidden", Some("Pat Patient")));

    let canonical: Vec<_> = list.items.iter().rev().map(canonical).collect();
    let chain: Vec<_> =
        list.items.iter().rev().map(|e| Hash32(e.chain.clone().unwrap().0.try_into().unwrap())).collect();
    for (event, told) in canonical.iter().zip(list.items.iter().rev()) {
        assert_eq!(event.hash().0.as_slice(), told.hash.as_ref(), "{told:?}");
    }
    let start = audit::chain_start(&server.instance());
    audit::verify_chain(start, canonical.iter().zip(&chain)).unwrap();
    let mut forged = canonical.clone();
    forged[1].time += 1;
    assert!(audit::verify_chain(start, forged.iter().zip(&chain)).is_err(), "the check can fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_goes_on_after_a_restart() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let before = events(&server, &ada, "").await;
    let folder = server.stop().await;
    let server = Server::start_in(folder, |_| ()).await;
    let after = events(&server, &ada, "").await;
    let newest = before.items[0].seq;
    let next = after.items.iter().find(|e| e.seq == newest + 2).unwrap();
    assert_eq!(next.action, Action::System, "after the reading itself comes the start");
    let seqs: Vec<_> = after.items.iter().rev().map(|e| e.seq).collect();
    assert_eq!(seqs, (0..seqs.len() as u64).collect::<Vec<_>>());
    let canonical: Vec<_> = after.items.iter().rev().map(canonical).collect();
    let chain: Vec<_> =
        after.items.iter().rev().map(|e| Hash32(e.chain.clone().unwrap().0.try_into().unwrap())).collect();
    audit::verify_chain(audit::chain_start(&server.instance()), canonical.iter().zip(&chain)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn anonymous_denials_are_summed() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    for _ in 0..50 {
        server.get("/account", None).await;
    }
    server.get("/nothing", None).await;
    let count = |list: AuditEventList| list.items.iter().filter(|e| e.outcome == Outcome::Denied).count();
    assert_eq!(count(events(&server, &ada, "").await), 0, "not one by one");
    upkeep::once(&server.state).await.unwrap();
    let list = events(&server, &ada, "?outcome=denied").await;
    assert_eq!(list.items.len(), 1);
    assert_eq!(list.items[0].subject, "denials=50 signed_out=50");
}

/// Takes the table of events away, or brings it back: what a full disk does to the audit, and its end.
async fn rename_events(server: &Server, from: &str, to: &str) {
    let conn = connect(&server.state.config.database_url, Purpose::Write).await.unwrap();
    conn.execute_unprepared(&format!("ALTER TABLE {from} RENAME TO {to}")).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_that_could_not_be_written_are_written_later() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    for _ in 0..3 {
        server.get("/account", None).await;
    }
    rename_events(&server, "audit_events", "audit_away").await;
    assert!(upkeep::once(&server.state).await.is_err(), "nothing can be written");
    server.get("/account", None).await;
    rename_events(&server, "audit_away", "audit_events").await;
    upkeep::once(&server.state).await.unwrap();
    upkeep::once(&server.state).await.unwrap();
    let list = events(&server, &ada, "?outcome=denied").await;
    let told: Vec<_> = list.items.iter().map(|event| &event.subject[..]).collect();
    assert_eq!(told, ["denials=4 signed_out=4"], "each is counted, and once");
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_are_written_when_the_server_stops() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    for _ in 0..7 {
        server.get("/account", None).await;
    }
    let folder = server.stop().await;
    let server = Server::start_in(folder, |_| ()).await;
    let list = events(&server, &ada, "?outcome=denied").await;
    assert_eq!(list.items[0].subject, "denials=7 signed_out=7");
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ups_that_tell_who_has_an_account_are_summed() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let mut probe = Applicant::new("Pro Be", Role::Patient);
    probe.email = ada.applicant.email.clone();
    let body = probe.prepare(&server, None).await.unwrap();
    assert_eq!(server.post("/sign-up", None, &body).await.code(), "email_taken");
    let taken = ada.applicant.prepare(&server, None).await.unwrap_err();
    assert_eq!(taken.code(), "conflict");
    upkeep::once(&server.state).await.unwrap();
    let list = events(&server, &ada, "?outcome=denied").await;
    assert_eq!(list.items[0].subject, "denials=2 conflict=1 email_taken=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_filtered_and_paged() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    for n in 0..120 {
        let draft = EventDraft::anonymous(Action::System).with("n", n);
        server.state.audit.record(draft).await.unwrap();
    }
    let first = events(&server, &ada, "?action=system").await;
    assert_eq!((first.items.len(), first.items[0].subject.as_str()), (100, "n=119"));
    let second = events(&server, &ada, &format!("?action=system&before={}", first.next.unwrap())).await;
    assert_eq!(second.items.len(), 21, "20, and the start");
    assert!(second.next.is_none());
    let own = events(&server, &ada, &format!("?actor={}&action=sign_up", ada.id)).await;
    assert_eq!(own.items.len(), 1);
    assert_eq!(server.get("/admin/events?action=odd", Some(&ada.token)).await.code(), "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_keep_one_chain() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let state = server.state.clone();
            tokio::spawn(async move { state.audit.record(EventDraft::anonymous(Action::System).with("n", n)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let mut items = Vec::new();
    let mut before = String::new();
    loop {
        let page = events(&server, &ada, &before).await;
        items.extend(page.items);
        match page.next {
            Some(next) => before = format!("?before={next}"),
            None => break,
        }
    }
    items.sort_by_key(|e| e.seq);
    items.dedup_by_key(|e| e.seq);
    let canonical: Vec<_> = items.iter().map(canonical).collect();
    let chain: Vec<_> = items.iter().map(|e| Hash32(e.chain.clone().unwrap().0.try_into().unwrap())).collect();
    audit::verify_chain(audit::chain_start(&server.instance()), canonical.iter().zip(&chain)).unwrap();
    assert_eq!(items.iter().filter(|e| e.subject.starts_with("n=")).count(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_dropped_does_not_part_the_chain() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    for n in 0..40u64 {
        let state = server.state.clone();
        let task = tokio::spawn(async move {
            let mut tx = state.db.begin_write().await?;
            tx.record(EventDraft::anonymous(Action::System).with("n", n)).await?;
            tx.commit().await
        });
        tokio::time::sleep(std::time::Duration::from_micros(n * 40)).await;
        task.abort();
    }
    server.state.audit.record(EventDraft::anonymous(Action::System).with("n", "last")).await.unwrap();
    let list = events(&server, &ada, "").await;
    let seqs: Vec<_> = list.items.iter().rev().map(|e| e.seq).collect();
    assert_eq!(seqs, (0..seqs.len() as u64).collect::<Vec<_>>());
    assert!(list.items.iter().any(|e| e.subject == "n=last"));
}
