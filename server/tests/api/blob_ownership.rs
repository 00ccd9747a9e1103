//! Whose a blob store is: a server takes an empty one, knows its own again, and refuses every other one by name.

use std::path::Path;

use futures::TryStreamExt;
use server::{
    state::StartError,
    storage::blobs::{BlobError, Blobs, BlobsConfig, BlobsError, MARKER},
};

use crate::{s3, world::World};

const OURS: [u8; 16] = [1; 16];
const THEIRS: [u8; 16] = [2; 16];

async fn put(blobs: &Blobs, key: &str, text: &str) {
    let mut writer = blobs.write(key);
    writer.write(text.as_bytes()).await.unwrap();
    writer.finish().await.unwrap();
}

/// An empty store each time: a folder of its own, and where there is S3 a prefix of its own.
async fn stores() -> Vec<(tempfile::TempDir, Blobs)> {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::new(folder.path(), &BlobsConfig::Folder).unwrap();
    let mut stores = vec![(folder, blobs)];
    if let Some(endpoint) = s3::endpoint() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path(), &s3::prefix(&endpoint, folder.path())).unwrap();
        stores.push((folder, blobs));
    }
    stores
}

#[tokio::test]
async fn an_empty_store_is_taken_and_known_again() {
    for (_folder, blobs) in stores().await {
        assert!(matches!(blobs.ready().await, Err(BlobError::Unavailable(_))), "it is nobody's yet");
        blobs.claim(&OURS, None).await.unwrap();
        blobs.ready().await.unwrap();
        blobs.claim(&OURS, None).await.unwrap();
        blobs.claim(&OURS, Some("uploads/a/0-lost")).await.unwrap();
        let keys: Vec<String> = blobs.keys().try_collect().await.unwrap();
        assert_eq!(keys, [MARKER], "what was tried is gone");
    }
}

#[tokio::test]
async fn a_store_of_others_is_refused_and_left_as_it_is() {
    for (_folder, blobs) in stores().await {
        blobs.claim(&THEIRS, None).await.unwrap();
        let refused = blobs.claim(&OURS, None).await;
        assert!(matches!(refused, Err(BlobsError::Foreign(_))), "{refused:?}");
        blobs.claim(&THEIRS, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_without_the_blobs_that_the_database_names_is_refused() {
    for (_folder, blobs) in stores().await {
        let refused = blobs.claim(&OURS, Some("uploads/a/0-b")).await.unwrap_err();
        assert!(matches!(refused, BlobsError::Elsewhere { .. }), "{refused:?}");
        assert!(refused.to_string().contains(MARKER) && refused.to_string().contains(&hex::encode(OURS)), "{refused}");
        let keys: Vec<String> = blobs.keys().try_collect().await.unwrap();
        assert!(keys.is_empty(), "{keys:?}");
        // As the words of the refusal say.
        put(&blobs, MARKER, &format!("{}\n", hex::encode(OURS))).await;
        blobs.claim(&OURS, Some("uploads/a/0-b")).await.unwrap();
    }
}

/// A folder from before there was a marker, or blobs that were copied without it.
#[tokio::test]
async fn a_store_with_the_blobs_that_the_database_names_is_taken() {
    for (_folder, blobs) in stores().await {
        put(&blobs, "uploads/a/0-b", "ours").await;
        blobs.claim(&OURS, Some("uploads/a/0-b")).await.unwrap();
        blobs.ready().await.unwrap();
    }
}

#[tokio::test]
async fn a_bucket_with_other_things_is_refused() {
    let mut stores = stores().await;
    let Some((_folder, bucket)) = stores.drain(1..).next() else { return };
    put(&bucket, "holiday/picture.jpg", "theirs").await;
    let refused = bucket.claim(&OURS, None).await;
    assert!(matches!(refused, Err(BlobsError::NotEmpty(_))), "{refused:?}");
}

#[tokio::test]
async fn what_the_key_may_not_do_is_said_at_the_start() {
    let Some(endpoint) = s3::endpoint() else { return };
    let claim = async |blobs: &str, access: (&'static str, &'static str)| {
        let blobs = Blobs::new(Path::new("."), &s3::bucket(&endpoint, blobs, access)).unwrap();
        blobs.claim(&OURS, None).await.unwrap_err().to_string()
    };
    let denied = claim("s3://tests/denied", s3::LIMITED).await;
    assert!(
        denied.contains("s3://tests/denied at http://127.0.0.1") && denied.contains("403 AccessDenied"),
        "{denied}"
    );
    let wrong = claim("s3://tests/wrong", (s3::ACCESS.0, "marked-wrong")).await;
    assert!(wrong.contains("reading failed") && wrong.contains("403 SignatureDoesNotMatch"), "{wrong}");
    let missing = claim("s3://no-such-bucket/a", s3::ACCESS).await;
    assert!(missing.contains("404 NoSuchBucket"), "{missing}");
    let away = Blobs::new(Path::new("."), &s3::bucket("http://127.0.0.1:9", "s3://tests/a", s3::ACCESS)).unwrap();
    let away = away.claim(&OURS, None).await.unwrap_err().to_string();
    assert!(away.contains("can't be reached"), "{away}");
    for said in [denied, wrong, missing, away] {
        assert!(!said.contains("marked") && !said.contains("-access"), "{said}");
    }
}

/// The whole server: its database names a blob in the folder, and somebody starts it on a bucket.
#[tokio::test]
async fn a_server_does_not_start_on_another_store() {
    let Some(endpoint) = s3::endpoint() else { return };
    let world = World::with(|config| config.blobs = BlobsConfig::Folder).await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    world.report(&doctor, &patient, &[vec![7; 1000]]).await;
    let elsewhere = s3::prefix(&endpoint, world.folder.path());
    let refused = World::open(&world.folder, |config| config.blobs = elsewhere).await.map(|_| ());
    assert!(matches!(refused, Err(StartError::Blobs(BlobsError::Elsewhere { .. }))), "{refused:?}");
}
