//! While a backup runs it is the only one of its installation, and no blob is deleted. A row of the database says so, which
//! ends by itself where nobody goes on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use api_types::UnixMillis;
use sea_orm::DatabaseConnection;
use tokio::task::JoinHandle;

use super::{BackupError, SnapshotId};
use crate::{
    clock::{Clock, MINUTE},
    storage::{
        DbResult,
        backups::{self, Backup, Size},
        connect::begin,
    },
};

/// How long after its last sign of life.
const HELD: UnixMillis = 2 * MINUTE;
/// How often it gives one.
const EVERY: Duration = Duration::from_secs(20);

/// The hold of a backup. Dropped, it ends by itself, later.
pub struct Lease {
    writer: DatabaseConnection,
    clock: Clock,
    id: SnapshotId,
    lost: Arc<AtomicBool>,
    beat: JoinHandle<()>,
}

impl Lease {
    /// Takes it; with a time only where no backup that was begun after it has ended since.
    ///
    /// # Errors
    /// [`BackupError::Busy`].
    pub async fn take(
        writer: DatabaseConnection,
        clock: Clock,
        id: SnapshotId,
        since: Option<UnixMillis>,
    ) -> Result<Self, BackupError> {
        let now = clock.now();
        let tx = begin(&writer).await?;
        // PostgreSQL lets two ask at once: one row that both must have.
        crate::storage::instance::lock(&tx).await?;
        if backups::running(&tx, now).await?.is_some() {
            return Err(BackupError::Busy);
        }
        if let Some(time) = since
            && backups::any_ended_since(&tx, time).await?
        {
            return Err(BackupError::Busy);
        }
        let row = Backup {
            id: id.to_string(),
            began_at: now,
            leased_until: now + HELD,
            ended_at: None,
            error: None,
            bytes: 0,
            new_bytes: 0,
            blobs: 0,
            recorded: false,
        };
        backups::insert(&tx, row).await?;
        tx.commit().await?;
        let lost = Arc::new(AtomicBool::new(false));
        let beat = tokio::spawn(beat(writer.clone(), clock.clone(), id.clone(), Arc::clone(&lost)));
        Ok(Self { writer, clock, id, lost, beat })
    }

    /// Whether it still holds.
    ///
    /// # Errors
    /// [`BackupError::LeaseLost`].
    pub async fn check(&self) -> Result<(), BackupError> {
        let held = extend(&self.writer, &self.clock, &self.id).await?;
        if held && !self.lost.load(Ordering::Relaxed) { Ok(()) } else { Err(BackupError::LeaseLost) }
    }

    /// Ends it, and says how the backup ended.
    pub async fn end(self, outcome: Result<Size, String>) -> Result<(), BackupError> {
        self.beat.abort();
        let tx = begin(&self.writer).await?;
        backups::end(&tx, self.id.as_str(), self.clock.now(), outcome).await?;
        Ok(tx.commit().await?)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.beat.abort();
    }
}

async fn extend(writer: &DatabaseConnection, clock: &Clock, id: &SnapshotId) -> DbResult<bool> {
    let now = clock.now();
    let tx = begin(writer).await?;
    let held = backups::extend(&tx, id.as_str(), now, now + HELD).await?;
    tx.commit().await?;
    Ok(held)
}

async fn beat(writer: DatabaseConnection, clock: Clock, id: SnapshotId, lost: Arc<AtomicBool>) {
    loop {
        tokio::time::sleep(EVERY).await;
        match extend(&writer, &clock, &id).await {
            Ok(true) => {}
            Ok(false) => return lost.store(true, Ordering::Relaxed),
            // It is tried again, while there is time.
            Err(error) => tracing::warn!(%error, "a backup could not say that it goes on"),
        }
    }
}
