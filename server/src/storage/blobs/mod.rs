//! Ciphertext in an object store, a folder or a bucket: written in pieces, durable when `finish` returns, read by range.
//!
//! A key is `uploads/<upload id>/<segment>-<random>`; the store never sees what a blob belongs to by another name. Beside
//! the blobs lies one object more, `healthsecure-store`, which says whose they are.

mod crc64;
mod credentials;
mod error;
mod left_over;
mod notes;
mod objects;
mod ownership;
mod pieces;
mod read;
mod s3;
mod settings;
mod spooled;
mod staged;
mod writer;

use std::{fmt, ops::Range, path::Path as FsPath, sync::Arc};

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path};

pub use crc64::Crc64;
pub use credentials::{Credentials, CredentialsError};
pub use error::{BlobError, BlobResult};
pub use ownership::{BlobsError, MARKER};
use pieces::Pieces;
pub use settings::{Addressing, BlobOptions, BlobsConfig, BlobsConfigError, S3Config};
use spooled::{Spool, Spooled};
use staged::Staged;
use writer::To;
pub use writer::{BlobWriter, Written};

/// Bytes that go to a bucket at a time; S3's smallest part is 5 MiB.
pub const PIECE: usize = 5 * 1024 * 1024;
/// Bytes that go to a file at a time, and that a writer holds at most beside those on their way.
pub const FILE_PIECE: usize = 512 * 1024;

/// The blob store; cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// Where it is, for the operator.
    place: Arc<str>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// The same store, for what an [`ObjectStore`] doesn't say, and the memory of what is read from its files.
    Folder(LocalFileSystem, Pieces),
    Bucket(Spool),
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blobs({})", self.place)
    }
}

impl Blobs {
    /// The store that the configuration names, `blobs/` in the data folder where it names none. No bucket is asked yet:
    /// [`Blobs::claim`] does.
    pub fn new(data: &FsPath, config: &BlobsConfig) -> Result<Self, BlobsError> {
        let (place, opened) = match config {
            BlobsConfig::Folder => {
                let path = data.join("blobs");
                (path.display().to_string(), folder(&path))
            }
            BlobsConfig::S3(config) => (config.to_string(), bucket(config, data)),
        };
        match opened {
            Ok((store, kind)) => Ok(Self { store, place: place.into(), kind }),
            Err(cause) => Err(BlobsError::Unusable { place, step: "opening", cause }),
        }
    }

    /// Where it is, for the operator.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Begins a blob. Nothing is visible under the key before [`BlobWriter::finish`].
    pub fn write(&self, key: &str) -> BlobWriter {
        let (store, path) = (Arc::clone(&self.store), Path::from(key));
        BlobWriter::new(match &self.kind {
            Kind::Folder(..) => To::Folder(Staged::new(store, path)),
            Kind::Bucket(spool) => To::Bucket(Spooled::new(store, path, spool.clone())),
        })
    }

    /// A range of a blob, in small pieces. A blob that doesn't hold all of it is [`BlobError::Short`]; of an empty range
    /// the store isn't asked.
    pub async fn read(&self, key: &str, range: Range<u64>) -> BlobResult<BoxStream<'static, BlobResult<Bytes>>> {
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        match &self.kind {
            Kind::Folder(_, memory) => read::file(&*self.store, memory, Path::from(key), range).await,
            Kind::Bucket(_) => read::ranges(Arc::clone(&self.store), Path::from(key), range).await,
        }
    }

    /// Deletes a blob, and what was written of it where it never became whole; one that isn't there counts as deleted.
    pub async fn delete(&self, key: &str) -> BlobResult<()> {
        if let Kind::Folder(folder, _) = &self.kind {
            left_over::delete(folder, &Path::from(key)).await?;
        }
        match self.store.delete(&Path::from(key)).await.map_err(BlobError::from) {
            Err(BlobError::NotFound) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends what was on its way into a bucket in several parts when its process was killed or the store went away: the store has its
    /// parts, under no name, until then. Says how many. What this data folder knows of, that is; of others' their own process does it.
    pub async fn abort_left(&self) -> BlobResult<usize> {
        match &self.kind {
            // There they lie beside their blobs, and go with them.
            Kind::Folder(..) => Ok(0),
            Kind::Bucket(spool) => spool.abort_left().await,
        }
    }

    /// The keys of all that lies there, blobs or not.
    pub fn keys(&self) -> BoxStream<'static, BlobResult<String>> {
        self.store.list(None).map_ok(|found| found.location.to_string()).map_err(BlobError::from).boxed()
    }

    async fn exists(&self, key: &str) -> BlobResult<bool> {
        match self.store.head(&Path::from(key)).await.map_err(BlobError::from) {
            Ok(_) => Ok(true),
            Err(BlobError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A store, and how it is read and deleted from.
type Opened = (Arc<dyn ObjectStore>, Kind);

/// A local folder, made where it is missing; every write is synced to disk, directory entries included.
fn folder(path: &FsPath) -> BlobResult<Opened> {
    std::fs::create_dir_all(path)?;
    let store = LocalFileSystem::new_with_prefix(path)?.with_fsync(true).with_automatic_cleanup(true);
    Ok((Arc::new(store.clone()), Kind::Folder(store, read::memory())))
}

/// A bucket; what goes there is gathered in the data folder first.
fn bucket(config: &S3Config, data: &FsPath) -> BlobResult<Opened> {
    let store = Arc::new(s3::open(config)?);
    let spool = Spool::new(data, store.clone(), config.to_string());
    Ok((store, Kind::Bucket(spool)))
}
