//! What a blob store does, the same for a folder and for a bucket.

use std::ops::Range;

use bytes::Bytes;
use futures::{TryStreamExt, future::join_all};
use server::{
    random,
    storage::blobs::{BlobError, Blobs, BlobsConfig, Crc64, FILE_PIECE, MARKER, PIECE, Written},
};
use sha2::{Digest, Sha256};

use crate::{
    cut::{Cut, Way},
    s3,
};

fn new_key() -> String {
    let [upload, segment] = [(); 2].map(|()| hex::encode(random::bytes::<8>().unwrap()));
    format!("uploads/{upload}/0-{segment}")
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

async fn read(blobs: &Blobs, key: &str, range: Range<usize>) -> Result<Vec<u8>, BlobError> {
    let pieces: Vec<Bytes> = blobs.read(key, range.start as u64..range.end as u64).await?.try_collect().await?;
    Ok(pieces.concat())
}

async fn write(blobs: &Blobs, key: &str, content: &[u8]) -> Result<Written, BlobError> {
    let mut writer = blobs.write(key);
    for some in content.chunks(65_537) {
        writer.write(some).await?;
    }
    writer.finish().await
}

async fn keys(blobs: &Blobs) -> Vec<String> {
    blobs.keys().try_collect().await.unwrap()
}

/// Everything that a server relies on.
async fn conforms(blobs: &Blobs) {
    sizes_around_the_pieces(blobs).await;
    writes_of_any_size(blobs).await;
    ranges(blobs).await;
    what_is_given_up_is_not_there(blobs).await;
    nothing_is_visible_before_the_end(blobs).await;
    deleting_twice(blobs).await;
    many_at_once(blobs).await;
    assert_eq!(keys(blobs).await, Vec::<String>::new());
}

async fn sizes_around_the_pieces(blobs: &Blobs) {
    let around = |n| [n - 1, n, n + 1];
    let lens = [around(1), around(FILE_PIECE), around(2 * FILE_PIECE), around(PIECE), around(2 * PIECE)];
    for len in lens.concat().into_iter().chain([2 * PIECE + 17]) {
        let (key, content) = (new_key(), content(len));
        let written = write(blobs, &key, &content).await.unwrap();
        let mut crc64 = Crc64::default();
        crc64.update(&content);
        let (sha256, crc64) = (Sha256::digest(&content).into(), crc64.value());
        assert_eq!(written, Written { len: len as u64, sha256, crc64 }, "{len}");
        assert!(read(blobs, &key, 0..len).await.unwrap() == content, "{len}");
        assert_eq!(read(blobs, &key, 0..len + 1).await, Err(BlobError::Short), "{len}");
        assert!(keys(blobs).await.contains(&key), "{len}");
        blobs.delete(&key).await.unwrap();
    }
}

async fn writes_of_any_size(blobs: &Blobs) {
    for (len, at_once) in [(PIECE + 3, 613), (3 * PIECE + 1, usize::MAX), (2 * PIECE, PIECE), (PIECE, FILE_PIECE)] {
        let (key, content) = (new_key(), content(len));
        let mut writer = blobs.write(&key);
        for some in content.chunks(at_once) {
            writer.write(some).await.unwrap();
            writer.write(&[]).await.unwrap();
        }
        assert_eq!((writer.len(), writer.is_empty()), (len as u64, false));
        writer.finish().await.unwrap();
        assert!(read(blobs, &key, 0..len).await.unwrap() == content, "{at_once}");
        blobs.delete(&key).await.unwrap();
    }
}

async fn ranges(blobs: &Blobs) {
    let len = 2 * PIECE + 17;
    let (key, content) = (new_key(), content(len));
    write(blobs, &key, &content).await.unwrap();
    for border in [256 * 1024, 1024 * 1024, PIECE, 2 * PIECE] {
        for range in [border - 1..border, border..border + 1, border - 3..border + 5, 1..border + 1] {
            assert!(read(blobs, &key, range.clone()).await.unwrap() == content[range.clone()], "{range:?}");
        }
    }
    for range in [0..1, len - 1..len, 0..0, len..len, 5..5] {
        assert_eq!(read(blobs, &key, range.clone()).await.unwrap(), content[range.clone()], "{range:?}");
    }
    for range in [len - 1..len + 1, len..len + 1, len + 5..len + 6, 0..len + 1] {
        assert_eq!(read(blobs, &key, range.clone()).await, Err(BlobError::Short), "{range:?}");
    }
    assert_eq!(read(blobs, &new_key(), 0..1).await, Err(BlobError::NotFound));
    assert_eq!(read(blobs, "uploads", 0..1).await, Err(BlobError::NotFound), "a folder is no blob");
    blobs.delete(&key).await.unwrap();
}

async fn what_is_given_up_is_not_there(blobs: &Blobs) {
    for len in [0, 1, FILE_PIECE, FILE_PIECE + 1, PIECE, PIECE + 1, 3 * PIECE] {
        for said in [true, false] {
            let key = new_key();
            let mut writer = blobs.write(&key);
            writer.write(&content(len)).await.unwrap();
            if said {
                writer.abort().await.unwrap()
            } else {
                drop(writer)
            }
            assert_eq!(read(blobs, &key, 0..1).await, Err(BlobError::NotFound), "{len}");
            assert!(!keys(blobs).await.contains(&key), "{len}");
        }
    }
}

async fn nothing_is_visible_before_the_end(blobs: &Blobs) {
    for len in [1, FILE_PIECE + 1, PIECE + 1, 2 * PIECE] {
        let key = new_key();
        let mut writer = blobs.write(&key);
        writer.write(&content(len)).await.unwrap();
        assert_eq!(read(blobs, &key, 0..1).await, Err(BlobError::NotFound), "{len}");
        assert!(!keys(blobs).await.contains(&key), "{len}");
        writer.finish().await.unwrap();
        assert_eq!(read(blobs, &key, 0..1).await.unwrap(), [0], "{len}");
        blobs.delete(&key).await.unwrap();
    }
}

async fn deleting_twice(blobs: &Blobs) {
    let key = new_key();
    blobs.delete(&key).await.unwrap();
    write(blobs, &key, b"x").await.unwrap();
    blobs.delete(&key).await.unwrap();
    blobs.delete(&key).await.unwrap();
    assert_eq!(read(blobs, &key, 0..1).await, Err(BlobError::NotFound));
}

/// Beside one another, in one upload and in several, while others go.
async fn many_at_once(blobs: &Blobs) {
    let upload = new_key();
    let some = |n: usize| {
        let (key, gone) = (format!("{upload}{n}"), new_key());
        async move {
            write(blobs, &gone, b"gone").await.unwrap();
            let content = vec![n as u8; PIECE + n];
            let (written, deleted) = tokio::join!(write(blobs, &key, &content), blobs.delete(&gone));
            assert_eq!((written.unwrap().len, deleted), (content.len() as u64, Ok(())));
            assert!(read(blobs, &key, 0..content.len()).await.unwrap() == content, "{n}");
            key
        }
    };
    let keys = join_all((0..8).map(some)).await;
    for key in keys {
        blobs.delete(&key).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::new(folder.path(), &BlobsConfig::Folder).unwrap();
    conforms(&blobs).await;
    let left = walk(folder.path());
    assert!(left.is_empty(), "not even a part: {left:?}");
}

/// A file under no key: it goes with the key that it was to have.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_left_half_written_in_a_folder_goes_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::new(folder.path(), &BlobsConfig::Folder).unwrap();
    let upload = new_key();
    let (kept, half) = (format!("{upload}1"), format!("{upload}2"));
    write(&blobs, &kept, b"kept").await.unwrap();
    let mut writer = blobs.write(&half);
    writer.write(&content(PIECE + 1)).await.unwrap();
    // As a kill does: nobody ends it.
    std::mem::forget(writer);
    assert_eq!((walk(folder.path()).len(), keys(&blobs).await), (2, vec![kept.clone()]));
    blobs.delete(&half).await.unwrap();
    assert_eq!(walk(folder.path()).len(), 1);
    assert_eq!(read(&blobs, &kept, 0..4).await.unwrap(), b"kept");
    blobs.delete(&kept).await.unwrap();
    assert!(walk(folder.path()).is_empty());
}

/// All files of a folder.
pub fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { files.extend(walk(&entry.path())) } else { files.push(entry.path()) }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_a_store() {
    let Some(endpoint) = s3::endpoint() else { return };
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::new(folder.path(), &s3::prefix(&endpoint, folder.path())).unwrap();
    conforms(&blobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_away_is_an_error_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::new(folder.path(), &BlobsConfig::Folder).unwrap();
    let key = new_key();
    write(&blobs, &key, b"kept").await.unwrap();
    let (place, away) = (folder.path().join("blobs"), folder.path().join("away"));
    std::fs::rename(&place, &away).unwrap();
    std::fs::write(&place, "no folder").unwrap();
    for refused in [write(&blobs, &new_key(), b"x").await.map(|_| ()), read(&blobs, &key, 0..1).await.map(|_| ())] {
        assert!(matches!(refused, Err(BlobError::Unavailable(_))), "{refused:?}");
    }
    std::fs::remove_file(&place).unwrap();
    std::fs::rename(&away, &place).unwrap();
    assert_eq!(read(&blobs, &key, 0..4).await.unwrap(), b"kept");
    write(&blobs, &new_key(), b"x").await.unwrap();
}

/// A bucket at the end of a way that can be cut.
async fn behind_a_cut(endpoint: &str) -> (Cut, Blobs, tempfile::TempDir) {
    let (cut, folder) = (Cut::to(endpoint).await, tempfile::tempdir().unwrap());
    let blobs = Blobs::new(folder.path(), &s3::prefix(&cut.endpoint(), folder.path())).unwrap();
    (cut, blobs, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_is_an_error_and_comes_back() {
    let Some(endpoint) = s3::endpoint() else { return };
    let (mut cut, blobs, _folder) = behind_a_cut(&endpoint).await;
    let (key, content) = (new_key(), content(2 * PIECE));
    write(&blobs, &key, &content).await.unwrap();
    cut.close().await;
    let lost = new_key();
    let refused = [
        write(&blobs, &lost, b"x").await.map(|_| ()),
        write(&blobs, &lost, &content).await.map(|_| ()),
        read(&blobs, &key, 0..1).await.map(|_| ()),
        blobs.delete(&key).await,
        blobs.ready().await,
    ];
    for refused in refused {
        let Err(BlobError::Unavailable(cause)) = refused else { panic!("{refused:?}") };
        let said = [
            "the store can't be reached: ",
            "the connection to the store broke off",
            "the store did not answer in time",
        ];
        assert!(said.iter().any(|said| cause.starts_with(said)), "{cause}");
        assert!(!cause.contains("uploads") && !cause.contains("marked"), "{cause}");
    }
    cut.reopen().await;
    assert!(read(&blobs, &key, 0..content.len()).await.unwrap() == content);
    assert_eq!(keys(&blobs).await, [key]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_breaks_off_in_the_middle_is_asked_again_or_an_error() {
    let Some(endpoint) = s3::endpoint() else { return };
    let (mut cut, blobs, _folder) = behind_a_cut(&endpoint).await;
    let (key, content) = (new_key(), content(2 * PIECE));
    write(&blobs, &key, &content).await.unwrap();
    // Less than is asked for at a time, and more than half of it: the rest comes by another connection.
    cut.set(Way::CutDown(700_000));
    assert!(read(&blobs, &key, 0..content.len()).await.unwrap() == content);
    cut.set(Way::CutDown(2000));
    let broken = read(&blobs, &key, 0..content.len()).await;
    assert!(matches!(broken, Err(BlobError::Unavailable(_))), "{:?}", broken.map(|read| read.len()));
    cut.set(Way::CutUp(PIECE as u64 / 2));
    let lost = new_key();
    for content in [&content[..], &content[..PIECE]] {
        let broken = write(&blobs, &lost, content).await;
        assert!(matches!(broken, Err(BlobError::Unavailable(_))), "{broken:?}");
    }
    cut.reopen().await;
    assert_eq!(read(&blobs, &lost, 0..1).await, Err(BlobError::NotFound));
    assert_eq!(keys(&blobs).await, [key]);
}

/// As a kill leaves it too: an upload that has begun in the bucket, and a note of it that nobody holds.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_left_in_a_bucket_is_known_by_its_note_and_ended() {
    let Some(endpoint) = s3::endpoint() else { return };
    let (mut cut, blobs, folder) = behind_a_cut(&endpoint).await;
    // It can begin, and its parts never come through.
    cut.set(Way::CutUp(PIECE as u64 / 2));
    let (store, key, content) = (blobs.clone(), new_key(), content(2 * PIECE));
    let writing = tokio::spawn(async move { write(&store, &key, &content).await });
    let notes = folder.path().join("bucket-uploads");
    let noted = || std::fs::read_dir(&notes).is_ok_and(|found| found.count() == 1);
    while !noted() && !writing.is_finished() {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!(blobs.abort_left().await, Ok(0), "it is under way");
    // Nor can it be ended.
    cut.close().await;
    let broken = writing.await.unwrap();
    assert!(matches!(broken, Err(BlobError::Unavailable(_))), "{broken:?}");
    assert!(noted());

    cut.reopen().await;
    assert_eq!(blobs.abort_left().await, Ok(1));
    assert!(!noted());
    assert_eq!(blobs.abort_left().await, Ok(0));
    assert_eq!(keys(&blobs).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_silent_keeps_nobody_waiting_who_asks_whether_it_is_ready() {
    let Some(endpoint) = s3::endpoint() else { return };
    let (cut, blobs, _folder) = behind_a_cut(&endpoint).await;
    blobs.claim(&[7; 16], None).await.unwrap();
    blobs.ready().await.unwrap();
    cut.set(Way::Silent);
    let begun = std::time::Instant::now();
    let silent = blobs.ready().await;
    assert_eq!(silent, Err(BlobError::Unavailable("the store did not answer in time".into())));
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    cut.set(Way::Open);
    blobs.ready().await.unwrap();
    assert_eq!(keys(&blobs).await, [MARKER]);
}
