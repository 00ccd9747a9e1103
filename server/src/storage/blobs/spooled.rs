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
use object_store::{
    MultipartId, ObjectStore, ObjectStoreExt, PutPayload, PutResult,
    multipart::{MultipartStore, PartId},
    path::Path,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{
    BlobError, BlobResult, PIECE,
    notes::{Note, Notes},
    pieces::Pieces,
};

/// Bytes that go to the file at a time.
const BUFFER: usize = 256 * 1024;
/// Most blobs that go from their file to the store at the same time; each has a piece in memory.
const AT_ONCE: usize = 4;
/// Uploads that could not be ended before the others wait for a later round, as the store may be away.
const FAILURES: usize = 3;
/// Pieces whose memory is kept: one that the store has may be held a moment longer.
const KEPT: usize = 2 * AT_ONCE;

/// What the writers into one bucket share.
#[derive(Clone)]
pub(super) struct Spool {
    folder: Arc<FsPath>,
    /// The bucket, for blobs of several parts.
    store: Arc<dyn MultipartStore>,
    /// What is on its way there.
    notes: Notes,
    room: Arc<Semaphore>,
    pieces: Pieces,
}

impl Spool {
    /// Files lie in this folder, nameless, before they go to that bucket, which the operator calls so.
    pub(super) fn new(folder: &FsPath, store: Arc<dyn MultipartStore>, place: String) -> Self {
        let (room, pieces) = (Arc::new(Semaphore::new(AT_ONCE)), Pieces::new(PIECE, KEPT));
        Self { folder: folder.into(), store, notes: Notes::new(folder, place), room, pieces }
    }

    /// Ends what a kill left, or a store that was away: the store forgets its parts. Says how many. One that can't be ended holds up
    /// none behind it.
    pub(super) async fn abort_left(&self) -> BlobResult<usize> {
        let (mut ended, mut failed) = (0, Vec::new());
        for (note, upload) in self.notes.left().await? {
            match Path::parse(&upload.key) {
                Ok(path) => match self.abort(&path, &upload.id, note).await {
                    Ok(()) => ended += 1,
                    Err(error) => failed.push(error),
                },
                Err(_) => note.remove().await,
            }
            if failed.len() == FAILURES {
                break;
            }
        }
        failed.pop().map_or(Ok(ended), Err)
    }

    async fn abort(&self, path: &Path, id: &MultipartId, note: Note) -> BlobResult<()> {
        match self.store.abort_multipart(path, id).await.map_err(BlobError::from) {
            // It has ended before.
            Ok(()) | Err(BlobError::NotFound) => note.remove().await,
            Err(error) => return Err(error),
        }
        Ok(())
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
        let store = &self.spool.store;
        let id = store.create_multipart(&self.path).await?;
        // Before its first part: what isn't noted has none.
        let note = match self.spool.notes.add(&self.path, &id).await {
            Ok(note) => note,
            Err(error) => {
                let _: object_store::Result<()> = store.abort_multipart(&self.path, &id).await;
                return Err(error.into());
            }
        };
        let answer = match self.send(file, &id).await {
            Ok(parts) => Ok(store.complete_multipart(&self.path, &id, parts).await),
            Err(error) => Err(error),
        };
        if matches!(answer, Ok(Ok(_))) {
            note.remove().await;
        } else if let Err(error) = self.spool.abort(&self.path, &id, note).await {
            tracing::warn!(%error, "the parts of a blob that broke off stay in the blob store until the next clean-up");
        }
        answer
    }

    async fn send(&self, file: &Arc<File>, id: &MultipartId) -> BlobResult<Vec<PartId>> {
        let mut parts = Vec::new();
        for (number, start) in (0..self.len).step_by(PIECE).enumerate() {
            // One after the other: only one is in memory.
            let piece = PutPayload::from(self.piece(file, start).await?);
            parts.push(self.spool.store.put_part(&self.path, id, number, piece).await?);
        }
        Ok(parts)
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
