//! A blob being written: hashed and counted on the way, whole and durable at its end or not there at all.

use std::{fmt, mem, sync::Arc};

use object_store::{ObjectStore, ObjectStoreExt, PutPayloadMut, WriteMultipart, path::Path};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::{BlobError, BlobResult, PIECE};

/// Takes a blob's bytes. One that is dropped unfinished is given up.
pub struct BlobWriter {
    store: Arc<dyn ObjectStore>,
    path: Path,
    /// The first piece: a blob of one piece is stored by one request.
    first: PutPayloadMut,
    /// Pieces that the store has, or that are on their way; once there is more than one.
    parts: Option<WriteMultipart>,
    hasher: Sha256,
    len: u64,
    /// The store did not take all of it.
    failed: bool,
}

impl fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobWriter({} bytes)", self.len)
    }
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
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path) -> Self {
        Self { store, path, first: PutPayloadMut::new(), parts: None, hasher: Sha256::new(), len: 0, failed: false }
    }

    /// Takes more bytes; waits while the store is behind. After an error the blob can only be given up.
    pub async fn write(&mut self, bytes: &[u8]) -> BlobResult<()> {
        let taken = self.take(bytes).await;
        self.failed |= taken.is_err();
        taken
    }

    async fn take(&mut self, bytes: &[u8]) -> BlobResult<()> {
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        if self.parts.is_none() && self.len <= PIECE as u64 {
            self.first.extend_from_slice(bytes);
            return Ok(());
        }
        if self.parts.is_none() {
            let first = mem::take(&mut self.first);
            self.parts = Some(begin(&*self.store, &self.path, first).await?);
        }
        if let Some(parts) = &mut self.parts {
            // One piece on its way beside the one that is filled, and the one that `bytes` may fill.
            parts.wait_for_capacity(1).await?;
            parts.write(bytes);
        }
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

    /// Makes the blob durable and visible. After an error it may be both, or neither.
    pub async fn finish(mut self) -> BlobResult<Written> {
        if self.failed {
            return Err(BlobError::Unavailable("the store did not take all of a blob".to_owned()));
        }
        let written = self.written();
        let stored = match self.parts.take() {
            Some(parts) => parts.finish().await,
            None => self.store.put(&self.path, mem::take(&mut self.first).freeze()).await,
        };
        match stored.map_err(BlobError::from) {
            // Where an answer was lost, the same request again finds an upload that has ended.
            Err(BlobError::NotFound) => is_stored(&*self.store, &self.path, self.len).await?,
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        Ok(written)
    }

    /// Gives it up; nothing stays behind.
    pub async fn abort(mut self) -> BlobResult<()> {
        match self.parts.take() {
            Some(parts) => parts.abort().await.map_err(BlobError::from),
            None => Ok(()),
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

async fn begin(store: &dyn ObjectStore, path: &Path, first: PutPayloadMut) -> BlobResult<WriteMultipart> {
    let mut parts = WriteMultipart::new_with_chunk_size(store.put_multipart(path).await?, PIECE);
    for bytes in first.freeze() {
        parts.put(bytes);
    }
    Ok(parts)
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        let (Some(parts), Ok(runtime)) = (self.parts.take(), Handle::try_current()) else { return };
        runtime.spawn(async move {
            if let Err(error) = parts.abort().await.map_err(BlobError::from) {
                tracing::warn!(%error, "the parts of an upload that broke off stay in the blob store, under no name");
            }
        });
    }
}
