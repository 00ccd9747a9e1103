//! Damaged blobs taken from the backups: each from the newest snapshot whose copy is what its author signed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{BackupError, Identities, Place, Repository, SnapshotId, restore};
use crate::{
    database_url::DatabaseUrl,
    services::{
        scrubbing,
        stored_blobs::{self, Health, StoredBlob},
    },
    storage::{
        blobs::{Blobs, BlobsConfig},
        connect::{Purpose, reach},
        damaged_blobs, instance, migrate, versions,
    },
};

/// Puts back what the backups hold of these; gives the keys of those that are whole now.
pub async fn from_place(
    place: &Place,
    identity: &Path,
    blobs: &Blobs,
    wanted: &[StoredBlob],
) -> Result<BTreeSet<String>, BackupError> {
    let repository = Repository::open(place).await?;
    let identities = Identities::read(identity)?;
    from(&repository, &identities, blobs, wanted).await
}

async fn from(
    repository: &Repository,
    identities: &Identities,
    blobs: &Blobs,
    wanted: &[StoredBlob],
) -> Result<BTreeSet<String>, BackupError> {
    let mut left: BTreeMap<&str, &StoredBlob> = wanted.iter().map(|blob| (blob.key.as_str(), blob)).collect();
    let mut whole = BTreeSet::new();
    for id in repository.contents().await?.snapshots.iter().rev() {
        if left.is_empty() {
            break;
        }
        for key in from_snapshot(repository, identities, blobs, id, &left).await? {
            left.remove(key.as_str());
            whole.insert(key);
        }
    }
    Ok(whole)
}

async fn from_snapshot(
    repository: &Repository,
    identities: &Identities,
    blobs: &Blobs,
    id: &SnapshotId,
    left: &BTreeMap<&str, &StoredBlob>,
) -> Result<Vec<String>, BackupError> {
    let manifest = repository.manifest(identities, id).await?;
    let mut whole = Vec::new();
    for copy in &manifest.blobs {
        let Some(wanted) = left.get(copy.key.as_str()) else { continue };
        match restore::restore_blob(repository, identities, blobs, copy).await {
            // An older snapshot may have another copy.
            Err(BackupError::Damaged(_)) => continue,
            other => other?,
        }
        if stored_blobs::look(blobs, wanted).await.map_err(BackupError::Restoring)? == Health::Whole {
            whole.push(copy.key.clone());
        }
    }
    Ok(whole)
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
    /// Its database, which is only read.
    pub database: DatabaseUrl,
    /// Its blobs.
    pub blobs: BlobsConfig,
}

/// Puts back every blob that is known to be damaged; says how many are whole now, and how many there were.
///
/// # Errors
/// [`BackupError`].
pub async fn run(order: &Mend) -> Result<(usize, usize), BackupError> {
    let conn = reach(&order.database, Purpose::Read).await?;
    migrate::require_current(&conn).await?;
    let instance = instance::load(&conn).await?.ok_or_else(|| BackupError::Nothing(order.database.to_string()))?;
    let named = versions::any_blob(&conn).await?;
    let rows = damaged_blobs::list(&conn, u64::from(u32::MAX)).await?;
    conn.close().await?;
    let wanted = rows.iter().map(scrubbing::stored).collect::<Result<Vec<_>, _>>()?;
    let blobs = Blobs::new(&order.data, &order.blobs)?;
    blobs.claim(&instance.instance_id, named.as_deref()).await?;
    let whole = from(&order.from, &order.identities, &blobs, &wanted).await?;
    Ok((whole.len(), wanted.len()))
}
