//! A repository read and compared, whole: without an identity the stored bytes, with one everything opened.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use super::{
    BackupError, Identities, Manifest, Repository, SnapshotId, Stored, manifest::TableDump, repository::damaged,
};
use crate::storage::copy::dump::Frames;

/// Something that isn't what it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The object of the repository, or the table.
    pub place: String,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Fault {
    /// With something.
    pub fn new(place: &str, what: &'static str) -> Self {
        Self { place: place.to_owned(), what }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Snapshots that were looked at.
    pub snapshots: usize,
    /// Objects that are what they were.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Whether everything was opened as well.
    pub opened: bool,
    /// All that isn't.
    pub faults: BTreeSet<Fault>,
}

/// Verifies all snapshots, or one.
///
/// # Errors
/// [`BackupError`] where the repository can't be read or the identity is a wrong one; what is damaged is in the result.
pub async fn run(
    repository: &Repository,
    identities: Option<&Identities>,
    only: Option<&SnapshotId>,
) -> Result<Verified, BackupError> {
    let contents = repository.contents().await?;
    if let Some(id) = only.filter(|id| !contents.snapshots.contains(*id)) {
        return Err(BackupError::NoSnapshot(id.to_string()));
    }
    let mut found = Verified { opened: identities.is_some(), ..Verified::default() };
    let mut objects: BTreeMap<String, Stored> = BTreeMap::new();
    let mut tables: BTreeMap<String, TableDump> = BTreeMap::new();
    for id in contents.snapshots.iter().filter(|id| only.is_none_or(|only| only == *id)) {
        found.snapshots += 1;
        found.index(repository, id, &mut objects).await?;
        let Some(identities) = identities else { continue };
        let manifest = match repository.manifest(identities, id).await {
            Err(BackupError::Damaged(fault)) => {
                found.faults.insert(fault);
                continue;
            }
            other => other?,
        };
        found.add(&manifest, &mut objects, &mut tables);
    }
    for object in objects.values() {
        let checked = match identities {
            Some(identities) => opens(repository, identities, object).await,
            None => hashes(repository, object).await,
        };
        match checked {
            Ok(()) => {
                found.objects += 1;
                found.bytes += object.size;
            }
            Err(BackupError::Damaged(fault)) => {
                found.faults.insert(fault);
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(identities) = identities {
        for table in tables.values() {
            found.table(repository, identities, table).await?;
        }
    }
    Ok(found)
}

impl Verified {
    async fn index(
        &mut self,
        repository: &Repository,
        id: &SnapshotId,
        objects: &mut BTreeMap<String, Stored>,
    ) -> Result<(), BackupError> {
        let Some(index) = repository.index(id).await? else {
            self.fault(&format!("indexes/{id}"), "it is missing or damaged");
            return Ok(());
        };
        let sealed = repository.sealed_manifest(id).await?;
        if index.listing.manifest.as_ref() != Some(&Stored::of_bytes(id.to_string(), &sealed)) {
            self.fault(&format!("snapshots/{id}"), "it is not what its index says");
        }
        index.listing.objects.into_iter().for_each(|object| self.expect(object, objects));
        Ok(())
    }

    fn add(
        &mut self,
        manifest: &Manifest,
        objects: &mut BTreeMap<String, Stored>,
        tables: &mut BTreeMap<String, TableDump>,
    ) {
        manifest.objects().cloned().for_each(|object| self.expect(object, objects));
        for table in &manifest.tables {
            tables.insert(format!("{} {}", table.name, table.sha256), table.clone());
        }
    }

    /// An object is the same wherever it is named.
    fn expect(&mut self, object: Stored, objects: &mut BTreeMap<String, Stored>) {
        match objects.get(&object.name) {
            Some(other) if *other != object => {
                self.fault(&Repository::object_key(&object.name), "snapshots disagree on what it is");
            }
            Some(_) => {}
            None => {
                objects.insert(object.name.clone(), object);
            }
        }
    }

    /// The rows of a table, counted and hashed. Objects that are damaged were named before.
    async fn table(
        &mut self,
        repository: &Repository,
        identities: &Identities,
        table: &TableDump,
    ) -> Result<(), BackupError> {
        let mut frames = Frames::new(&table.name);
        for object in &table.objects {
            let mut opening = match repository.open_object(identities, object).await {
                Err(BackupError::Damaged(_)) => return Ok(()),
                other => other?,
            };
            while let Some(piece) = opening.next().await {
                frames.feed(&piece);
            }
            match repository.opened(object, opening).await {
                Err(BackupError::Damaged(_)) => return Ok(()),
                other => other?,
            }
        }
        let same = |digest: &crate::storage::copy::Digest| {
            digest.rows == table.rows && hex::encode(digest.sha256) == table.sha256
        };
        if !frames.finish().as_ref().is_some_and(same) {
            self.fault(&format!("the table {}", table.name), "its rows are not what was stored");
        }
        Ok(())
    }

    fn fault(&mut self, place: &str, what: &'static str) {
        self.faults.insert(Fault::new(place, what));
    }
}

async fn hashes(repository: &Repository, object: &Stored) -> Result<(), BackupError> {
    let key = Repository::object_key(&object.name);
    let unreadable = |error| repository.unreadable(object, error);
    if repository.store().size(&key).await.map_err(unreadable)? != object.size {
        return Err(damaged(object, "it has another size than what was stored"));
    }
    let mut pieces = repository.store().read(&key, 0..object.size).await.map_err(unreadable)?;
    let mut hasher = Sha256::new();
    while let Some(piece) = pieces.try_next().await.map_err(unreadable)? {
        hasher.update(&piece);
    }
    if hex::encode(hasher.finalize()) == object.sha256 {
        Ok(())
    } else {
        Err(damaged(object, "it is not what was stored"))
    }
}

async fn opens(repository: &Repository, identities: &Identities, object: &Stored) -> Result<(), BackupError> {
    let mut opening = repository.open_object(identities, object).await?;
    while opening.next().await.is_some() {}
    repository.opened(object, opening).await
}
