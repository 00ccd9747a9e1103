//! The blobs of a backup: sealed on their way into the repository, and compared on it with what their authors signed. One that
//! isn't what was stored is left out and noted; the others must not go without a backup for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{TryStreamExt, future::try_join_all};
use sha2::{Digest, Sha256};

use super::{BackupError, Repository, Stored, manifest::BlobCopy, sealed::Sealer, take::Taking};
use crate::{
    audit::enum_name,
    services::{
        scrubbing,
        stored_blobs::{Health, StoredBlob},
    },
    storage::{
        blobs::{BlobError, Written},
        connect::begin,
        damaged_blobs::{self, DamagedRow},
    },
};

/// Blobs on their way at once.
const AT_ONCE: usize = 4;

/// What a snapshot of the database says of its blobs.
#[derive(Debug)]
pub struct Named {
    /// Every one, and its length.
    pub all: BTreeMap<String, u64>,
    /// What they must hold; not known where a stored manifest can't be read.
    pub expected: HashMap<String, StoredBlob>,
    /// Those that are known to be damaged.
    pub damaged: BTreeSet<String>,
}

/// One that no backup has yet.
struct Wanted {
    key: String,
    len: u64,
    /// Its object's.
    name: String,
}

/// What became of it.
enum Uploaded {
    Stored(Written),
    LeftOut(Health),
}

impl Taking<'_> {
    /// All of them but those that are damaged and were never stored.
    pub(super) async fn all_blobs(&mut self, named: &Named) -> Result<Vec<BlobCopy>, BackupError> {
        let (mut copies, mut wanted) = (Vec::new(), Vec::new());
        for (key, len) in &named.all {
            let (key, len) = (key.clone(), *len);
            let name = self.key.blob(&self.order.recipient, &key)?;
            match self.known(&name) {
                Some(object) => copies.push(BlobCopy { key, len, object }),
                None if named.damaged.contains(&key) => {
                    tracing::warn!("a damaged blob that no backup holds is left out of this one");
                    self.left_out.push(key);
                }
                None => wanted.push(Wanted { key, len, name: self.new_name(&name)? }),
            }
        }
        for some in wanted.chunks(AT_ONCE) {
            let uploads = some.iter().map(|blob| self.upload(blob, named.expected.get(&blob.key)));
            for (blob, uploaded) in some.iter().zip(try_join_all(uploads).await?) {
                match uploaded {
                    Uploaded::Stored(written) => {
                        let object = Stored::new(blob.name.clone(), written);
                        self.stored(&object);
                        copies.push(BlobCopy { key: blob.key.clone(), len: blob.len, object });
                    }
                    Uploaded::LeftOut(health) => {
                        self.left_out.push(blob.key.clone());
                        self.note_damaged(blob, named.expected.get(&blob.key), health).await?;
                    }
                }
            }
            self.note().await?;
        }
        Ok(copies)
    }

    /// Seals a blob on its way into the repository. What isn't what was signed gets no name there.
    async fn upload(&self, blob: &Wanted, expected: Option<&StoredBlob>) -> Result<Uploaded, BackupError> {
        self.lease.step()?;
        let mut pieces = match self.blobs.read(&blob.key, 0..blob.len).await {
            Ok(pieces) => pieces,
            Err(error) => return self.unreadable(error).await,
        };
        let (mut sealer, mut hasher) = (Sealer::new(&self.order.recipient)?, Sha256::new());
        let mut writer = self.repository.store().write(&Repository::object_key(&blob.name));
        let failed = |error: BlobError| self.repository.failed(error);
        loop {
            self.lease.step()?;
            match pieces.try_next().await {
                Ok(Some(piece)) => {
                    hasher.update(&piece);
                    writer.write(&sealer.update(&piece)?).await.map_err(failed)?;
                }
                Ok(None) => break,
                Err(error) => {
                    writer.abort().await.map_err(failed)?;
                    return self.unreadable(error).await;
                }
            }
        }
        let sha256: [u8; 32] = hasher.finalize().into();
        if expected.is_some_and(|expected| (expected.len, expected.sha256) != (blob.len, sha256)) {
            writer.abort().await.map_err(failed)?;
            return Ok(Uploaded::LeftOut(Health::Changed));
        }
        writer.write(&sealer.finish()?).await.map_err(failed)?;
        writer.finish().await.map(Uploaded::Stored).map_err(failed)
    }

    /// What it means that a blob can't be read: where its store is away, or is another one, that is no word on the blob.
    async fn unreadable(&self, error: BlobError) -> Result<Uploaded, BackupError> {
        let health = match error {
            BlobError::NotFound => Health::Missing,
            BlobError::Short => Health::Changed,
            error => return Err(BackupError::Blob(error)),
        };
        self.blobs.ready().await.map_err(BackupError::Blob)?;
        Ok(Uploaded::LeftOut(health))
    }

    /// Notes it for the server, which gives nothing of it out from then on, and tells of it.
    async fn note_damaged(
        &self,
        blob: &Wanted,
        expected: Option<&StoredBlob>,
        health: Health,
    ) -> Result<(), BackupError> {
        tracing::error!(health = enum_name(&health), "a stored blob is damaged, and left out of the backup");
        let Some(expected) = expected else { return Ok(()) };
        let row = DamagedRow { told: false, ..scrubbing::damaged(expected, health, self.order.clock.now()) };
        let tx = begin(self.lease.writer()).await?;
        // One that nobody names any more was deleted.
        if damaged_blobs::is_named(&tx, &blob.key).await? {
            damaged_blobs::insert(&tx, row).await?;
        }
        Ok(tx.commit().await?)
    }
}
