//! Where backups lie: a folder or a bucket, of one installation.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use api_types::UnixMillis;
use serde::{Deserialize, Serialize};

use super::{
    BackupError, Fault, Identities, Manifest, SnapshotId, Stored,
    index::{FORMAT, Index},
    sealed::{OpenError, Opening},
};
use crate::{
    ServiceError,
    clock::AHEAD,
    storage::blobs::{BlobError, Blobs, BlobsConfig},
};

/// Says whose it is.
const MARKER: &str = "healthsecure-backup";
const OBJECTS: &str = "objects/";
const INDEXES: &str = "indexes/";
const SNAPSHOTS: &str = "snapshots/";

/// Where a repository is, as an operator says it.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder, best on another machine's disk.
    Folder(PathBuf),
    /// A store that speaks S3.
    Bucket(BlobsConfig),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Bucket(config) => f.write_str(&config.place()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Marker {
    format: u32,
    instance: String,
}

/// What lies in a repository.
#[derive(Debug, Default)]
pub struct Contents {
    /// The snapshots that are whole.
    pub snapshots: BTreeSet<SnapshotId>,
    /// Those that have an index, whole or not.
    pub indexes: BTreeSet<SnapshotId>,
    /// How many snapshots or indexes have names that this version doesn't know.
    pub unknown: usize,
    /// Names of objects, and their sizes.
    pub objects: BTreeMap<String, u64>,
}

impl Contents {
    /// Snapshots until now, and those of a time that is still to come: a clock was ahead when they were made.
    pub fn by_time(&self, now: UnixMillis) -> (BTreeSet<SnapshotId>, BTreeSet<SnapshotId>) {
        self.snapshots.iter().cloned().partition(|id| id.time() <= now + AHEAD)
    }

    /// The newest snapshot. One of a time that is still to come is only taken where there is no other: perhaps this machine's
    /// clock is behind.
    pub fn newest(&self, now: UnixMillis) -> Result<SnapshotId, BackupError> {
        let (mut past, mut ahead) = self.by_time(now);
        if let Some(id) = ahead.last() {
            tracing::warn!(%id, "a snapshot is of a time that is still to come: the latest is another, if there is one");
        }
        let newest = past.pop_last().or_else(|| ahead.pop_last());
        newest.ok_or_else(|| BackupError::NoSnapshot("at all".to_owned()))
    }
}

/// A repository; cheap to clone.
#[derive(Debug, Clone)]
pub struct Repository {
    store: Blobs,
}

impl Repository {
    /// Opens one to read from: nothing is made or changed.
    pub async fn open(place: &Place) -> Result<Self, BackupError> {
        if let Place::Folder(path) = place
            && !path.is_dir()
        {
            return Err(BackupError::NoRepository(place.to_string()));
        }
        let repository = Self::at(place, Path::new("."))?;
        match repository.marker().await? {
            Some(_) => Ok(repository),
            None => Err(BackupError::NoRepository(place.to_string())),
        }
    }

    /// Opens one to write to, which is an installation's, or becomes it. What goes into a bucket is gathered in the data folder.
    pub async fn claim(place: &Place, instance: &[u8; 16], data: &Path) -> Result<Self, BackupError> {
        let repository = Self::at(place, data)?;
        let id = hex::encode(instance);
        match repository.marker().await? {
            Some(marker) if marker.instance == id => {
                repository.abort_left().await;
                return Ok(repository);
            }
            Some(_) => return Err(BackupError::Foreign(place.to_string())),
            None => {}
        }
        if !repository.store.is_empty().await.map_err(|error| repository.failed(error))? {
            return Err(BackupError::NotEmpty(place.to_string()));
        }
        let marker = serde_json::to_vec(&Marker { format: FORMAT, instance: id });
        let marker = marker.map_err(|error| ServiceError::Internal(format!("a marker: {error}")))?;
        repository.put(MARKER, &marker).await?;
        Ok(repository)
    }

    /// The data folder counts for a bucket that is written to.
    fn at(place: &Place, data: &Path) -> Result<Self, BackupError> {
        let store = match place {
            Place::Folder(path) => Blobs::in_folder(path)?,
            Place::Bucket(config) => Blobs::new(data, config)?,
        };
        Ok(Self { store })
    }

    /// Ends what a backup that was killed left half sent. It stays until a later one where that fails.
    async fn abort_left(&self) {
        if let Err(error) = self.store.abort_left().await {
            tracing::warn!(%error, "what an earlier backup sent in part stays in the repository; it is tried again");
        }
    }

    async fn marker(&self) -> Result<Option<Marker>, BackupError> {
        let bytes = match self.store.whole(MARKER).await {
            Ok(bytes) => bytes,
            Err(BlobError::NotFound) => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let marker: Option<Marker> = serde_json::from_slice(&bytes).ok();
        match marker {
            Some(marker) if marker.format != FORMAT => {
                Err(BackupError::Newer(self.store.place().to_owned(), marker.format))
            }
            Some(marker) => Ok(Some(marker)),
            None => Err(BackupError::NoRepository(self.store.place().to_owned())),
        }
    }

    /// The store, to write objects to.
    pub fn store(&self) -> &Blobs {
        &self.store
    }

    /// The key of an object.
    pub fn object_key(name: &str) -> String {
        format!("{OBJECTS}{name}")
    }

    /// Where it failed.
    pub fn failed(&self, error: BlobError) -> BackupError {
        BackupError::Repository(self.store.place().to_owned(), error)
    }

    /// All that lies there.
    pub async fn contents(&self) -> Result<Contents, BackupError> {
        let mut contents = Contents::default();
        for (key, size) in self.store.sizes().await.map_err(|error| self.failed(error))? {
            if let Some(name) = key.strip_prefix(OBJECTS) {
                contents.objects.insert(name.to_owned(), size);
            } else if let Some(id) = key.strip_prefix(SNAPSHOTS) {
                contents.unknown += usize::from(!add(&mut contents.snapshots, id));
            } else if let Some(id) = key.strip_prefix(INDEXES) {
                contents.unknown += usize::from(!add(&mut contents.indexes, id));
            }
        }
        Ok(contents)
    }

    /// The index of a snapshot; nothing where there is none, or none that can be read.
    pub async fn index(&self, id: &SnapshotId) -> Result<Option<Index>, BackupError> {
        match self.store.whole(&format!("{INDEXES}{id}")).await {
            Ok(bytes) => Ok(Index::parse(&bytes).filter(|index| index.listing.snapshot == id.as_str())),
            Err(BlobError::NotFound) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Stores the index of a snapshot.
    pub async fn put_index(&self, id: &SnapshotId, index: &Index) -> Result<(), BackupError> {
        self.put(&format!("{INDEXES}{id}"), &index.bytes()?).await
    }

    /// Makes a snapshot visible.
    pub async fn put_manifest(&self, id: &SnapshotId, sealed: &[u8]) -> Result<(), BackupError> {
        self.put(&manifest_key(id), sealed).await
    }

    async fn put(&self, key: &str, bytes: &[u8]) -> Result<(), BackupError> {
        self.store.store(key, bytes).await.map(drop).map_err(|error| self.failed(error))
    }

    /// The sealed manifest of a snapshot.
    pub async fn sealed_manifest(&self, id: &SnapshotId) -> Result<Vec<u8>, BackupError> {
        match self.store.whole(&manifest_key(id)).await {
            Err(BlobError::NotFound) => Err(BackupError::NoSnapshot(id.to_string())),
            other => other.map_err(|error| self.failed(error)),
        }
    }

    /// The manifest of a snapshot, opened.
    pub async fn manifest(&self, identities: &Identities, id: &SnapshotId) -> Result<Manifest, BackupError> {
        let key = manifest_key(id);
        let size = match self.store.size(&key).await {
            Err(BlobError::NotFound) => return Err(BackupError::NoSnapshot(id.to_string())),
            other => other.map_err(|error| self.failed(error))?,
        };
        let sealed = self.store.read(&key, 0..size).await.map_err(|error| self.failed(error))?;
        let mut opening = Opening::new(identities, sealed);
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        while let Some(piece) = opening.next().await {
            bytes.extend_from_slice(&piece);
        }
        let damaged = || BackupError::Damaged(Fault::new(&key, "it is not what was stored"));
        match opening.finish().await {
            Ok(_) => {}
            Err(OpenError::NotForThem) => return Err(BackupError::WrongIdentity),
            Err(OpenError::Damaged) => return Err(damaged()),
            Err(OpenError::Store(error)) => return Err(self.failed(error)),
        }
        Manifest::parse(id, &bytes).ok_or_else(damaged)?
    }

    /// Deletes a snapshot: at first what makes it visible.
    pub async fn drop_snapshot(&self, id: &SnapshotId) -> Result<(), BackupError> {
        self.delete(&manifest_key(id)).await?;
        self.delete(&format!("{INDEXES}{id}")).await
    }

    /// Deletes an object.
    pub async fn drop_object(&self, name: &str) -> Result<(), BackupError> {
        self.delete(&Self::object_key(name)).await
    }

    async fn delete(&self, key: &str) -> Result<(), BackupError> {
        self.store.delete(key).await.map_err(|error| self.failed(error))
    }

    /// Begins to open an object.
    pub async fn open_object(&self, identities: &Identities, object: &Stored) -> Result<Opening, BackupError> {
        let key = Self::object_key(&object.name);
        match self.store.read(&key, 0..object.size).await {
            Ok(sealed) => Ok(Opening::new(identities, sealed)),
            Err(error) => Err(self.unreadable(object, error)),
        }
    }

    /// Ends that: nothing of an object is to be believed before.
    pub async fn opened(&self, object: &Stored, opening: Opening) -> Result<(), BackupError> {
        match opening.finish().await {
            Ok(read) if hex::encode(read.sha256) == object.sha256 => Ok(()),
            Ok(_) | Err(OpenError::Damaged) => Err(damaged(object, "it is not what was stored")),
            Err(OpenError::NotForThem) => Err(damaged(object, "it was sealed to another recipient")),
            Err(OpenError::Store(error)) => Err(self.unreadable(object, error)),
        }
    }

    /// What an error with an object means.
    pub fn unreadable(&self, object: &Stored, error: BlobError) -> BackupError {
        match error {
            BlobError::NotFound => damaged(object, "it is missing"),
            BlobError::Short => damaged(object, "it is shorter than what was stored"),
            other => self.failed(other),
        }
    }
}

/// Whether it is the name of a snapshot.
fn add(ids: &mut BTreeSet<SnapshotId>, name: &str) -> bool {
    name.parse().map(|id| ids.insert(id)).is_ok()
}

fn manifest_key(id: &SnapshotId) -> String {
    format!("{SNAPSHOTS}{id}")
}

/// An object that isn't what it was.
pub fn damaged(object: &Stored, what: &'static str) -> BackupError {
    BackupError::Damaged(Fault::new(&Repository::object_key(&object.name), what))
}
