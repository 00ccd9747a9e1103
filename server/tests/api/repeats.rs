//! A request that is sent again, because its answer was lost, changes nothing, is answered alike, and is an event.

use std::time::Duration;

use api_types::{
    B64,
    accounts::{AccountStatus, Role},
    audit::{Action, AuditEvent, AuditEventList, Outcome},
    drafts::PutDraft,
    reports::Report,
    uploads::{CreateUpload, Upload},
};
use crypto::report::Right;
use serde::Serialize;

use crate::{
    sealing::{Made, grant, own},
    world::{Person, World},
};

/// The events of one action, oldest first.
pub fn of(events: AuditEventList, action: Action) -> Vec<AuditEvent> {
    let mut found: Vec<_> = events.items.into_iter().filter(|event| event.action == action).collect();
    found.reverse();
    found
}

pub async fn in_report(world: &World, who: &Person, made: &Made, action: Action) -> Vec<AuditEvent> {
    of(world.get(who, &format!("/reports/{}/events", made.id)).await.json(), action)
}

/// Two events by the same person, both successful, the second marked.
fn assert_repeated(events: &[AuditEvent], by: &Person) {
    assert_eq!(events.len(), 2, "{events:?}");
    for event in events {
        assert_eq!((event.actor, event.outcome), (Some(by.id), Outcome::Success));
    }
    assert!(!events[0].subject.contains("repeated") && events[1].subject.ends_with("repeated=true"), "{events:?}");
}

#[tokio::test]
async fn a_report_completed_again() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = Made::found(world.now(), &doctor, &patient);
    let body = made.creation(made.seal(world.now(), &doctor, made.place(1, 0), &[]).body);
    let first: Report = world.post(&doctor, "/reports", &body).await.json();
    let again: Report = world.post(&doctor, "/reports", &body).await.json();
    assert_eq!(first, again);
    assert_repeated(&in_report(&world, &doctor, &made, Action::Create).await, &doctor);
}

#[tokio::test]
async fn a_version_added_again_and_re_keyed_again() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    let second = made.seal(world.now(), &doctor, made.place(2, 0), &[]);
    let path = format!("/reports/{}/versions", made.id);
    for _ in 0..2 {
        world.post(&doctor, &path, &second.body).await.ok();
    }
    made.keep(second);
    let created = in_report(&world, &doctor, &made, Action::Create).await;
    assert_repeated(&created[1..], &doctor);
    let rekeyed = made.seal(world.now(), &patient, made.place(2, 1), &[]);
    for _ in 0..2 {
        world.post(&patient, &format!("{path}/2/revisions"), &rekeyed.body).await.ok();
    }
    assert_repeated(&in_report(&world, &patient, &made, Action::Rekey).await, &patient);
}

/// Both on their way at once: neither takes the other for somebody else's.
#[tokio::test]
async fn the_same_version_sent_twice_at_once() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    let path = format!("/reports/{}/versions", made.id);
    for version in 2..10 {
        let next = made.seal(world.now(), &doctor, made.place(version, 0), &[]);
        let (one, other) = tokio::join!(world.post(&doctor, &path, &next.body), world.post(&doctor, &path, &next.body));
        one.ok();
        other.ok();
        made.keep(next);
        let rekeyed = made.seal(world.now(), &patient, made.place(version, 1), &[]);
        let revisions = format!("{path}/{version}/revisions");
        let (one, other) = tokio::join!(
            world.post(&patient, &revisions, &rekeyed.body),
            world.post(&patient, &revisions, &rekeyed.body)
        );
        one.ok();
        other.ok();
        made.keep(rekeyed);
    }
    let report: Report = world.get(&patient, &format!("/reports/{}", made.id)).await.json();
    assert_eq!(report.versions.len(), 9);
    assert!(report.versions.iter().all(|version| version.revision == u32::from(version.version > 1)));
}

/// Sends the same twice at once: both have looked before either may write.
async fn twice(world: &World, who: &Person, path: &str, body: &impl Serialize) {
    let turn = world.state.db.begin_write().await.unwrap();
    let give_way = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        turn.commit().await.unwrap();
    };
    let (one, other, ()) = tokio::join!(world.post(who, path, body), world.post(who, path, body), give_way);
    one.ok();
    other.ok();
}

#[tokio::test]
async fn a_report_a_grant_and_a_revocation_sent_twice_at_once() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = Made::found(world.now(), &doctor, &patient);
    let first = made.seal(world.now(), &doctor, made.place(1, 0), &[]);
    twice(&world, &doctor, "/reports", &made.creation(first.body.clone())).await;
    made.keep(first);
    assert_repeated(&in_report(&world, &doctor, &made, Action::Create).await, &doctor);

    made.knows(&colleague);
    let new = grant(own(&colleague), Right::View);
    let id = new.id;
    let path = format!("/reports/{}/grants", made.id);
    twice(&world, &patient, &path, &made.share(world.now(), &patient, new, None)).await;
    assert_repeated(&in_report(&world, &patient, &made, Action::Share).await, &patient);
    twice(&world, &patient, &format!("{path}/{id}/revoke"), &made.revocation(world.now(), &patient, id)).await;
    assert_repeated(&in_report(&world, &patient, &made, Action::Revoke).await, &patient);
}

#[tokio::test]
async fn a_grant_made_again_and_revoked_again() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    made.knows(&colleague);
    let new = grant(own(&colleague), Right::View);
    let id = new.id;
    let path = format!("/reports/{}/grants", made.id);
    let body = made.share(world.now(), &patient, new, None);
    for _ in 0..2 {
        world.post(&patient, &path, &body).await.ok();
    }
    assert_repeated(&in_report(&world, &patient, &made, Action::Share).await, &patient);
    let body = made.revocation(world.now(), &patient, id);
    for _ in 0..2 {
        world.post(&patient, &format!("{path}/{id}/revoke"), &body).await.ok();
    }
    assert_repeated(&in_report(&world, &patient, &made, Action::Revoke).await, &patient);
}

#[tokio::test]
async fn a_draft_saved_again_and_an_upload_asked_after() {
    let world = World::new().await;
    let (doctor, administrator) =
        (world.doctor().await, world.person(Role::Administrator, AccountStatus::Active).await);
    let draft = api_types::ReportId([7; 32]);
    let body = PutDraft { sealed: B64(vec![1]), counter: 0, begins: true };
    for _ in 0..2 {
        world.put(&doctor, &format!("/drafts/{draft}"), &body).await.ok();
    }
    let events = world.get(&administrator, "/admin/events").await.json();
    assert_repeated(&of(events, Action::DraftSave), &doctor);

    let create = CreateUpload { report_id: draft, version: 1, revision: 0, part: 1, ciphertext_len: 172 };
    let upload: Upload = world.post(&doctor, "/uploads", &create).await.json();
    world.get(&doctor, &format!("/uploads/{}", upload.id)).await.ok();
    let read = of(world.get(&administrator, "/admin/events").await.json(), Action::Read);
    assert_eq!(read.last().map(|event| event.subject.clone()), Some(format!("upload={}", upload.id)));
}
