//! A blob on its way into a bucket: first into a nameless file in the data folder, then, once all of it is there and is right,
//! to the store. So a slow sender costs no memory, and no connection to the store, while it sends; and only so many blobs at a
//! time are held in memory, whoever sends.

use std::{
    fs::File,
    io::{self, Write},
    mem,
    path::Path as FsPath,
    sync::Arc,
};

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, PutResult, WriteMultipart, path::Path};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{BlobError, BlobResult, PIECE, pieces::Pieces};

/// Bytes that go to the file at a time.
const BUFFER: usize = 256 * 1024;
/// Most blobs that go from their file to the store at the same time; each has a piece in memory.
const AT_ONCE: usize = 4;
/// Pieces whose memory is kept: one that the store has may be held a moment longer.
const KEPT: usize = 2 * AT_ONCE;

/// What the writers into one bucket share.
#[derive(Clone)]
pub(super) struct Spool {
    folder: Arc<FsPath>,
    room: Arc<Semaphore>,
    pieces: Pieces,
}

impl Spool {
    /// Files lie in this folder, nameless.
    pub(super) fn new(folder: &FsPath) -> Self {
        let (room, pieces) = (Arc::new(Semaphore::new(AT_ONCE)), Pieces::new(PIECE, KEPT));
        Self { folder: folder.into(), room, pieces }
    }
}

/// Bytes that wait for their end.
pub(super) struct Spooled {
    store: Arc<dyn ObjectStore>,
    path: Path,
    spool: Spool,
    /// What isn't in the file yet.
    buffer: Vec<u8>,
    file: Option<Arc<File>>,
    /// Bytes in the file.
    len: u64,
}

impl Spooled {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, spool: Spool) -> Self {
        Self { store, path, spool, buffer: Vec::new(), file: None, len: 0 }
    }

    pub(super) async fn take(&mut self, bytes: &[u8]) -> BlobResult<()> {
        for some in bytes.chunks(BUFFER) {
            self.buffer.extend_from_slice(some);
            if self.buffer.len() >= BUFFER {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> BlobResult<()> {
        let (bytes, file, folder) = (mem::take(&mut self.buffer), self.file.clone(), Arc::clone(&self.spool.folder));
        self.len += bytes.len() as u64;
        let write = move || {
            let file = match file {
                Some(file) => file,
                None => Arc::new(tempfile::tempfile_in(folder)?),
            };
            (&*file).write_all(&bytes)?;
            io::Result::Ok(file)
        };
        let written = spawn_blocking(write).await.map_err(io::Error::other);
        self.file = Some(written.and_then(|written| written)?);
        Ok(())
    }

    /// In a task of its own: a sender who leaves now must not leave a half behind that the store keeps under no name.
    pub(super) async fn finish(self) -> BlobResult<()> {
        tokio::spawn(self.store()).await.map_err(io::Error::other)?
    }

    async fn store(mut self) -> BlobResult<()> {
        if self.file.is_none() {
            // Small enough to have stayed in memory.
            let payload = PutPayload::from(mem::take(&mut self.buffer));
            let (len, answer) = (payload.content_length() as u64, self.store.put(&self.path, payload).await);
            return self.stored(len, answer).await;
        }
        self.flush().await?;
        let Some(file) = self.file.take() else { return Ok(()) };
        let closed = || BlobError::Unavailable("the server ends".to_owned());
        let _room = self.spool.room.acquire().await.map_err(|_| closed())?;
        let stored = if self.len <= PIECE as u64 {
            let payload = PutPayload::from(self.piece(&file, 0).await?);
            self.store.put(&self.path, payload).await
        } else {
            self.in_pieces(&file).await?
        };
        self.stored(self.len, stored).await
    }

    async fn in_pieces(&self, file: &Arc<File>) -> BlobResult<object_store::Result<PutResult>> {
        let upload = self.store.put_multipart(&self.path).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PIECE);
        match self.send(file, &mut parts).await {
            Ok(()) => Ok(parts.finish().await),
            Err(error) => {
                if let Err(left) = parts.abort().await.map_err(BlobError::from) {
                    tracing::warn!(error = %left, "the parts of a blob that broke off stay in the blob store, under no name");
                }
                Err(error)
            }
        }
    }

    async fn send(&self, file: &Arc<File>, parts: &mut WriteMultipart) -> BlobResult<()> {
        for start in (0..self.len).step_by(PIECE) {
            // One after the other: only one is in memory.
            parts.wait_for_capacity(1).await?;
            parts.put(self.piece(file, start).await?);
        }
        Ok(())
    }

    async fn piece(&self, file: &Arc<File>, start: u64) -> BlobResult<Bytes> {
        let (file, pieces) = (Arc::clone(file), self.spool.pieces.clone());
        let len = (self.len - start).min(PIECE as u64) as usize;
        let read = spawn_blocking(move || pieces.read(&file, start, len)).await.map_err(io::Error::other);
        read.and_then(|read| read).map_err(BlobError::from)
    }

    async fn stored(&self, len: u64, answer: object_store::Result<PutResult>) -> BlobResult<()> {
        match answer.map_err(BlobError::from) {
            // Where an answer was lost, the same request again finds an upload that has ended.
            Err(BlobError::NotFound) => is_stored(&*self.store, &self.path, len).await,
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }
}

/// Whether a blob is there whole, under a key that nobody else writes to.
async fn is_stored(store: &dyn ObjectStore, path: &Path, len: u64) -> BlobResult<()> {
    match store.head(path).await.map_err(BlobError::from) {
        Ok(found) if found.size == len => Ok(()),
        Ok(_) | Err(BlobError::NotFound) => Err(BlobError::Unavailable("the store lost an upload".to_owned())),
        Err(error) => Err(error),
    }
}
