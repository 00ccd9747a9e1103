//! What the server keeps in plain goes after its time, kind by kind, by a clock that is moved on; and nothing else does.

use api_types::{
    B64, ReportId,
    accounts::Role,
    drafts::{DraftList, PutDraft},
    instance::Instance,
    invitations::{CreateInvitation, CreatedInvitation, InvitationList},
    tokens::{ApiTokenList, NewApiToken, Scope},
    uploads::{CreateUpload, Upload},
};
use axum::http::Method;
use sea_orm::EntityTrait;
use server::{clock::DAY, keep::Keep, storage, upkeep};

use crate::world::{Person, World};

async fn keeping(rules: &[&str]) -> World {
    let keep: Keep = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    World::with(|config| config.keep = keep).await
}

async fn draft(world: &World, who: &Person, n: u8) -> ReportId {
    let id = ReportId([n; 32]);
    world.put(who, &format!("/drafts/{id}"), &PutDraft { sealed: B64(vec![1]), counter: 0, begins: true }).await.ok();
    id
}

async fn upload(world: &World, who: &Person, report_id: ReportId) -> Upload {
    let create = CreateUpload { report_id, version: 1, revision: 0, part: 1, ciphertext_len: 172 };
    world.post(who, "/uploads", &create).await.json()
}

/// In a session of its own: those before have ended by then.
async fn later(world: &World, who: &Person, path: &str) -> crate::world::Answer {
    let (_, token) = world.session(who).await;
    world.send_as(Some(&token), Method::GET, path, &[], axum::body::Body::empty()).await
}

async fn drafts(world: &World, who: &Person) -> usize {
    later(world, who, "/drafts").await.json::<DraftList>().items.len()
}

async fn days(world: &World, days: i64) {
    world.state.clock.advance(days * DAY);
    upkeep::once(&world.state).await.unwrap();
}

#[tokio::test]
async fn drafts_stay_for_ever_or_for_as_long_as_is_said_since_their_last_save() {
    let world = World::new().await;
    let doctor = world.doctor().await;
    draft(&world, &doctor, 1).await;
    days(&world, 3650).await;
    assert_eq!(drafts(&world, &doctor).await, 1);
    let instance: Instance = later(&world, &doctor, "/instance").await.json();
    assert_eq!(instance.keep_drafts_days, None);

    let world = keeping(&["drafts=60d", "uploads=90d"]).await;
    let doctor = world.doctor().await;
    let [old, saved] = [draft(&world, &doctor, 1).await, draft(&world, &doctor, 2).await];
    let begun = upload(&world, &doctor, old).await;
    let instance: Instance = later(&world, &doctor, "/instance").await.json();
    assert_eq!(instance.keep_drafts_days, Some(60));
    days(&world, 59).await;
    assert_eq!(drafts(&world, &doctor).await, 2);
    let (_, token) = world.session(&doctor).await;
    let again = serde_json::to_vec(&PutDraft { sealed: B64(vec![2]), counter: 1, begins: false }).unwrap();
    let json = [("content-type", "application/json")];
    world.send_as(Some(&token), Method::PUT, &format!("/drafts/{saved}"), &json, again.into()).await.ok();
    days(&world, 2).await;
    let left: DraftList = later(&world, &doctor, "/drafts").await.json();
    assert_eq!(left.items.iter().map(|draft| draft.id).collect::<Vec<_>>(), [saved]);
    let gone = later(&world, &doctor, &format!("/uploads/{}", begun.id)).await;
    assert_eq!(gone.code(), api_types::ErrorCode::NotFound, "its uploads go with it");
    let events = entities::audit_events::Entity::find().all(world.state.db.read()).await.unwrap();
    let said = events.iter().filter(|event| event.subject.starts_with("what=retention draft=")).count();
    assert_eq!(said, 1, "the audit says so");
}

#[tokio::test]
async fn unfinished_uploads_go_after_their_time() {
    for (rules, time) in [(&[][..], 7), (&["uploads=20d"][..], 20)] {
        let world = keeping(rules).await;
        let doctor = world.doctor().await;
        let report = draft(&world, &doctor, 1).await;
        let path = format!("/uploads/{}", upload(&world, &doctor, report).await.id);
        days(&world, time - 1).await;
        later(&world, &doctor, &path).await.ok();
        days(&world, 1).await;
        assert_eq!(later(&world, &doctor, &path).await.code(), api_types::ErrorCode::NotFound);
        assert_eq!(drafts(&world, &doctor).await, 1, "the draft stays");
    }
}

#[tokio::test]
async fn ended_tokens_leave_the_list_after_their_time() {
    for (rules, time) in [(&[][..], 30), (&["ended-tokens=3d"][..], 3)] {
        let world = keeping(rules).await;
        let doctor = world.doctor().await;
        let new = NewApiToken { name: "Night".into(), scopes: vec![Scope::AccountRead], expires_in_days: 1 };
        world.post(&doctor, "/account/tokens", &new).await.ok();
        let listed = async || later(&world, &doctor, "/account/tokens").await.json::<ApiTokenList>().items.len();
        days(&world, time).await;
        assert_eq!(listed().await, 1);
        days(&world, 2).await;
        assert_eq!(listed().await, 0);
    }
}

#[tokio::test]
async fn ended_invitations_go_only_where_it_is_said() {
    for (rules, left) in [(&[][..], 2), (&["ended-invitations=10d"][..], 1)] {
        let world = keeping(rules).await;
        let doctor = world.doctor().await;
        let new = CreateInvitation { role: Role::Patient, email: None, placeholder: None, expires_in: None };
        let ended: CreatedInvitation = world.post(&doctor, "/invitations", &new).await.json();
        let open = CreateInvitation { expires_in: Some(30 * DAY), ..new.clone() };
        world.post(&doctor, "/invitations", &open).await.ok();
        let end = ended.invitation.expires_at - world.now();
        world.state.clock.advance(end + 9 * DAY);
        upkeep::once(&world.state).await.unwrap();
        let listed = async || later(&world, &doctor, "/invitations").await.json::<InvitationList>().items.len();
        assert_eq!(listed().await, 2);
        days(&world, 2).await;
        assert_eq!(listed().await, left, "{rules:?}");
    }
}

#[tokio::test]
async fn mail_that_was_given_up_goes_after_its_time() {
    for (rules, time) in [(&[][..], 30), (&["failed-mail=4d"][..], 4)] {
        let world = keeping(rules).await;
        let doctor = world.doctor().await;
        let mut tx = world.state.db.begin_write().await.unwrap();
        let row = server::storage::outbox::OutboxRow {
            id: [1; 16],
            kind: server::mail::MailKind::PasswordChanged,
            account: Some(doctor.id),
            subject: None,
            address: "p0@example.org".into(),
            address_key: "p0@example.org".into(),
            created_at: world.now(),
            due_at: world.now(),
            attempts: 0,
            refused_since: None,
            failing_since: None,
        };
        tx.queue_mail(&row).await.unwrap();
        server::storage::outbox::fail(tx.conn(), (&row.id, 0), 1, world.now()).await.unwrap();
        tx.commit().await.unwrap();
        let kept = async || entities::outbox::Entity::find().all(world.state.db.read()).await.unwrap().len();
        days(&world, time - 1).await;
        assert_eq!(kept().await, 1);
        days(&world, 2).await;
        assert_eq!(kept().await, 0);
    }
}

#[tokio::test]
async fn a_closed_account_leaves_its_signed_end_for_ever() {
    let world = keeping(&["drafts=30d", "ended-tokens=1d", "ended-invitations=1d", "failed-mail=1d"]).await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = world.report(&doctor, &patient, &[]).await;
    let tx = world.state.db.begin_write().await.unwrap();
    let row = server::storage::closing::ClosingRow {
        account: patient.id,
        by: api_types::closing::ClosedBy::Holder,
        statement: vec![7],
        due_at: world.now(),
        closed_at: Some(world.now()),
    };
    server::storage::closing::insert(tx.conn(), &row).await.unwrap();
    tx.commit().await.unwrap();
    days(&world, 3650).await;
    let ids = [patient.id];
    let left = server::storage::closing::statements(world.state.db.read(), &ids).await.unwrap();
    assert_eq!(left.len(), 1, "whoever meets its name in a signed list must be able to see that it is gone");
    assert!(server::storage::reports::get(world.state.db.read(), made.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_row_that_can_t_be_read_keeps_nothing_else_from_going() {
    let world = World::new().await;
    let doctor = world.doctor().await;
    let report = draft(&world, &doctor, 1).await;
    let begun = upload(&world, &doctor, report).await;
    let row = storage::uploads::get(world.state.db.read(), begun.id).await.unwrap().unwrap();
    let tx = world.state.db.begin_write().await.unwrap();
    storage::uploads::insert(tx.conn(), storage::uploads::Upload { id: vec![1], ..row }).await.unwrap();
    tx.commit().await.unwrap();
    let there = async || storage::sessions::get(world.state.db.read(), doctor.session).await.unwrap().is_some();
    assert!(there().await);
    world.state.clock.advance(100 * DAY);
    assert!(upkeep::once(&world.state).await.is_err(), "it is said");
    assert!(!there().await, "the session went all the same");
}
