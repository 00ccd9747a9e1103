//! Old events go, from outside: their openings are in no file any more, the tree and everything that it proves is as before,
//! and who reads a report is told. A server that lets go of younger ones is refused.

use std::path::Path;

use api_types::audit::{Action, AuditEvent};
use client::{Mark, NoSecondFactor, PatientChoice, Refusal, Vault};
use server::{audit::EventDraft, clock::DAY, log, storage, upkeep};

use crate::{
    harness::{Server, left_out, on_postgres},
    honest_client::{PASSWORD, client, clinic, device, read, write},
    later::{Later, later},
    log::record,
    log_client::all_verified,
    tree::{Published, instance},
};

/// More than the seven years that the servers here keep events.
const LATER: i64 = 8 * 366 * DAY;

async fn sign_in_later(server: &Server, email: &str) -> Vault<Later> {
    later(server).sign_in(email, PASSWORD, device(), &NoSecondFactor).await.unwrap()
}

async fn keeping() -> Server {
    Server::start_with(|config| {
        config.keep_events = Some("7y".parse().unwrap());
        config.address_factor = 100;
    })
    .await
}

/// The database's files as they lie on the disk.
fn files(data: &Path) -> Vec<u8> {
    let of = |name| std::fs::read(data.join(name)).unwrap_or_default();
    [of("healthsecure.db"), of("healthsecure.db-wal")].concat()
}

fn holds(files: &[u8], bytes: &[u8]) -> bool {
    files.windows(bytes.len()).any(|window| window == bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn old_openings_go_and_the_tree_stays() {
    if left_out(on_postgres(), "it looks into SQLite's files") {
        return;
    }
    let server = keeping().await;
    assert_eq!(instance(&server.origin).await.keep_events_days, Some(2557));
    let [ada, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    read(&patient, &id).await.unwrap();
    let marked = EventDraft::anonymous(Action::System).with("n", "a-mark-to-look-for");
    server.state.audit.record(marked.clone()).await.unwrap();
    server.state.audit.record(marked.on(id)).await.unwrap();
    let tree = Published::of(&server.origin).await;
    let newest = all_verified(&ada).await[0].seq;
    let (before, _) = tree.reaching(newest + 1).await;
    let (mut events, leaves) = (all_verified(&ada).await, tree.leaves(&before).await);
    // Reading the audit is an event, too, and perhaps younger than the checkpoint.
    events.retain(|event| event.seq <= newest);
    let disk = files(&server.state.config.data);
    assert!(events.iter().all(|event| holds(&disk, &event.hash.0)), "the search finds what is there");
    assert!(holds(&disk, b"a-mark-to-look-for"));

    upkeep::once(&server.state).await.unwrap();
    assert!(all_verified(&ada).await.len() > events.len(), "nothing is old yet");
    server.state.clock.advance(LATER);
    record(&server, 3).await;
    upkeep::once(&server.state).await.unwrap();

    let ada = sign_in_later(&server, "ada@clinic.example").await;
    let left = all_verified(&ada).await;
    let stayed = |event: &AuditEvent| left.iter().any(|left| left.seq == event.seq);
    let (kept, gone): (Vec<_>, Vec<_>) = events.into_iter().partition(stayed);
    assert_eq!(kept.iter().map(|event| event.report_id).collect::<Vec<_>>(), [Some(id)], "the report's newest");
    assert_eq!(kept[0].subject, "n=a-mark-to-look-for");
    assert!(left.iter().find(|event| event.seq == kept[0].seq).unwrap().chain.is_none());
    assert!(gone.len() > 20);
    let disk = files(&server.state.config.data);
    for event in &gone {
        let salt = &event.salt.as_ref().unwrap().0;
        assert!(!holds(&disk, salt), "the salt of {}", event.seq);
        // The one that stays names its predecessor; nothing else does.
        let named = kept[0].report_prev.as_ref() == Some(&event.hash);
        assert_eq!(holds(&disk, &event.hash.0), named, "the hash of {}", event.seq);
        assert!(!holds(&disk, &event.chain.as_ref().unwrap().0), "the chain's value of {}", event.seq);
    }

    let after = tree.checkpoint().await;
    tree.assert_consistent(&before, &after).await;
    assert_eq!(tree.leaves(&after).await[..leaves.len()], leaves[..]);
    assert!(tree.includes(&before, &gone[0]).await, "who has an opening proves it as before");
    let removal = left.iter().find(|event| event.subject.starts_with("what=retention ")).unwrap();
    assert!(removal.seq > newest && removal.subject.contains(" total="), "{}", removal.subject);
    let data = server.state.config.data.clone();
    let (folder, database) = (server.stop().await, server::cli::default_database(&data));
    let verified = log::verify(&database, &data).await.unwrap();
    assert!(verified.events.removed > gone.len() as u64 && verified.keys.removed == 0);
    // It starts again and goes on.
    let server = Server::start_in(folder, |config| config.keep_events = Some("7y".parse().unwrap())).await;
    server.state.clock.advance(LATER);
    sign_in_later(&server, "ada@clinic.example").await.check_log().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_are_told_and_a_young_event_is_missed() {
    let server = keeping().await;
    let [_, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    read(&patient, &id).await.unwrap();
    server.state.clock.advance(LATER);
    server.state.audit.record(EventDraft::anonymous(Action::System).on(id)).await.unwrap();
    let size = storage::log_events::count(server.state.db.read()).await.unwrap();
    Published::of(&server.origin).await.reaching(size).await;
    let ann = sign_in_later(&server, "ann@clinic.example").await;
    let whole = ann.report_events(&id, 1_000).await.unwrap();
    assert!(whole.complete && whole.removed_before.is_none());
    upkeep::once(&server.state).await.unwrap();

    let ann = sign_in_later(&server, "ann@clinic.example").await;
    let events = ann.report_events(&id, 1_000).await.unwrap();
    let oldest = &events.items.last().unwrap().event;
    assert_eq!((events.complete, events.removed_before), (false, Some(oldest.time)));
    assert!(oldest.report_seq > Some(1) && events.items.len() > 2 && events.items.len() < whole.items.len());
    assert!(events.items.iter().all(|item| item.mark == Mark::Verified), "{:?}", events.items);

    // A server that let go of what happened just now.
    server.state.clock.advance(-LATER);
    let tx = server.state.db.begin_write().await.unwrap();
    // Tries at signing in count by the clock, too.
    sea_orm::ConnectionTrait::execute_unprepared(tx.conn(), "DELETE FROM throttles").await.unwrap();
    tx.commit().await.unwrap();
    let today = client(&server);
    let ann = today.sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let missing = oldest.report_seq.unwrap() - 1;
    match ann.report_events(&id, 1_000).await {
        Err(client::ClientError::Refused(refusal)) => assert_eq!(refusal, Refusal::EventsBroken { seq: missing }),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_everything_stays() {
    let server = Server::start().await;
    assert_eq!(instance(&server.origin).await.keep_events_days, None);
    record(&server, 10).await;
    server.state.clock.advance(100 * LATER);
    record(&server, 1).await;
    Published::of(&server.origin).await.reaching(12).await;
    upkeep::once(&server.state).await.unwrap();
    let events = storage::log_events::from(server.state.db.read(), 0, 1_000).await.unwrap();
    assert!((0..12).all(|seq| events[seq].seq == seq as i64));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_stamped_before_the_one_before_it() {
    let server = Server::start().await;
    record(&server, 1).await;
    server.state.clock.advance(-3_600_000);
    record(&server, 2).await;
    let mut tx = server.state.db.begin_write().await.unwrap();
    for n in 0..2 {
        tx.record(EventDraft::anonymous(Action::System).with("n", n)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let events = storage::log_events::from(server.state.db.read(), 0, 100).await.unwrap();
    assert_eq!(events.len(), 6);
    assert!(events.windows(2).all(|pair| pair[0].time <= pair[1].time));
    assert_eq!(events[5].time, events[1].time, "the clock was set back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_years_ahead_at_the_start_removes_nothing() {
    let server = keeping().await;
    record(&server, 10).await;
    Published::of(&server.origin).await.reaching(11).await;
    let database = server.state.config.database_url.clone();
    let folder = server.stop().await;
    let db = storage::db::Db::open(&database).await.unwrap();
    let tx = db.begin_write().await.unwrap();
    let sql = format!("UPDATE audit_events SET time = time - {LATER}");
    sea_orm::ConnectionTrait::execute_unprepared(tx.conn(), &sql).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await.unwrap();
    let keep = |config: &mut server::config::Config| config.keep_events = Some("7y".parse().unwrap());
    let mut folder = Some(folder);
    for there in [true, false] {
        let server = Server::start_in(folder.take().unwrap(), keep).await;
        upkeep::once(&server.state).await.unwrap();
        let oldest = storage::log_events::from(server.state.db.read(), 0, 1).await.unwrap();
        assert_eq!(oldest[0].seq == 0, there, "whoever starts it again says that the clock is right");
        folder = Some(server.stop().await);
    }
}

/// What was removed without a trace in the audit is damage.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_deletes_is_not_taken_for_an_old_one() {
    let server = keeping().await;
    record(&server, 20).await;
    server.state.clock.advance(LATER);
    record(&server, 20).await;
    Published::of(&server.origin).await.reaching(41).await;
    upkeep::once(&server.state).await.unwrap();
    Published::of(&server.origin).await.reaching(42).await;
    let data = server.state.config.data.clone();
    let database = server.state.config.database_url.clone();
    let folder = server.stop().await;
    assert_eq!(log::verify(&database, &data).await.unwrap().events.removed, 21);
    let db = storage::db::Db::open(&database).await.unwrap();
    let tx = db.begin_write().await.unwrap();
    let sql = "DELETE FROM audit_events WHERE seq = 30";
    sea_orm::ConnectionTrait::execute_unprepared(tx.conn(), sql).await.unwrap();
    tx.commit().await.unwrap();
    let damage = log::verify(&database, &data).await.unwrap_err().to_string();
    assert!(damage.contains("event 30 is not the one"), "{damage}");
    drop(folder);
}
