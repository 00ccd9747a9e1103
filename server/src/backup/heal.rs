//! Damaged blobs taken from the backups: each from the newest snapshot whose copy is what its author signed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use api_types::UnixMillis;

use super::{BackupError, Identities, Manifest, Place, Repository, restore};
use crate::{
    clock::HOUR,
    database_url::DatabaseUrl,
    services::{
        scrubbing,
        stored_blobs::{self, Health, StoredBlob},
    },
    storage::{
        blob_garbage,
        blobs::{Blobs, BlobsConfig},
        damaged_blobs,
        db::Db,
        instance, versions,
    },
};

/// How long a blob that is put back may take. A key that stands for deletion longer than that is looked at.
const INTENT: UnixMillis = HOUR;

/// Where blobs are put back.
#[derive(Debug, Clone, Copy)]
pub struct Mending<'a> {
    /// Their store.
    pub blobs: &'a Blobs,
    /// The database that names them.
    pub db: &'a Db,
}

/// Puts back what the backups hold of these; gives the keys of those that are whole now.
pub async fn from_place(
    place: &Place,
    identity: &Path,
    to: &Mending<'_>,
    wanted: &[StoredBlob],
) -> Result<BTreeSet<String>, BackupError> {
    let repository = Repository::open(place).await?;
    let identities = Identities::read(identity)?;
    from(&repository, &identities, to, wanted).await
}

async fn from(
    repository: &Repository,
    identities: &Identities,
    to: &Mending<'_>,
    wanted: &[StoredBlob],
) -> Result<BTreeSet<String>, BackupError> {
    let mut left: BTreeMap<&str, &StoredBlob> = wanted.iter().map(|blob| (blob.key.as_str(), blob)).collect();
    let (mut whole, mut opened, mut refused) = (BTreeSet::new(), 0, None);
    for id in repository.contents().await?.snapshots.iter().rev() {
        if left.is_empty() {
            break;
        }
        let manifest = match repository.manifest(identities, id).await {
            Ok(manifest) => manifest,
            // Another may be whole, or open with this identity.
            Err(error) if is_its_own(&error) => {
                tracing::warn!(%id, %error, "a snapshot can't be used; the one before it is looked at");
                refused = Some(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        opened += 1;
        for key in from_snapshot(repository, identities, to, &manifest, &left).await? {
            left.remove(key.as_str());
            whole.insert(key);
        }
    }
    match refused {
        Some(error) if opened == 0 => Err(error),
        _ => Ok(whole),
    }
}

/// Whether it says something of one snapshot, and nothing of the others.
fn is_its_own(error: &BackupError) -> bool {
    matches!(
        error,
        BackupError::Damaged(_) | BackupError::WrongIdentity | BackupError::Newer(..) | BackupError::NoSnapshot(_)
    )
}

async fn from_snapshot(
    repository: &Repository,
    identities: &Identities,
    to: &Mending<'_>,
    manifest: &Manifest,
    left: &BTreeMap<&str, &StoredBlob>,
) -> Result<Vec<String>, BackupError> {
    let mut whole = Vec::new();
    for copy in &manifest.blobs {
        let Some(wanted) = left.get(copy.key.as_str()) else { continue };
        if !to.intend(&copy.key).await? {
            continue;
        }
        let restored = restore::restore_blob(repository, identities, to.blobs, copy).await;
        to.keep(&copy.key).await?;
        match restored {
            // An older snapshot may have another copy.
            Err(BackupError::Damaged(_)) => continue,
            other => other?,
        }
        if stored_blobs::look(to.blobs, wanted).await.map_err(BackupError::Restoring)?.health == Health::Whole {
            whole.push(copy.key.clone());
        }
    }
    Ok(whole)
}

impl Mending<'_> {
    /// Names a blob for deletion before it is written, so that nothing comes back for good that its owner erases meanwhile.
    /// Says whether it is named by a row still: otherwise it was deleted on purpose, and stays so.
    async fn intend(&self, key: &str) -> Result<bool, BackupError> {
        let tx = self.db.begin_write().await?;
        let named = damaged_blobs::is_named(tx.conn(), key).await?;
        if named {
            blob_garbage::add(tx.conn(), vec![key.to_owned()], self.db.clock().now() + INTENT).await?;
        }
        tx.commit().await?;
        Ok(named)
    }

    /// It was written. Where nobody names it any more it goes now: who erased it may have deleted it before it was written.
    async fn keep(&self, key: &str) -> Result<(), BackupError> {
        let tx = self.db.begin_write().await?;
        if damaged_blobs::is_named(tx.conn(), key).await? {
            blob_garbage::remove(tx.conn(), vec![key.to_owned()]).await?;
        } else {
            blob_garbage::add(tx.conn(), vec![key.to_owned()], self.db.clock().now()).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// What is put back by hand, beside a running server.
#[derive(Debug, Clone)]
pub struct Mend {
    /// Where snapshots are.
    pub from: Repository,
    /// What opens them.
    pub identities: Identities,
    /// The installation's data folder.
    pub data: PathBuf,
    /// Its database.
    pub database: DatabaseUrl,
    /// Its blobs.
    pub blobs: BlobsConfig,
}

/// Puts back every blob that is known to be damaged; says how many are whole now, and how many there were.
///
/// # Errors
/// [`BackupError`].
pub async fn run(order: &Mend) -> Result<(usize, usize), BackupError> {
    let db = Db::open_existing(&order.database).await?;
    let mended = mend(order, &db).await;
    db.close().await?;
    mended
}

async fn mend(order: &Mend, db: &Db) -> Result<(usize, usize), BackupError> {
    let instance = instance::load(db.read()).await?.ok_or_else(|| BackupError::Nothing(order.database.to_string()))?;
    let named = versions::any_blob(db.read()).await?;
    let rows = damaged_blobs::list(db.read(), u64::from(u32::MAX)).await?;
    let wanted = rows.iter().map(scrubbing::stored).collect::<Result<Vec<_>, _>>()?;
    let blobs = Blobs::new(&order.data, &order.blobs)?;
    blobs.claim(&instance.instance_id, named.as_deref()).await?;
    let whole = from(&order.from, &order.identities, &Mending { blobs: &blobs, db }, &wanted).await?;
    Ok((whole.len(), wanted.len()))
}
