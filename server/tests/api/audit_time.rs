//! The audit by time: what is asked for, all of it, along the indexes.

use api_types::{
    ErrorCode,
    audit::{Action, AuditEventList, Outcome},
};
use sea_orm::{ConnectionTrait, Statement};
use server::{
    audit::EventDraft,
    clock::{DAY, HOUR, now_ms},
};

use crate::{
    harness::{Server, left_out, on_postgres},
    person::{Person, founder},
};

async fn events(server: &Server, ada: &Person, query: &str) -> AuditEventList {
    server.get(&format!("/admin/events?action=system&{query}"), Some(&ada.token)).await.body()
}

fn subjects(list: &AuditEventList) -> Vec<&str> {
    list.items.iter().map(|event| event.subject.as_str()).collect()
}

/// Records something as if it had happened at that time: the audit has a clock of its own.
async fn happened(server: &Server, key: &str, value: &str, time: i64) {
    server.state.audit.record(EventDraft::anonymous(Action::System).with(key, value)).await.unwrap();
    let sql = format!("UPDATE audit_events SET time = {time} WHERE subject = '{key}={value}'");
    let tx = server.state.db.begin_write().await.unwrap();
    tx.conn().execute_unprepared(&sql).await.unwrap();
    tx.commit().await.unwrap();
}

/// A server on which something happened on each of ten days, the last of them a day from now; and those times.
async fn ten_days() -> (Server, Person, Vec<i64>) {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let now = now_ms();
    let times: Vec<i64> = (0..10).map(|day| now + (day - 8) * DAY).collect();
    for (day, time) in times.iter().enumerate() {
        happened(&server, "day", &day.to_string(), *time).await;
    }
    (server, ada, times)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_time() {
    let (server, ada, times) = ten_days().await;
    let around = |from: usize, to: usize| format!("from={}&until={}", times[from] - HOUR, times[to] + HOUR);
    assert_eq!(subjects(&events(&server, &ada, &around(3, 5)).await), ["day=5", "day=4", "day=3"]);
    assert_eq!(subjects(&events(&server, &ada, &around(0, 0)).await), ["day=0"]);
    let since = events(&server, &ada, &format!("from={}", times[8] - HOUR)).await;
    assert_eq!(subjects(&since)[..2], ["day=9", "day=8"]);
    let before = events(&server, &ada, &format!("until={}", times[1] + HOUR)).await;
    assert_eq!(subjects(&before), ["day=1", "day=0"]);
    assert!(events(&server, &ada, &format!("until={}", times[0] - 3 * DAY)).await.items.is_empty());
    assert!(events(&server, &ada, &format!("from={}", times[9] + 3 * DAY)).await.items.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_moment_is_in_it_and_the_last_is_not() {
    let (server, ada, times) = ten_days().await;
    let exact = times[4];
    let at =
        async |from: i64, until: i64| events(&server, &ada, &format!("from={from}&until={until}")).await.items.len();
    assert_eq!(at(exact, exact + 1).await, 1);
    assert_eq!(at(exact - 1, exact).await, 0);
    assert_eq!(at(exact + 1, exact + 2).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_hides_nothing() {
    let (server, ada, times) = ten_days().await;
    let time = times[9] - 20 * HOUR;
    happened(&server, "day", "again", time).await;
    let found = events(&server, &ada, &format!("from={}&until={}", time - HOUR, time + HOUR)).await;
    assert_eq!(subjects(&found), ["day=again"], "though its number is the newest");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_other_filters_go_with_it() {
    let (server, ada, times) = ten_days().await;
    for n in 0..120 {
        server.state.audit.record(EventDraft::anonymous(Action::System).with("n", n)).await.unwrap();
    }
    let denied = EventDraft::anonymous(Action::System).with("n", "no").denied(ErrorCode::Forbidden);
    server.state.audit.record(denied).await.unwrap();
    let from = times[9] + 2 * DAY;
    let sql = format!("UPDATE audit_events SET time = {from} + seq WHERE subject LIKE 'n=%'");
    let tx = server.state.db.begin_write().await.unwrap();
    tx.conn().execute_unprepared(&sql).await.unwrap();
    tx.commit().await.unwrap();
    let first = events(&server, &ada, &format!("from={from}&outcome=success")).await;
    assert_eq!((first.items.len(), first.items[0].subject.as_str()), (100, "n=119"));
    let next = first.next.unwrap();
    let second = events(&server, &ada, &format!("from={from}&outcome=success&before={next}")).await;
    assert_eq!(second.items.len(), 20);
    let denied = events(&server, &ada, &format!("from={from}&outcome=denied")).await;
    assert_eq!(denied.items.len(), 1);
    assert!(denied.items.iter().all(|event| event.outcome == Outcome::Denied));
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_hold_nothing_are_refused_by_name() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    for (query, pointer) in
        [("from=-1", "/from"), ("until=-1", "/until"), ("from=5&until=5", "/until"), ("from=6&until=5", "/until")]
    {
        let answer = server.get(&format!("/admin/events?{query}"), Some(&ada.token)).await;
        let problem: serde_json::Value = answer.json();
        assert_eq!((&problem["code"], &problem["pointer"]), (&"invalid_field".into(), &pointer.into()), "{query}");
    }
    assert_eq!(server.get("/admin/events?from=yesterday", Some(&ada.token)).await.code(), "malformed");
    assert_eq!(server.get("/admin/events?from=9223372036854775807", Some(&ada.token)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_a_page_runs_along_an_index() {
    if left_out(on_postgres(), "it asks SQLite how it runs the statements") {
        return;
    }
    let server = Server::start().await;
    let conn = server.state.db.read();
    for (sql, index) in [
        (
            "SELECT seq FROM audit_events WHERE time < 5 ORDER BY time DESC, seq DESC LIMIT 1",
            "ix_audit_events_time_seq",
        ),
        ("SELECT seq FROM audit_events WHERE time >= 5 ORDER BY time ASC, seq ASC LIMIT 1", "ix_audit_events_time_seq"),
        ("SELECT * FROM audit_events WHERE outcome = 'denied' ORDER BY seq DESC LIMIT 100", "ix_audit_events_denied"),
    ] {
        let explain = Statement::from_string(conn.get_database_backend(), format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = conn.query_all_raw(explain).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
        assert!(plan.iter().any(|step| step.contains(index)), "{sql}: {plan:?}");
        assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{sql}: {plan:?}");
    }
}
