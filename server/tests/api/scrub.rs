//! Scrubs: a damaged blob is found, named, given out to nobody, and comes back from the backups.

use api_types::{ErrorCode, ReportId, storage::BlobHealth};
use client::{
    ClientError, PatientChoice,
    bulk::{Control, native::FileSource},
};
use entities::{upload_segments, versions as versions_table};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use server::{
    backup::{
        self, BackupError, Identities, Order, Repository,
        drill::{self, DrillPlan},
        heal::{self, Mend},
        schedule::Schedule,
    },
    clock::{DAY, HOUR},
    scrub::{self, ScrubPlan},
    services::{
        scrubbing,
        stored_blobs::{Health, StoredBlob, Walk},
    },
    storage::{
        blob_garbage, damaged_blobs,
        scrubs::{self, ScrubRow},
        versions,
    },
    upkeep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    backup::{FILE, Vaulted, events, write_some},
    harness::Server,
    honest_client::{Person, clinic, fields, file, read},
    mail_kinds::opened,
    mail_server::{Post, Smtp, with_mail},
    s3,
};

const PLAN: ScrubPlan = ScrubPlan { every: HOUR, rate: u64::MAX };

async fn scrubbed(server: &Server) {
    scrub::once(&server.state, &CancellationToken::new()).await.unwrap();
}

async fn keys(server: &Server, report: &ReportId) -> Vec<String> {
    versions::blob_keys(server.state.db.read(), *report).await.unwrap()
}

/// Changes a byte in the middle. Gives what it held.
async fn change(server: &Server, key: &str) -> Vec<u8> {
    let blobs = &server.state.blobs;
    let whole = blobs.whole(key).await.unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    blobs.store(key, &changed).await.unwrap();
    whole
}

async fn refusal(reader: &Person, id: &ReportId) -> Option<ErrorCode> {
    read(reader, id).await.unwrap_err().problem()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_named_once_and_given_to_nobody_until_it_is_whole() {
    let server = Server::start_with(|config| config.scrub = Some(PLAN)).await;
    let [administrator, _, patient] = clinic(&server).await;
    let reports = write_some(&patient, 3).await;
    scrubbed(&server).await;
    let good = administrator.api().get_storage().await.unwrap();
    assert_eq!((good.damaged_count, good.last.as_ref().map(|last| last.damaged)), (0, Some(0)));
    assert_eq!((good.last.unwrap().blobs, good.named), (6, 6));
    assert!(good.running.is_none() && good.next_at > Some(server.state.clock.now()));

    let changed = keys(&server, &reports[0]).await.remove(0);
    let missing = keys(&server, &reports[1]).await.remove(1);
    let before = [change(&server, &changed).await, server.state.blobs.whole(&missing).await.unwrap()];
    server.state.blobs.delete(&missing).await.unwrap();
    server.state.clock.advance(HOUR);
    scrubbed(&server).await;
    let found = administrator.api().get_storage().await.unwrap();
    assert_eq!((found.damaged_count, found.last.unwrap().damaged, found.restores), (2, 2, false));
    let health = |key: &str| found.damaged.iter().find(|one| one.blob == key).map(|one| (one.health, one.report_id));
    assert_eq!(health(&changed), Some((BlobHealth::Changed, Some(reports[0]))));
    assert_eq!(health(&missing), Some((BlobHealth::Missing, Some(reports[1]))));
    for id in &reports[..2] {
        assert_eq!(refusal(&patient, id).await, Some(ErrorCode::BlobDamaged));
        assert!(patient.report_events(id, 1_000).await.unwrap().complete, "it stands in the report's own record");
    }
    assert_eq!(read(&patient, &reports[2]).await.unwrap().len(), FILE);

    server.state.clock.advance(HOUR);
    scrubbed(&server).await;
    assert_eq!(events(&server, "what=blob_damaged blob=% health=%").await, 2, "once");
    assert_eq!(events(&server, "what=scrub blobs=6 bytes=% damaged=%").await, 3);

    for (key, bytes) in [&changed, &missing].into_iter().zip(before) {
        server.state.blobs.store(key, &bytes).await.unwrap();
    }
    scrubbed(&server).await;
    assert_eq!(administrator.api().get_storage().await.unwrap().damaged_count, 0);
    assert_eq!(events(&server, "what=blob_whole blob=%").await, 2);
    for id in &reports {
        assert_eq!(read(&patient, id).await.unwrap().len(), FILE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_before_its_draft_is_completed_is_sent_once_more() {
    let server = Server::start_with(|config| config.scrub = Some(PLAN)).await;
    let [_, _, patient] = clinic(&server).await;
    let draft = patient.begin_draft(PatientChoice::Account(patient.account_id()), fields()).await.unwrap();
    let source = FileSource::Bytes(file().into());
    draft.add_file("scan.bin", &source, &Control::none()).await.unwrap();
    let segment = upload_segments::Entity::find().one(server.state.db.read()).await.unwrap().unwrap();
    change(&server, &segment.blob_key).await;
    scrubbed(&server).await;
    assert!(matches!(draft.complete().await, Err(ClientError::FilesMissing { count: 1 })));
    let part = draft.files()[0].part;
    draft.resume_file(part, &source, &Control::none()).await.unwrap();
    let id = draft.complete().await.unwrap().id;
    assert_eq!(read(&patient, &id).await.unwrap(), file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_meets_one_first_makes_it_known() {
    let Some(post) = Post::new() else { return };
    let (server, mut mail) = with_mail(&post, Smtp::StartTls).await;
    let [administrator, _, patient] = opened(&server, &mut mail).await;
    let id = write_some(&patient, 1).await.remove(0);
    server.state.blobs.delete(&keys(&server, &id).await[0]).await.unwrap();
    assert_eq!(refusal(&patient, &id).await, Some(ErrorCode::BlobDamaged));
    let found = administrator.api().get_storage().await.unwrap();
    assert_eq!((found.damaged_count, found.damaged[0].health), (1, BlobHealth::Missing));
    assert!(found.every.is_none() && found.last.is_none(), "without a scrub");
    server.state.db.mail().notify_one();
    let message = mail.next().await;
    let subject = "a stored file is damaged";
    assert_eq!((message.to.as_slice(), message.subject()), (&["ada@clinic.example".to_owned()][..], subject));

    // What is deleted on purpose is damaged no more.
    patient.confirm(crate::honest_client::PASSWORD, &client::NoSecondFactor).await.unwrap();
    patient.erase_report(&id).await.unwrap();
    scrubbed(&server).await;
    assert_eq!(administrator.api().get_storage().await.unwrap().damaged_count, 0);
    assert_eq!(events(&server, "what=blob_deleted blob=%").await, 1);
}

fn schedule(vaulted: &Vaulted, identity: bool) -> Schedule {
    let identity = identity.then(|| vaulted.identity());
    let scratch = vaulted.folder.path().to_owned();
    let drill = DrillPlan { every: "7d".parse().unwrap(), identity, scratch, canary: None };
    Schedule { drill: Some(drill), ..vaulted.schedule(None) }
}

/// The server has made its first backup by itself.
async fn first_backup(vaulted: &Vaulted) {
    while !vaulted.path().join("snapshots").is_dir() || vaulted.snapshots().await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_blob_comes_back_from_the_backups() {
    for by_itself in [true, false] {
        let vaulted = Vaulted::new();
        let plan = schedule(&vaulted, by_itself);
        let server = Server::start_with(|it| (it.backup, it.scrub) = (Some(plan), Some(PLAN))).await;
        let [administrator, _, patient] = clinic(&server).await;
        first_backup(&vaulted).await;
        let id = write_some(&patient, 1).await.remove(0);
        vaulted.take(&server).await;
        let key = keys(&server, &id).await.remove(0);
        change(&server, &key).await;
        scrubbed(&server).await;
        let found = administrator.api().get_storage().await.unwrap();
        assert_eq!((found.damaged_count, found.restores), (1, by_itself));
        if !by_itself {
            let order = by_hand(&server, vaulted.repository().await, vaulted.identities());
            assert_eq!(heal::run(&order).await.unwrap(), (1, 1));
        }
        scrubbed(&server).await;
        assert_eq!(administrator.api().get_storage().await.unwrap().damaged_count, 0);
        let what = if by_itself { "what=blob_restored blob=%" } else { "what=blob_whole blob=%" };
        assert_eq!(events(&server, what).await, 1);
        assert_eq!(read(&patient, &id).await.unwrap().len(), FILE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_before_any_backup_keeps_no_other_from_being_backed_up() {
    let vaulted = Vaulted::new();
    let plan = schedule(&vaulted, true);
    let server = Server::start_with(|it| (it.backup, it.scrub) = (Some(plan), Some(PLAN))).await;
    let [_, _, patient] = clinic(&server).await;
    first_backup(&vaulted).await;
    let reports = write_some(&patient, 2).await;
    server.state.blobs.delete(&keys(&server, &reports[0]).await[0]).await.unwrap();
    change(&server, &keys(&server, &reports[1]).await[0]).await;
    let taken = vaulted.take(&server).await;
    assert_eq!((taken.left_out, taken.size.blobs), (2, 2), "nobody knew of them");
    // The backup noted them: nothing of them is given out, and the server tells of them as of any.
    for id in &reports {
        assert_eq!(refusal(&patient, id).await, Some(ErrorCode::BlobDamaged));
    }
    let outcome = drill::once(&server.state).await.unwrap().expect("one was due");
    assert_eq!((outcome.error, outcome.objects), (None, 2), "it lacks what it says that it lacks");
    scrubbed(&server).await;
    scrubbed(&server).await;
    assert_eq!(events(&server, "what=blob_damaged blob=% health=%").await, 2);
    let again = vaulted.take(&server).await;
    assert_eq!((again.left_out, again.size.blobs), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_is_met_by_its_first_reader_and_comes_back_without_a_scrub() {
    let vaulted = Vaulted::new();
    let plan = schedule(&vaulted, true);
    let server = Server::start_with(|it| it.backup = Some(plan)).await;
    let [administrator, _, patient] = clinic(&server).await;
    first_backup(&vaulted).await;
    let id = write_some(&patient, 1).await.remove(0);
    vaulted.take(&server).await;
    change(&server, &keys(&server, &id).await[0]).await;
    assert!(read(&patient, &id).await.is_err(), "the answer broke off");
    assert_eq!(refusal(&patient, &id).await, Some(ErrorCode::BlobDamaged));
    let found = administrator.api().get_storage().await.unwrap();
    assert_eq!((found.damaged_count, found.damaged[0].health), (1, BlobHealth::Changed));
    assert!(found.every.is_none() && found.last.is_none());
    assert_eq!(events(&server, "what=blob_damaged blob=% health=changed").await, 1);
    // What was damaged is looked at again each minute, without a plan too.
    scrubbed(&server).await;
    assert_eq!(events(&server, "what=blob_restored blob=%").await, 1);
    assert_eq!(read(&patient, &id).await.unwrap().len(), FILE);
}

fn by_hand(server: &Server, from: Repository, identities: Identities) -> Mend {
    let config = &server.state.config;
    Mend {
        from,
        identities,
        data: config.data.clone(),
        database: config.database_url.clone(),
        blobs: config.blobs.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_comes_back_from_no_backup() {
    let vaulted = Vaulted::new();
    let server = Server::start_with(|config| config.scrub = Some(PLAN)).await;
    let [_, _, patient] = clinic(&server).await;
    let id = write_some(&patient, 1).await.remove(0);
    vaulted.take(&server).await;
    let key = keys(&server, &id).await.remove(0);
    change(&server, &key).await;
    scrubbed(&server).await;
    patient.confirm(crate::honest_client::PASSWORD, &client::NoSecondFactor).await.unwrap();
    patient.erase_report(&id).await.unwrap();
    upkeep::once(&server.state).await.unwrap();
    assert!(!s3::keys(&server.state.config).contains(&key));
    let order = by_hand(&server, vaulted.repository().await, vaulted.identities());
    assert_eq!(heal::run(&order).await.unwrap(), (0, 1), "its row is still among the damaged ones");
    assert!(!s3::keys(&server.state.config).contains(&key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_is_named_is_not_deleted_for_having_been_put_back() {
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    let id = write_some(&patient, 1).await.remove(0);
    // As one that was killed while it put a blob back leaves it.
    let tx = server.state.db.begin_write().await.unwrap();
    blob_garbage::add(tx.conn(), keys(&server, &id).await, 7).await.unwrap();
    tx.commit().await.unwrap();
    upkeep::once(&server.state).await.unwrap();
    assert_eq!(read(&patient, &id).await.unwrap().len(), FILE);
    assert!(blob_garbage::due(server.state.db.read(), i64::MAX, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_cannot_be_used_keeps_no_older_one_from_healing() {
    let [vaulted, other, stranger] = [Vaulted::new(), Vaulted::new(), Vaulted::new()];
    let server = Server::start_with(|config| config.scrub = Some(PLAN)).await;
    let [_, _, patient] = clinic(&server).await;
    let id = write_some(&patient, 1).await.remove(0);
    vaulted.take(&server).await;
    let recipient = other.order(&server, None).recipient;
    let sealed_to_other = backup::take(&Order { recipient, ..vaulted.order(&server, None) }).await.unwrap();
    let damaged = vaulted.take(&server).await;
    std::fs::write(vaulted.path().join(format!("snapshots/{}", damaged.id)), "nothing").unwrap();
    assert!(vaulted.snapshots().await.contains(&sealed_to_other.id));
    change(&server, &keys(&server, &id).await[0]).await;
    scrubbed(&server).await;
    let refused = heal::run(&by_hand(&server, vaulted.repository().await, stranger.identities())).await;
    assert!(matches!(refused, Err(BackupError::WrongIdentity)), "{refused:?}");
    let order = by_hand(&server, vaulted.repository().await, vaulted.identities());
    assert_eq!(heal::run(&order).await.unwrap(), (1, 1));
    scrubbed(&server).await;
    assert_eq!(read(&patient, &id).await.unwrap().len(), FILE);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_damaged_is_looked_at_however_much_it_is() {
    let server = Server::start().await;
    let [administrator, ..] = clinic(&server).await;
    let tx = server.state.db.begin_write().await.unwrap();
    for n in 0..210 {
        let blob =
            StoredBlob { key: format!("uploads/of-nobody/{n}-0"), len: 1, sha256: [0; 32], crc64: None, report: None };
        damaged_blobs::insert(tx.conn(), scrubbing::damaged(&blob, Health::Missing, 0)).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(administrator.api().get_storage().await.unwrap().damaged_count, 210);
    scrubbed(&server).await;
    assert_eq!(administrator.api().get_storage().await.unwrap().damaged_count, 0, "nobody names them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_cannot_be_read_keeps_nothing_else_from_being_looked_at() {
    let server = Server::start_with(|config| config.scrub = Some(PLAN)).await;
    let [administrator, _, patient] = clinic(&server).await;
    let mut reports = write_some(&patient, 2).await;
    reports.sort_by_key(|id| id.0);
    let tx = server.state.db.begin_write().await.unwrap();
    // The walk meets it first.
    versions_table::Entity::update_many()
        .col_expr(versions_table::Column::Manifest, Expr::value(vec![0_u8]))
        .filter(versions_table::Column::ReportId.eq(reports[0].0.to_vec()))
        .exec(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    change(&server, &keys(&server, &reports[1]).await[0]).await;
    scrubbed(&server).await;
    let found = administrator.api().get_storage().await.unwrap();
    assert_eq!((found.damaged_count, found.last.unwrap().damaged), (1, 2));
    assert_eq!(events(&server, "what=manifest_unreadable version=1 revision=0").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_keeps_none_from_beginning() {
    let server = Server::start_with(|config| config.scrub = Some(PLAN)).await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    let now = server.state.clock.now();
    // One ends by the clock that is ahead, and one is killed.
    server.state.clock.advance(DAY);
    scrubbed(&server).await;
    server.state.clock.advance(-DAY);
    let (began_at, place) = (now + DAY, Walk::Begun.to_string());
    let killed = ScrubRow {
        id: "killed".into(),
        began_at,
        leased_until: began_at,
        ended_at: None,
        place,
        blobs: 0,
        bytes: 0,
        damaged: 0,
        rows: 0,
        damaged_rows: 0,
    };
    let tx = server.state.db.begin_write().await.unwrap();
    scrubs::insert(tx.conn(), killed).await.unwrap();
    tx.commit().await.unwrap();
    scrubbed(&server).await;
    let conn = server.state.db.read();
    assert!(scrubs::open(conn).await.unwrap().is_none(), "somebody went on with it");
    scrubbed(&server).await;
    let newest = scrubs::newest(conn, now + HOUR).await.unwrap().expect("one by a clock that is right");
    assert!(newest.began_at >= now && newest.blobs > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_stopped_goes_on() {
    let server = Server::start_with(|config| config.scrub = Some(PLAN)).await;
    let [administrator, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    let stopped = CancellationToken::new();
    stopped.cancel();
    scrub::once(&server.state, &stopped).await.unwrap();
    let status = administrator.api().get_storage().await.unwrap();
    assert!(status.last.is_none() && status.next_at.is_none());
    let begun = status.running.unwrap();
    scrubbed(&server).await;
    let status = administrator.api().get_storage().await.unwrap();
    let ended = status.last.unwrap();
    assert_eq!((ended.began_at, ended.blobs), (begun.began_at, status.named));
    assert!(status.running.is_none());
}
