//! Uploads: digests, lengths, order, resuming, ending.

use api_types::{
    B64, ErrorCode,
    drafts::PutDraft,
    limits::FILE_MAX,
    uploads::{CreateUpload, Upload},
};
use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode, header},
};
use futures::{StreamExt, stream};
use server::{
    clock::{DAY, HOUR},
    scrub::{self, ScrubPlan},
    services::{clean_up, uploads},
    storage::{blob_garbage, blobs::BlobsConfig, damaged_blobs, uploads as rows},
};
use tokio_util::sync::CancellationToken;

use crate::{
    parts::checksum,
    sealing::{Made, digest, segment},
    world::{Person, World},
};

/// A draft's upload of three segments: two full ones and a rest.
pub struct Begun {
    pub made: Made,
    pub part: Vec<u8>,
    pub upload: Upload,
}

pub async fn begin(world: &World, doctor: &Person, patient: &Person) -> Begun {
    let made = Made::found(world.now(), doctor, patient);
    let draft = PutDraft { sealed: B64(vec![1]), counter: 0, begins: true };
    world.put(doctor, &format!("/drafts/{}", made.id), &draft).await.ok();
    let file: Vec<u8> = (0..17 * 1024 * 1024u32).map(|i| (i % 253) as u8).collect();
    let mut sealed = made.seal(world.now(), doctor, made.place(1, 0), &[file]);
    let part = sealed.parts.remove(1);
    let upload = world.post(doctor, "/uploads", &create(&made, part.len() as u64)).await.json();
    Begun { made, part, upload }
}

fn create(made: &Made, ciphertext_len: u64) -> CreateUpload {
    CreateUpload { report_id: made.id, version: 1, revision: 0, part: 1, ciphertext_len }
}

#[tokio::test]
async fn segments_come_in_any_order_and_are_resumed() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let Begun { part, upload, .. } = begin(&world, &doctor, &patient).await;
    let path = format!("/uploads/{}", upload.id);
    assert_eq!(upload.segments, 3);
    for n in [2, 0] {
        world.put_segment(&doctor, upload.id, n, segment(&part, n)).await.ok();
    }
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [0, 2]);
    world.put_segment(&doctor, upload.id, 2, segment(&part, 2)).await.ok();
    world.put_segment(&doctor, upload.id, 1, segment(&part, 1)).await.ok();
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [0, 1, 2]);
    assert_eq!(world.blobs(), 3);
}

#[tokio::test]
async fn what_does_not_match_leaves_nothing() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let Begun { part, upload, .. } = begin(&world, &doctor, &patient).await;
    let last = segment(&part, 2);
    let wrong = world.put_segment_as(&doctor, upload.id, 2, last, &digest(b"other")).await;
    assert_eq!(wrong.code(), ErrorCode::DigestMismatch);
    let short = world.put_segment(&doctor, upload.id, 2, &last[1..]).await;
    assert_eq!(short.code(), ErrorCode::Malformed);
    let long = world.put_segment(&doctor, upload.id, 2, &[last, b"x"].concat()).await;
    assert_eq!(long.code(), ErrorCode::TooLarge);
    let swapped = world.put_segment(&doctor, upload.id, 2, segment(&part, 1)).await;
    assert_eq!(swapped.code(), ErrorCode::TooLarge);
    let beyond = world.put_segment(&doctor, upload.id, 3, last).await;
    assert_eq!(beyond.code(), ErrorCode::InvalidField);
    let bare = world.put_segment_as(&doctor, upload.id, 2, last, "md5=:AAAA:").await;
    assert_eq!(bare.code(), ErrorCode::Malformed);
    let path = format!("/uploads/{}", upload.id);
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [0u32; 0]);
    assert_eq!(world.blobs(), 0);

    // Nor does it where what it names is there already.
    world.put_segment(&doctor, upload.id, 2, last).await.ok();
    let other: Vec<u8> = last.iter().map(|byte| byte ^ 1).collect();
    let wrong = world.put_segment_as(&doctor, upload.id, 2, &other, &digest(last)).await;
    assert_eq!(wrong.code(), ErrorCode::DigestMismatch);
    assert_eq!(
        world.put_segment_as(&doctor, upload.id, 2, &last[1..], &digest(last)).await.code(),
        ErrorCode::Malformed
    );
    world.put_segment(&doctor, upload.id, 2, last).await.ok();
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [2]);
    assert_eq!(world.blobs(), 1);
}

#[tokio::test]
async fn a_damaged_segment_is_asked_for_and_taken_once_more() {
    let world = World::with(|config| config.scrub = Some(ScrubPlan { every: 0, rate: u64::MAX })).await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let Begun { part, upload, .. } = begin(&world, &doctor, &patient).await;
    for n in 0..3 {
        world.put_segment(&doctor, upload.id, n, segment(&part, n)).await.ok();
    }
    let (db, path) = (&world.state.db, format!("/uploads/{}", upload.id));
    let stored = rows::segments(db.read(), upload.id).await.unwrap();
    world.state.blobs.store(&stored[1].blob_key, b"not what it was").await.unwrap();
    world.state.blobs.delete(&stored[2].blob_key).await.unwrap();
    scrub::once(&world.state, &CancellationToken::new()).await.unwrap();
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [0]);
    let whole = uploads::whole(db.read(), stored.clone()).await.unwrap();
    assert_eq!(whole, stored[..1], "no version is made of the others");
    for n in 0..3 {
        world.put_segment(&doctor, upload.id, n, segment(&part, n)).await.ok();
    }
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [0, 1, 2]);
    for (n, row) in rows::segments(db.read(), upload.id).await.unwrap().iter().enumerate() {
        assert_eq!(world.state.blobs.whole(&row.blob_key).await.unwrap(), segment(&part, n as u32));
    }
    world.state.clock.advance(HOUR);
    clean_up::once(&world.state).await.unwrap();
    scrub::once(&world.state, &CancellationToken::new()).await.unwrap();
    assert_eq!((damaged_blobs::count(db.read()).await.unwrap(), world.blobs()), (0, 3));
}

#[tokio::test]
async fn a_segment_sent_anew_replaces_the_old_one() {
    let world = World::with(|config| config.scrub = Some(ScrubPlan { every: 0, rate: u64::MAX })).await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let Begun { part, upload, .. } = begin(&world, &doctor, &patient).await;
    world.put_segment(&doctor, upload.id, 2, segment(&part, 2)).await.ok();
    let other: Vec<u8> = segment(&part, 2).iter().map(|b| b ^ 1).collect();
    world.put_segment(&doctor, upload.id, 2, &other).await.ok();
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.blobs(), 1);
    let row = rows::segment(world.state.db.read(), upload.id, 2).await.unwrap().unwrap();
    assert_eq!(row.crc64, checksum(&other));
    // Without one, as before there were any, it gets it from the scrub.
    let tx = world.state.db.begin_write().await.unwrap();
    rows::put_segment(tx.conn(), rows::Segment { crc64: None, ..row.clone() }).await.unwrap();
    tx.commit().await.unwrap();
    scrub::once(&world.state, &CancellationToken::new()).await.unwrap();
    assert_eq!(rows::segment(world.state.db.read(), upload.id, 2).await.unwrap(), Some(row));
}

#[tokio::test]
async fn abandoned_and_expired_uploads_are_cleaned_up() {
    abandoned_and_expired(&World::new().await).await;
}

pub async fn abandoned_and_expired(world: &World) {
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let first = begin(world, &doctor, &patient).await;
    world.put_segment(&doctor, first.upload.id, 2, segment(&first.part, 2)).await.ok();
    let second: Upload = world.post(&doctor, "/uploads", &create(&first.made, first.part.len() as u64)).await.json();
    world.put_segment(&doctor, second.id, 2, segment(&first.part, 2)).await.ok();
    assert_eq!(world.blobs(), 2);

    world.delete(&doctor, &format!("/uploads/{}", first.upload.id)).await.ok();
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.blobs(), 1);
    assert_eq!(world.get(&doctor, &format!("/uploads/{}", first.upload.id)).await.code(), ErrorCode::NotFound);

    world.state.clock.advance(8 * DAY);
    let path = format!("/uploads/{}", second.id);
    assert_eq!(world.get(&doctor, &path).await.code(), ErrorCode::Gone);
    let late = world.put_segment(&doctor, second.id, 1, segment(&first.part, 1)).await;
    assert_eq!(late.code(), ErrorCode::Gone);
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.get(&doctor, &path).await.code(), ErrorCode::NotFound);
    assert_eq!(world.blobs(), 0);
}

#[tokio::test]
async fn deleting_a_draft_forgets_its_uploads() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let begun = begin(&world, &doctor, &patient).await;
    world.put_segment(&doctor, begun.upload.id, 2, segment(&begun.part, 2)).await.ok();
    world.delete(&doctor, &format!("/drafts/{}", begun.made.id)).await.ok();
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.blobs(), 0);
    assert_eq!(world.get(&doctor, &format!("/uploads/{}", begun.upload.id)).await.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_blob_that_a_crash_left_is_found() {
    let world = World::new().await;
    let tx = world.state.db.begin_write().await.unwrap();
    let later = world.now() + 1000;
    blob_garbage::add(tx.conn(), vec!["uploads/x/0-y".into()], later).await.unwrap();
    tx.commit().await.unwrap();
    let mut writer = world.state.blobs.write("uploads/x/0-y");
    writer.write(b"left behind").await.unwrap();
    writer.finish().await.unwrap();
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.blobs(), 1, "it may still be on its way to a row");
    world.state.clock.advance(1000);
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.blobs(), 0);
}

#[tokio::test]
async fn a_blob_that_can_t_be_deleted_keeps_no_other_from_going() {
    let world = World::with(|config| config.blobs = BlobsConfig::Folder).await;
    let stuck = "uploads/stuck/0-x".to_owned();
    std::fs::create_dir_all(world.folder.path().join("blobs").join(&stuck).join("inside")).unwrap();
    let tx = world.state.db.begin_write().await.unwrap();
    blob_garbage::add(tx.conn(), vec![stuck.clone()], world.now() - 1000).await.unwrap();
    let others = (0..20).map(|n| format!("uploads/{n}/0-y")).collect();
    blob_garbage::add(tx.conn(), others, world.now()).await.unwrap();
    tx.commit().await.unwrap();
    clean_up::once(&world.state).await.unwrap();
    let left = blob_garbage::due(world.state.db.read(), i64::MAX, 100).await.unwrap();
    assert_eq!(left, [stuck], "it is tried again");
}

/// As what is put back from a backup while its owner erases it.
#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_is_written_again_while_it_is_deleted_is_deleted_again() {
    let world = World::new().await;
    let key = "uploads/x/0-y".to_owned();
    let (first, conn) = (world.now(), world.state.db.read());
    let tx = world.state.db.begin_write().await.unwrap();
    blob_garbage::add(tx.conn(), vec![key.clone()], first).await.unwrap();
    tx.commit().await.unwrap();
    let state = world.state.clone();
    let deleting = tokio::spawn(async move { clean_up::once(&state).await });
    // Whoever asks for the writer gets it in turn: this comes between the deletion's two transactions.
    let tx = loop {
        let tx = world.state.db.begin_write().await.unwrap();
        if blob_garbage::due(tx.conn(), first, 1).await.unwrap().is_empty() {
            break tx;
        }
    };
    blob_garbage::add(tx.conn(), vec![key.clone()], world.now()).await.unwrap();
    tx.commit().await.unwrap();
    deleting.await.unwrap().unwrap();
    assert_eq!(blob_garbage::due(conn, i64::MAX, 10).await.unwrap(), [key]);
}

/// As by a server that stood still for hours in the middle of it.
#[tokio::test]
async fn a_segment_whose_blob_was_given_up_meanwhile_is_not_kept_and_leaves_nothing() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let Begun { part, upload, .. } = begin(&world, &doctor, &patient).await;
    let whole = segment(&part, 2);
    let (first, rest) = whole.split_at(100);
    let (first, rest, state) = (Bytes::copy_from_slice(first), Bytes::copy_from_slice(rest), world.state.clone());
    let body = stream::iter([Ok::<_, std::io::Error>(first)]).chain(stream::once(async move {
        state.clock.advance(2 * HOUR);
        clean_up::once(&state).await.unwrap();
        Ok(rest)
    }));
    let request = Request::put(format!("/api/v1/uploads/{}/segments/2", upload.id))
        .header(header::AUTHORIZATION, format!("Bearer {}", doctor.token))
        .header("content-digest", digest(whole));
    let answer = world.begin(request.body(Body::from_stream(body)).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let path = format!("/uploads/{}", upload.id);
    assert!(world.get(&doctor, &path).await.json::<Upload>().received.is_empty());
    world.put_segment(&doctor, upload.id, 2, whole).await.ok();
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [2]);
    assert_eq!(world.blobs(), 1, "the first one is gone");
}

#[tokio::test]
async fn an_upload_has_limits_and_an_owner() {
    let world = World::new().await;
    let (doctor, patient, other) = (world.doctor().await, world.patient().await, world.doctor().await);
    let Begun { made, part, upload } = begin(&world, &doctor, &patient).await;
    let of = |len| create(&made, len);
    assert_eq!(world.post(&doctor, "/uploads", &of(10)).await.code(), ErrorCode::InvalidField);
    assert_eq!(world.post(&doctor, "/uploads", &of(FILE_MAX * 2)).await.code(), ErrorCode::TooLarge);
    let zero = CreateUpload { part: 0, ..of(72) };
    assert_eq!(world.post(&doctor, "/uploads", &zero).await.code(), ErrorCode::InvalidField);
    let second = CreateUpload { version: 2, ..of(72) };
    assert_eq!(world.post(&doctor, "/uploads", &second).await.code(), ErrorCode::InvalidField);
    assert_eq!(world.post(&other, "/uploads", &of(72)).await.code(), ErrorCode::NotFound);
    let stray = CreateUpload { report_id: api_types::ReportId([9; 32]), ..of(72) };
    assert_eq!(world.post(&doctor, "/uploads", &stray).await.code(), ErrorCode::NotFound);
    let path = format!("/uploads/{}", upload.id);
    assert_eq!(world.get(&other, &path).await.code(), ErrorCode::NotFound);
    assert_eq!(world.delete(&other, &path).await.code(), ErrorCode::NotFound);
    let foreign = world.put_segment(&other, upload.id, 2, segment(&part, 2)).await;
    assert_eq!(foreign.code(), ErrorCode::NotFound);
}
