//! A blob on its way into a folder: in small pieces, so that many at once need little memory.

use std::{mem, sync::Arc};

use object_store::{ObjectStore, ObjectStoreExt, PutPayloadMut, WriteMultipart, path::Path};
use tokio::runtime::Handle;

use super::{BlobError, BlobResult, FILE_PIECE};

/// Bytes that go to a file beside the final one.
pub(super) struct Staged {
    store: Arc<dyn ObjectStore>,
    path: Path,
    /// The first piece: a blob of one piece is stored at once.
    first: PutPayloadMut,
    /// Pieces that the file has, or that are on their way; once there is more than one.
    parts: Option<WriteMultipart>,
}

impl Staged {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path) -> Self {
        Self { store, path, first: PutPayloadMut::new(), parts: None }
    }

    pub(super) async fn take(&mut self, bytes: &[u8]) -> BlobResult<()> {
        if self.parts.is_none() && self.first.content_length() + bytes.len() <= FILE_PIECE {
            self.first.extend_from_slice(bytes);
            return Ok(());
        }
        if self.parts.is_none() {
            let first = mem::take(&mut self.first);
            self.parts = Some(begin(&*self.store, &self.path, first).await?);
        }
        let Some(parts) = &mut self.parts else { return Ok(()) };
        for some in bytes.chunks(FILE_PIECE) {
            // One piece on its way beside the one that is filled, and the one that these bytes may fill.
            parts.wait_for_capacity(1).await?;
            parts.write(some);
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> BlobResult<()> {
        match self.parts.take() {
            Some(parts) => parts.finish().await?,
            None => self.store.put(&self.path, mem::take(&mut self.first).freeze()).await?,
        };
        Ok(())
    }

    pub(super) async fn abort(mut self) -> BlobResult<()> {
        match self.parts.take() {
            Some(parts) => parts.abort().await.map_err(BlobError::from),
            None => Ok(()),
        }
    }
}

async fn begin(store: &dyn ObjectStore, path: &Path, first: PutPayloadMut) -> BlobResult<WriteMultipart> {
    let mut parts = WriteMultipart::new_with_chunk_size(store.put_multipart(path).await?, FILE_PIECE);
    for bytes in first.freeze() {
        parts.put(bytes);
    }
    Ok(parts)
}

impl Drop for Staged {
    fn drop(&mut self) {
        let (Some(parts), Ok(runtime)) = (self.parts.take(), Handle::try_current()) else { return };
        runtime.spawn(async move {
            if let Err(error) = parts.abort().await.map_err(BlobError::from) {
                tracing::warn!(%error, "a file of an upload that broke off could not be removed");
            }
        });
    }
}
