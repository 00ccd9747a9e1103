//! Whose a store is, and whether it can be used: asked before the first blob.
//!
//! The object `healthsecure-store` holds the id of the installation. A store without it is taken where there are no blobs
//! yet, or where one that the database names is found in it; every other one is refused, unchanged.

use std::time::Duration;

use futures::StreamExt;
use object_store::{ObjectStoreExt, path::Path};

use super::{BlobError, BlobResult, Blobs, Kind};
use crate::random;

/// The key of the object that says whose a store is.
pub const MARKER: &str = "healthsecure-store";
/// Under these keys a server tries whether it can write.
const PROBES: &str = "probe/";
/// Bytes that such an object has at most.
const SMALL: u64 = 1024;
/// How long whoever asks whether the server is ready waits for the store.
const READY: Duration = Duration::from_secs(3);

/// Why a store can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobsError {
    /// It doesn't do what a server needs of it.
    #[error("the blob store, {place}, can't be used: {step} failed: {cause}")]
    Unusable {
        /// Where.
        place: String,
        /// At what.
        step: &'static str,
        /// Why.
        cause: BlobError,
    },
    /// It gives back something else than what was written.
    #[error("the blob store, {0}, gave back something else than what was written to it")]
    Unfaithful(String),
    /// It is another installation's.
    #[error(
        "the blob store, {0}, belongs to another installation: its {MARKER} holds another id. Give each one a bucket or \
         a prefix of its own"
    )]
    Foreign(String),
    /// The database's blobs lie elsewhere.
    #[error(
        "the database names blobs that are not in the blob store, {place}: they lie in another one, which is to be named \
         or copied here whole. If they are lost for good, put an object {MARKER} with the text {id} there: the server \
         starts, and what was lost can't be opened"
    )]
    Elsewhere {
        /// Where they aren't.
        place: String,
        /// This installation.
        id: String,
    },
    /// Something else lies there.
    #[error("the blob store, {0}, holds other things: give this installation an empty bucket or prefix")]
    NotEmpty(String),
}

impl Blobs {
    /// Makes sure that the store is this installation's and can be written, read and deleted from; `named` is a blob that
    /// the database names, if it names any.
    ///
    /// # Errors
    /// [`BlobsError`] says what the operator must do; a store that isn't this installation's was not changed.
    pub async fn claim(&self, instance: &[u8; 16], named: Option<&str>) -> Result<(), BlobsError> {
        let id = hex::encode(instance);
        let marked = match self.marker().await {
            Ok(marker) if marker == id => true,
            Ok(_) => return Err(BlobsError::Foreign(self.place().to_owned())),
            Err(BlobError::NotFound) => match self.may_be_taken(&id, named).await {
                Ok(()) => false,
                // Another server of this installation has taken it in the same moment.
                Err(BlobsError::NotEmpty(_)) if self.marker().await.is_ok_and(|marker| marker == id) => true,
                Err(error) => return Err(error),
            },
            Err(cause) => return Err(self.unusable("reading", cause)),
        };
        self.probe().await?;
        if !marked {
            self.put(MARKER, &id).await.map_err(|cause| self.unusable("writing", cause))?;
        }
        Ok(())
    }

    /// Whether the store answers, soon, and still has its [`MARKER`].
    pub async fn ready(&self) -> BlobResult<()> {
        match tokio::time::timeout(READY, self.marker()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(BlobError::NotFound)) => Err(BlobError::Unavailable(format!("the store has no {MARKER}"))),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(BlobError::Unavailable("the store did not answer in time".to_owned())),
        }
    }

    async fn may_be_taken(&self, id: &str, named: Option<&str>) -> Result<(), BlobsError> {
        let place = self.place().to_owned();
        match named {
            Some(key) => match self.exists(key).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(BlobsError::Elsewhere { place, id: id.to_owned() }),
                Err(cause) => Err(self.unusable("reading", cause)),
            },
            // The data folder is one installation's by its own lock and secrets.
            None if matches!(self.kind, Kind::Folder(..)) => Ok(()),
            None => {
                let mut keys = self.keys();
                while let Some(key) = keys.next().await {
                    let key = key.map_err(|cause| self.unusable("listing", cause))?;
                    if !key.starts_with(PROBES) {
                        return Err(BlobsError::NotEmpty(place));
                    }
                }
                Ok(())
            }
        }
    }

    async fn probe(&self) -> Result<(), BlobsError> {
        let text = random::bytes::<16>().map(hex::encode);
        let text = text.map_err(|error| self.unusable("writing", BlobError::Unavailable(error.to_string())))?;
        let key = format!("{PROBES}{text}");
        self.put(&key, &text).await.map_err(|cause| self.unusable("writing", cause))?;
        let read = self.text(&key).await.map_err(|cause| self.unusable("reading", cause))?;
        self.delete(&key).await.map_err(|cause| self.unusable("deleting", cause))?;
        if read == text { Ok(()) } else { Err(BlobsError::Unfaithful(self.place().to_owned())) }
    }

    fn unusable(&self, step: &'static str, cause: BlobError) -> BlobsError {
        BlobsError::Unusable { place: self.place().to_owned(), step, cause }
    }

    async fn put(&self, key: &str, text: &str) -> BlobResult<()> {
        self.store.put(&Path::from(key), text.to_owned().into()).await?;
        Ok(())
    }

    async fn marker(&self) -> BlobResult<String> {
        self.text(MARKER).await.map(|text| text.trim().to_owned())
    }

    /// A small object, whole; nothing of one that isn't small, which no server wrote.
    async fn text(&self, key: &str) -> BlobResult<String> {
        let found = self.store.get(&Path::from(key)).await?;
        if found.meta.size > SMALL {
            return Ok(String::new());
        }
        let bytes = found.bytes().await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
