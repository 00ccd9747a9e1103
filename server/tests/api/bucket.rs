//! The server over a bucket: it does what it does over a folder, and stands a store that is away or a kill.

use std::{
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use api_types::{ErrorCode, uploads::Upload};
use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode, header},
};
use futures::{StreamExt, TryStreamExt, future, stream};
use server::{
    clock::{HOUR, MINUTE},
    services::clean_up,
    storage::{
        blob_garbage,
        blobs::{Blobs, PIECE},
        uploads as rows,
    },
};
use tokio::sync::mpsc;

use crate::{
    binary::Program,
    cut::Cut,
    disks::Disk,
    parts, reports, s3,
    sealing::{digest, segment},
    uploads::{self, Begun},
    world::{Answer, World},
};

async fn on(endpoint: &str) -> World {
    World::with(|config| config.blobs = s3::prefix(endpoint, &config.data)).await
}

#[tokio::test]
async fn uploads_ranges_re_keying_and_clean_up_are_the_same_over_a_bucket() {
    let Some(endpoint) = s3::endpoint() else { return };
    parts::whole_and_by_range(&on(&endpoint).await).await;
    parts::changed_segments(&on(&endpoint).await).await;
    reports::re_keying(&on(&endpoint).await).await;
    uploads::abandoned_and_expired(&on(&endpoint).await).await;
}

async fn ready(world: &World) -> Answer {
    let response = world.begin(Request::get("/readyz").body(Body::empty()).unwrap()).await;
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: axum::body::to_bytes(body, usize::MAX).await.unwrap() }
}

fn assert_away(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::StorageUnavailable));
    let wait: u64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
}

// The way to the bucket is a task of this runtime, and counting blobs holds up a thread of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_is_said_loses_nothing_and_heals_by_itself() {
    let Some(endpoint) = s3::endpoint() else { return };
    let mut cut = Cut::to(&endpoint).await;
    let world = on(&cut.endpoint()).await;
    let (made, stored, patient) = parts::stored(&world).await;
    let doctor = world.doctor().await;
    let Begun { part, upload, .. } = uploads::begin(&world, &doctor, &patient).await;
    world.put_segment(&doctor, upload.id, 0, segment(&part, 0)).await.ok();
    let given_up = uploads::begin(&world, &doctor, &patient).await;
    world.put_segment(&doctor, given_up.upload.id, 2, segment(&given_up.part, 2)).await.ok();
    let blobs = world.blobs();
    ready(&world).await.ok();

    cut.close().await;
    assert_away(&world.put_segment(&doctor, upload.id, 1, segment(&part, 1)).await);
    assert_away(&parts::get(&world, &patient, &made, &[("range", "bytes=5-9")]).await);
    assert_away(&ready(&world).await);
    // What needs no blob goes on, and what is to be deleted waits.
    world.get(&patient, "/reports").await.ok();
    world.delete(&doctor, &format!("/uploads/{}", given_up.upload.id)).await.ok();
    clean_up::once(&world.state).await.unwrap();

    cut.reopen().await;
    ready(&world).await.ok();
    assert_eq!(world.blobs(), blobs, "nothing is gone, nothing half there");
    let whole = parts::get(&world, &patient, &made, &[]).await;
    assert!(whole.body == stored, "what was acknowledged is there");
    let path = format!("/uploads/{}", upload.id);
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [0]);
    for n in [1, 2] {
        world.put_segment(&doctor, upload.id, n, segment(&part, n)).await.ok();
    }
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [0, 1, 2]);
    world.state.clock.advance(10 * MINUTE);
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.blobs(), blobs + 2 - 1, "two came, and the one that was given up went");
}

// SeaweedFS' own volumes take note of room once a minute.
const ROOM: Duration = Duration::from_secs(150);

/// What a full SeaweedFS says is what it says of any failure of its own (500, `InternalError`), so that is what people are told:
/// the store is away. Stores that say more are told apart by what they say (`storage/blobs/error.rs`).
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_whose_disk_is_full_is_said_loses_nothing_and_heals_by_itself() {
    let Some(disk) = Disk::mount(160) else { return };
    let Some(store) = s3::in_folder(disk.path()) else { return };
    let world = on(&store.endpoint).await;
    let (made, stored, patient) = parts::stored(&world).await;
    let doctor = world.doctor().await;
    let Begun { part, upload, .. } = uploads::begin(&world, &doctor, &patient).await;
    world.put_segment(&doctor, upload.id, 0, segment(&part, 0)).await.ok();
    let blobs = world.blobs();

    let filler = disk.fill();
    assert_away(&world.put_segment(&doctor, upload.id, 1, segment(&part, 1)).await);
    assert!(parts::get(&world, &patient, &made, &[]).await.body == stored, "what is there can be read");
    let path = format!("/uploads/{}", upload.id);
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [0]);
    assert_eq!(world.blobs(), blobs, "nothing half there");

    std::fs::remove_file(filler).unwrap();
    let until = Instant::now() + ROOM;
    loop {
        let answer = world.put_segment(&doctor, upload.id, 1, segment(&part, 1)).await;
        if answer.status.is_success() {
            break;
        }
        assert_away(&answer);
        assert!(Instant::now() < until, "there is room again");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    world.put_segment(&doctor, upload.id, 2, segment(&part, 2)).await.ok();
    assert_eq!(world.get(&doctor, &path).await.json::<Upload>().received, [0, 1, 2]);
    assert_eq!(world.blobs(), blobs + 2);
    assert!(parts::get(&world, &patient, &made, &[]).await.body == stored, "what was acknowledged is there");
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_segment_leaves_nothing() {
    let Some(endpoint) = s3::endpoint() else { return };
    let world = Arc::new(on(&endpoint).await);
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let Begun { part, upload, .. } = uploads::begin(&world, &doctor, &patient).await;
    let (asked, mut heard) = mpsc::unbounded_channel();
    let most = Bytes::copy_from_slice(&segment(&part, 0)[..PIECE + 1000]);
    let some = stream::iter([Ok::<_, std::io::Error>(most)]);
    // More is asked for only once what came was taken.
    let body = some.chain(stream::once(async move {
        asked.send(()).unwrap();
        future::pending::<Result<Bytes, std::io::Error>>().await
    }));
    let request = Request::put(format!("/api/v1/uploads/{}/segments/0", upload.id))
        .header(header::AUTHORIZATION, format!("Bearer {}", doctor.token))
        .header("content-digest", digest(segment(&part, 0)));
    let under_way = world.spawn(request.body(Body::from_stream(body)).unwrap());
    heard.recv().await.unwrap();
    under_way.abort();
    let _ = under_way.await;
    assert_eq!(world.blobs(), 0);
    world.put_segment(&doctor, upload.id, 0, segment(&part, 0)).await.ok();
    world.state.clock.advance(2 * HOUR);
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.blobs(), 1);
    let due = blob_garbage::due(world.state.db.read(), i64::MAX, 10).await.unwrap();
    assert!(due.is_empty(), "{due:?}");
}

/// What a killed process leaves: a key that stands among those to delete, and an upload that nobody ends.
#[tokio::test]
async fn what_a_kill_left_half_written_is_never_seen_and_what_was_acknowledged_stays() {
    let Some(endpoint) = s3::endpoint() else { return };
    let world = on(&endpoint).await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let Begun { part, upload, .. } = uploads::begin(&world, &doctor, &patient).await;
    world.put_segment(&doctor, upload.id, 0, segment(&part, 0)).await.ok();
    let (half, whole) = (format!("uploads/{}/1-half", upload.id), format!("uploads/{}/1-whole", upload.id));
    let tx = world.state.db.begin_write().await.unwrap();
    blob_garbage::add(tx.conn(), vec![half.clone(), whole.clone()], world.now() + HOUR).await.unwrap();
    tx.commit().await.unwrap();
    let mut writer = world.state.blobs.write(&half);
    writer.write(&segment(&part, 1)[..PIECE + 1000]).await.unwrap();
    std::mem::forget(writer);
    let mut writer = world.state.blobs.write(&whole);
    writer.write(segment(&part, 1)).await.unwrap();
    writer.finish().await.unwrap();
    assert_eq!(world.blobs(), 2, "the half is under no name");
    world.state.clock.advance(2 * HOUR);
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.blobs(), 1);
    let row = rows::segment(world.state.db.read(), upload.id, 0).await.unwrap().unwrap();
    assert!(read(&world.state.blobs, &row.blob_key, row.len).await == segment(&part, 0));
}

async fn read(blobs: &Blobs, key: &str, len: i64) -> Vec<u8> {
    let stream = blobs.read(key, 0..len.unsigned_abs()).await.unwrap();
    stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_takes_a_bucket_knows_it_again_and_prints_no_secret() {
    let Some(endpoint) = s3::endpoint() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    std::fs::write(&file, "[default]\naws_access_key_id = test-access\naws_secret_access_key = marked-s3-secret\n")
        .unwrap();
    let blobs = format!("s3://tests/{}", hex::encode(server::random::bytes::<8>().unwrap()));
    let file = file.display().to_string();
    let args = ["--blobs", &blobs, "--blobs-endpoint", &endpoint, "--blobs-credentials-file", &file];
    let data = folder.path().join("data");
    // Dropping it kills it.
    drop(Program::start(&data, &args));
    let program = Program::start(&data, &args);
    let answer = reqwest::get(format!("{}/readyz", program.origin)).await.unwrap();
    assert_eq!(answer.status(), 200);
    let log = program.terminate();
    let refused = refused(&folder.path().join("another"), &args);
    assert!(refused.contains("belongs to another installation") && refused.contains(&blobs), "{refused}");
    for said in [log, refused] {
        assert!(!said.contains("marked") && !said.contains("test-access"), "{said}");
    }
}

/// Why it does not start.
fn refused(data: &Path, args: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
    program.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(args);
    let output = program.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}
