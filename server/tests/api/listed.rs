//! What a list delivers of somebody else's report is an event in that report's own record, once for each revision and reader.

use std::time::Duration;

use api_types::{
    AccountId,
    audit::{Action, AuditEvent},
    reports::ReportList,
};
use crypto::{ids::InstanceId, report::Right};
use sea_orm::ConnectionTrait;
use server::storage;

use crate::{
    repeats::in_report,
    sealing::{Made, grant, own},
    world::{Person, World},
};

async fn list(world: &World, who: &Person) -> ReportList {
    world.get(who, "/reports").await.json()
}

/// To whom a report's record says that a list delivered it, and what, oldest first.
async fn told(world: &World, owner: &Person, made: &Made) -> Vec<(AccountId, String)> {
    let events = in_report(world, owner, made, Action::List).await;
    events.into_iter().map(|event| (event.actor.unwrap(), event.subject)).collect()
}

fn delivered(to: &Person, version: u32, revision: u32) -> (AccountId, String) {
    (to.id, format!("of=reports version={version} revision={revision}"))
}

/// The patient shares their report with one more.
async fn share(world: &World, made: &mut Made, patient: &Person, to: &Person) {
    made.knows(to);
    let body = made.share(world.now(), patient, grant(own(to), Right::View), None);
    world.post(patient, &format!("/reports/{}/grants", made.id), &body).await.ok();
}

/// The event is the reader's, who signed that they list reports; it is the one that the list's own event holds.
async fn assert_signed(world: &World, reader: &Person, event: &AuditEvent) {
    let stored = crypto::audit::AuditEvent::parse(&event.event.as_ref().unwrap().0).unwrap();
    stored.verify_reader(&InstanceId(world.state.instance.instance_id), &reader.chain).unwrap();
    let filter =
        storage::audit::EventFilter { actor: Some(reader.id), action: Some(Action::List), ..Default::default() };
    let all = storage::audit::list(world.state.db.read(), filter, 100).await.unwrap();
    let request = &event.request.as_ref().unwrap().0;
    let own = all.iter().filter(|row| row.report_id.is_none() && row.request.as_ref() == Some(request));
    assert_eq!(own.count(), 1, "of one list");
}

#[tokio::test]
async fn a_list_is_in_the_record_of_a_report_once_for_each_revision() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    let head = list(&world, &doctor).await.head;
    assert_eq!(told(&world, &patient, &made).await, [delivered(&doctor, 1, 0)]);
    assert_signed(&world, &doctor, &in_report(&world, &patient, &made, Action::List).await[0]).await;
    let again = list(&world, &doctor).await;
    assert_eq!((again.items.len(), again.head), (1, head), "nothing moved by it");
    let since: ReportList = world.get(&doctor, &format!("/reports?since={head}")).await.json();
    assert!(since.items.is_empty());
    assert_eq!(told(&world, &patient, &made).await.len(), 1, "the same is told once");

    let path = format!("/reports/{}/versions", made.id);
    let second = made.seal(world.now(), &doctor, made.place(2, 0), &[]);
    world.post(&doctor, &path, &second.body).await.ok();
    made.keep(second);
    let rekeyed = made.seal(world.now(), &patient, made.place(1, 1), &[]);
    world.post(&patient, &format!("{path}/1/revisions"), &rekeyed.body).await.ok();
    made.keep(rekeyed);
    for _ in 0..2 {
        list(&world, &doctor).await;
    }
    assert_eq!(told(&world, &patient, &made).await[1..], [delivered(&doctor, 2, 0)], "a list has the newest version");
    let rekeyed = made.seal(world.now(), &patient, made.place(2, 1), &[]);
    world.post(&patient, &format!("{path}/2/revisions"), &rekeyed.body).await.ok();
    for _ in 0..2 {
        list(&world, &doctor).await;
    }
    assert_eq!(told(&world, &patient, &made).await[2..], [delivered(&doctor, 2, 1)], "new keys are another revision");
}

#[tokio::test]
async fn an_owners_own_list_leaves_nothing_in_the_record() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = world.report(&doctor, &patient, &[]).await;
    for _ in 0..2 {
        assert_eq!(list(&world, &patient).await.items.len(), 1);
    }
    assert!(told(&world, &patient, &made).await.is_empty());
    let filter = storage::audit::EventFilter { actor: Some(patient.id), ..Default::default() };
    let events = storage::audit::list(world.state.db.read(), filter, 100).await.unwrap();
    let own = events.iter().filter(|event| event.action == "list" && event.report_id.is_none());
    assert_eq!(own.count(), 2, "the lists are in the log all the same");
}

#[tokio::test]
async fn two_lists_at_once_leave_one_event() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = world.report(&doctor, &patient, &[]).await;
    // Both have read their rows before either may write.
    let turn = world.state.db.begin_write().await.unwrap();
    let give_way = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        turn.commit().await.unwrap();
    };
    let (one, other, ()) = tokio::join!(list(&world, &doctor), list(&world, &doctor), give_way);
    assert_eq!((one.items.len(), other.items.len()), (1, 1));
    assert_eq!(told(&world, &patient, &made).await, [delivered(&doctor, 1, 0)]);
}

#[tokio::test]
async fn only_what_a_page_delivers_is_told() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(world.report(&doctor, &patient, &[]).await);
    }
    let first: ReportList = world.get(&doctor, "/reports?limit=2").await.json();
    for (made, times) in made.iter().zip([0, 1, 1]) {
        assert_eq!(told(&world, &patient, made).await.len(), times);
    }
    world.get(&doctor, &format!("/reports?limit=2&before={}", first.next.unwrap())).await.ok();
    for made in &made {
        assert_eq!(told(&world, &patient, made).await, [delivered(&doctor, 1, 0)]);
    }
}

#[tokio::test]
async fn what_was_delivered_is_remembered_over_every_change_of_the_row() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    list(&world, &doctor).await;
    // Each of these writes all rows of the report anew.
    share(&world, &mut made, &patient, &colleague).await;
    list(&world, &colleague).await;
    let held = made.state.grants_of(colleague.chain.account()).map(|held| held.grant.id).next().unwrap();
    let body = made.revocation(world.now(), &patient, held);
    world.post(&patient, &format!("/reports/{}/grants/{held}/revoke", made.id), &body).await.ok();
    assert!(list(&world, &colleague).await.items.is_empty());
    share(&world, &mut made, &patient, &colleague).await;
    for reader in [&colleague, &doctor] {
        assert_eq!(list(&world, reader).await.items.len(), 1);
    }
    assert_eq!(told(&world, &patient, &made).await, [delivered(&doctor, 1, 0), delivered(&colleague, 1, 0)]);
}

/// As it is after an upgrade: the rows say of no version that it was delivered.
#[tokio::test]
async fn of_rows_that_do_not_say_what_was_delivered_the_next_list_is_told() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = world.report(&doctor, &patient, &[]).await;
    list(&world, &doctor).await;
    let tx = world.state.db.begin_write().await.unwrap();
    tx.conn().execute_unprepared("UPDATE report_access SET listed_version = 0, listed_revision = 0").await.unwrap();
    tx.commit().await.unwrap();
    for _ in 0..2 {
        list(&world, &doctor).await;
    }
    assert_eq!(told(&world, &patient, &made).await, [delivered(&doctor, 1, 0), delivered(&doctor, 1, 0)]);
}

/// What a list takes of the one connection that writes, at least of these: the log writes now and then as well.
async fn written(world: &World, who: &Person, lists: usize) -> u64 {
    let mut fewest = u64::MAX;
    for _ in 0..lists {
        let before = world.state.db.written();
        list(world, who).await;
        fewest = fewest.min(world.state.db.written() - before);
    }
    fewest
}

#[tokio::test]
async fn many_that_are_new_take_a_few_statements_more_than_none() {
    const REPORTS: u64 = 40;
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut made = Vec::new();
    for _ in 0..REPORTS {
        made.push(world.report(&doctor, &patient, &[]).await);
    }
    let first = written(&world, &doctor, 1).await;
    let later = written(&world, &doctor, 20).await;
    assert!(first < later + REPORTS, "{first} and {later}: not one for each");
    let empty = world.doctor().await;
    assert_eq!(later, written(&world, &empty, 20).await, "where nothing is new, as where there is nothing");
    for made in &made {
        assert_eq!(told(&world, &patient, made).await.len(), 1);
    }
}
