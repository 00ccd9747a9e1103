//! A snapshot in a scratch folder: the database for real, on SQLite whatever the server uses, and of the blobs only those
//! that somebody asks for. All others are opened, and compared with what the restored database says of them, on the way.

use std::{collections::BTreeMap, path::Path};

use sha2::{Digest, Sha256};

use crate::{
    backup::{
        BackupError, Fault, Identities, Manifest, Repository, Restore, SnapshotId, manifest::BlobCopy,
        repository::damaged, restore,
    },
    cli::default_database,
    services::stored_blobs::{self, StoredBlob},
    storage::{
        blobs::{Blobs, BlobsConfig},
        damaged_blobs,
        db::Db,
    },
};

/// What is restored.
#[derive(Debug)]
pub struct Source {
    /// From where.
    pub repository: Repository,
    /// Which snapshot.
    pub id: SnapshotId,
}

/// A copy that is there.
pub struct ScratchCopy {
    /// How it was restored.
    pub order: Restore,
    /// Rows of its database.
    pub rows: u64,
    manifest: Manifest,
    blobs: Blobs,
}

/// Restores database and secrets, and verifies the log.
pub async fn make(source: Source, identities: Identities, folder: &Path) -> Result<ScratchCopy, BackupError> {
    let Source { repository, id } = source;
    let manifest = repository.manifest(&identities, &id).await?;
    let data = folder.join("data");
    let order = Restore {
        from: repository,
        identities,
        snapshot: Some(id.clone()),
        database: default_database(&data),
        data,
        blobs: BlobsConfig::Folder,
    };
    let (blobs, rows) = restore::without_blobs(&order, &manifest, &id).await?;
    Ok(ScratchCopy { order, rows, manifest, blobs })
}

impl ScratchCopy {
    /// Opens every blob and compares it with what the restored database says. Says how many there were, and their bytes.
    pub async fn compare_blobs(&self) -> Result<(u64, u64), BackupError> {
        let db = Db::open_existing(&self.order.database).await?;
        let named = stored_blobs::all(db.read()).await;
        let damaged = damaged_blobs::keys(db.read()).await;
        db.close().await?;
        let damaged = damaged?;
        let mut expected: BTreeMap<String, StoredBlob> =
            named?.into_iter().map(|blob| (blob.key.clone(), blob)).collect();
        let (mut count, mut bytes) = (0, 0);
        for blob in &self.manifest.blobs {
            let expected = expected.remove(&blob.key);
            self.compare(blob, expected.as_ref()).await?;
            (count, bytes) = (count + 1, bytes + blob.len);
        }
        // What was damaged before it was ever backed up can't be in it, and that was said.
        if expected.keys().all(|key| damaged.contains(key) || self.manifest.left_out.contains(key)) {
            return Ok((count, bytes));
        }
        let place = format!("snapshots/{}", self.manifest.snapshot);
        Err(BackupError::Damaged(Fault::new(&place, "it lacks blobs that its database names")))
    }

    async fn compare(&self, blob: &BlobCopy, expected: Option<&StoredBlob>) -> Result<(), BackupError> {
        let mut opening = self.order.from.open_object(&self.order.identities, &blob.object).await?;
        let (mut hasher, mut len) = (Sha256::new(), 0);
        while let Some(piece) = opening.next().await {
            hasher.update(&piece);
            len += piece.len() as u64;
        }
        self.order.from.opened(&blob.object, opening).await?;
        let sha256: [u8; 32] = hasher.finalize().into();
        let same = expected.is_some_and(|expected| (expected.len, expected.sha256) == (len, sha256));
        if same && len == blob.len {
            return Ok(());
        }
        Err(damaged(&blob.object, "it holds another blob than the restored database says"))
    }

    /// Restores these blobs beside the database; says whether all of them are in the snapshot.
    pub async fn restore_blobs(&self, keys: &[String]) -> Result<bool, BackupError> {
        for key in keys {
            if !self.put(&self.blobs, key).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts a blob into a store; says whether it is in the snapshot.
    pub async fn put(&self, blobs: &Blobs, key: &str) -> Result<bool, BackupError> {
        let Some(blob) = self.manifest.blobs.iter().find(|blob| blob.key == key) else { return Ok(false) };
        restore::restore_blob(&self.order.from, &self.order.identities, blobs, blob).await?;
        Ok(true)
    }

    /// Whether it is a snapshot of that installation.
    pub fn is_of(&self, instance: &[u8; 16]) -> bool {
        self.manifest.instance == hex::encode(instance)
    }
}
