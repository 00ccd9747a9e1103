//! Ciphertext in an object store: written in pieces, durable when `finish` returns, read by range.
//!
//! A key is `uploads/<upload id>/<segment>-<random>`; the store never sees what a blob belongs to by another name.

use std::{fs::File, ops::Range, os::unix::fs::FileExt, path::Path as FsPath, sync::Arc};

use bytes::Bytes;
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use object_store::{
    GetOptions, GetResultPayload, ObjectStore, ObjectStoreExt, Result, WriteMultipart, local::LocalFileSystem,
    path::Path,
};
use sha2::{Digest, Sha256};

/// Bytes that one writer holds at most before they go to the store; S3's smallest part is 5 MiB.
const PIECE: usize = 5 * 1024 * 1024;
/// Bytes that are read from a file at a time.
const READ: usize = 256 * 1024;

/// The blob store.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// A local folder, made where it is missing; every write is synced to disk, directory entries included.
    pub fn local(folder: &FsPath) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(broken)?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self::new(Arc::new(store)))
    }

    /// Any store.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Begins a blob. Nothing is visible under the key before [`BlobWriter::finish`].
    pub async fn write(&self, key: &str) -> Result<BlobWriter> {
        let upload = self.store.put_multipart(&Path::from(key)).await?;
        Ok(BlobWriter { inner: WriteMultipart::new_with_chunk_size(upload, PIECE), hasher: Sha256::new(), len: 0 })
    }

    /// A range of a blob, in small pieces.
    pub async fn read(&self, key: &str, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        let options = GetOptions::new().with_range(Some(range));
        let found = self.store.get_opts(&Path::from(key), options).await?;
        match found.payload {
            GetResultPayload::File(file, _) => Ok(read_file(file, found.range).boxed()),
            GetResultPayload::Stream(stream) => Ok(stream),
        }
    }

    /// Deletes a blob; one that isn't there counts as deleted.
    pub async fn delete(&self, key: &str) -> Result<()> {
        match self.store.delete(&Path::from(key)).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A range of a file, read ahead on the blocking pool. object_store's own stream takes 8 KiB at a time, a thread's turn
/// for each.
fn read_file(file: File, range: Range<u64>) -> impl Stream<Item = Result<Bytes>> {
    let file = Arc::new(file);
    let starts = (range.start..range.end).step_by(READ);
    let pieces = stream::iter(starts.map(move |start| (start, (start + READ as u64).min(range.end))));
    let read = move |(start, end): (u64, u64)| {
        let file = Arc::clone(&file);
        async move {
            let read = tokio::task::spawn_blocking(move || read_at(&file, start, (end - start) as usize)).await;
            read.map_err(std::io::Error::other).and_then(|read| read).map_err(broken)
        }
    };
    pieces.map(read).buffered(2)
}

fn read_at(file: &File, start: u64, len: usize) -> std::io::Result<Bytes> {
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, start)?;
    Ok(Bytes::from(bytes))
}

fn broken(source: std::io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(source) }
}

/// A blob being written: hashed and counted on the way.
#[derive(Debug)]
pub struct BlobWriter {
    inner: WriteMultipart,
    hasher: Sha256,
    len: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Bytes.
    pub len: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

impl BlobWriter {
    /// Takes more bytes; waits while the store is behind.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        self.inner.wait_for_capacity(1).await?;
        self.inner.write(bytes);
        Ok(())
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What came so far, while the blob can still be given up.
    pub fn written(&self) -> Written {
        Written { len: self.len, sha256: self.hasher.clone().finalize().into() }
    }

    /// Makes the blob durable and visible.
    pub async fn finish(self) -> Result<Written> {
        let written = self.written();
        self.inner.finish().await?;
        Ok(written)
    }

    /// Gives it up; nothing stays behind.
    pub async fn abort(self) -> Result<()> {
        self.inner.abort().await
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    async fn read(blobs: &Blobs, key: &str, range: Range<u64>) -> Vec<u8> {
        let pieces: Vec<Bytes> = blobs.read(key, range).await.unwrap().try_collect().await.unwrap();
        pieces.concat()
    }

    #[tokio::test]
    async fn a_blob_is_read_back_by_range() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::local(&folder.path().join("blobs")).unwrap();
        let content: Vec<u8> = (0..PIECE * 2 + 17).map(|i| (i % 251) as u8).collect();
        let mut writer = blobs.write("uploads/a/0-b").await.unwrap();
        for piece in content.chunks(65_537) {
            writer.write(piece).await.unwrap();
        }
        let written = writer.finish().await.unwrap();
        assert_eq!(written.len, content.len() as u64);
        assert_eq!(written.sha256, <[u8; 32]>::from(Sha256::digest(&content)));
        assert_eq!(read(&blobs, "uploads/a/0-b", 0..content.len() as u64).await, content);
        let range = PIECE - 3..PIECE + 5;
        assert_eq!(read(&blobs, "uploads/a/0-b", range.start as u64..range.end as u64).await, content[range]);
    }

    #[tokio::test]
    async fn what_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::local(folder.path()).unwrap();
        let mut writer = blobs.write("uploads/a/0-b").await.unwrap();
        writer.write(&vec![7; PIECE + 1]).await.unwrap();
        writer.abort().await.unwrap();
        assert!(blobs.read("uploads/a/0-b", 0..1).await.is_err());
        let left = walk(folder.path());
        assert!(left.is_empty(), "{left:?}");
    }

    #[tokio::test]
    async fn deleting_twice_is_harmless() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::local(folder.path()).unwrap();
        let mut writer = blobs.write("uploads/a/0-b").await.unwrap();
        writer.write(b"x").await.unwrap();
        writer.finish().await.unwrap();
        blobs.delete("uploads/a/0-b").await.unwrap();
        blobs.delete("uploads/a/0-b").await.unwrap();
        assert!(walk(folder.path()).is_empty());
    }

    fn walk(folder: &FsPath) -> Vec<std::path::PathBuf> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() { files.extend(walk(&entry.path())) } else { files.push(entry.path()) }
        }
        files
    }
}
