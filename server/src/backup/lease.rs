//! While a backup runs it is the only one of its installation, and no blob is deleted. A row of the database says so, which
//! ends by itself where nobody goes on: by the database's clock, so that no server with another one ends it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use api_types::UnixMillis;
use sea_orm::DatabaseConnection;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{BackupError, SnapshotId};
use crate::{
    clock::{AHEAD, Clock, MINUTE},
    storage::{
        DbResult,
        backups::{self, Backup, Size},
        connect::begin,
        lease_time,
    },
};

/// How long after its last sign of life.
const HELD: UnixMillis = 2 * MINUTE;
/// How often it gives one.
const EVERY: Duration = Duration::from_secs(20);
/// One that gets on with nothing for so long hangs: it is given up, and told of.
const STALLED: Duration = Duration::from_secs(30 * 60);

/// The hold of a backup. Dropped, it ends by itself, later.
pub struct Lease {
    writer: DatabaseConnection,
    clock: Clock,
    id: SnapshotId,
    held: Arc<Held>,
    beat: JoinHandle<()>,
}

/// What the backup and its beat both know.
#[derive(Debug)]
struct Held {
    lost: CancellationToken,
    /// Until when at least, by this process's own clock.
    until: AtomicI64,
    /// How often the backup got on.
    steps: AtomicU64,
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
        let taken = lease_time::now(&tx, &clock).await?;
        if backups::running(&tx, taken).await?.is_some() {
            return Err(BackupError::Busy);
        }
        if let Some(time) = since
            && backups::any_ended_since(&tx, time, now + AHEAD).await?
        {
            return Err(BackupError::Busy);
        }
        let row = Backup {
            id: id.to_string(),
            began_at: now,
            leased_until: taken + HELD,
            ended_at: None,
            error: None,
            bytes: 0,
            new_bytes: 0,
            blobs: 0,
            recorded: false,
        };
        backups::insert(&tx, row).await?;
        tx.commit().await?;
        let held = Arc::new(Held {
            lost: CancellationToken::new(),
            until: AtomicI64::new(now + HELD),
            steps: AtomicU64::new(0),
        });
        let beat = tokio::spawn(beat(writer.clone(), clock.clone(), id.clone(), Arc::clone(&held)));
        Ok(Self { writer, clock, id, held, beat })
    }

    /// The backup gets on, if it may: asked before each step.
    ///
    /// # Errors
    /// [`BackupError::LeaseLost`]: another may have begun, and nothing may be written or deleted any more.
    pub fn step(&self) -> Result<(), BackupError> {
        self.held.steps.fetch_add(1, Ordering::Relaxed);
        let over = self.clock.now() >= self.held.until.load(Ordering::Relaxed);
        if over || self.held.lost.is_cancelled() { Err(BackupError::LeaseLost) } else { Ok(()) }
    }

    /// Whether it still holds, by the database.
    ///
    /// # Errors
    /// [`BackupError::LeaseLost`].
    pub async fn check(&self) -> Result<(), BackupError> {
        if extend(&self.writer, &self.clock, &self.id, &self.held).await? {
            self.step()
        } else {
            Err(BackupError::LeaseLost)
        }
    }

    /// Ends when it is lost.
    pub async fn lost(&self) {
        self.held.lost.cancelled().await;
    }

    /// The connection that it is held by, which may write.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
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

async fn extend(writer: &DatabaseConnection, clock: &Clock, id: &SnapshotId, held: &Held) -> DbResult<bool> {
    // Asked before the database is: by whichever clock, what is held ends no earlier than this.
    let asked = clock.now();
    let tx = begin(writer).await?;
    let now = lease_time::now(&tx, clock).await?;
    let holds = backups::extend(&tx, id.as_str(), now, now + HELD).await?;
    tx.commit().await?;
    if holds {
        held.until.store(asked + HELD, Ordering::Relaxed);
    }
    Ok(holds)
}

/// Gives signs of life for as long as the backup gets on.
async fn beat(writer: DatabaseConnection, clock: Clock, id: SnapshotId, held: Arc<Held>) {
    let mut progress = Progress { steps: 0, since: Instant::now() };
    loop {
        tokio::time::sleep(EVERY).await;
        if progress.is_stalled(held.steps.load(Ordering::Relaxed), Instant::now()) {
            tracing::error!("a backup gets on with nothing; it is given up");
            return held.lost.cancel();
        }
        match timeout(EVERY, extend(&writer, &clock, &id, &held)).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return held.lost.cancel(),
            // It is tried again, while there is time.
            Ok(Err(error)) => tracing::warn!(%error, "a backup could not say that it goes on"),
            Err(_) => tracing::warn!("a backup could not say that it goes on: the database doesn't answer"),
        }
        if clock.now() >= held.until.load(Ordering::Relaxed) {
            return held.lost.cancel();
        }
    }
}

/// Since when so many steps were done.
#[derive(Debug)]
struct Progress {
    steps: u64,
    since: Instant,
}

impl Progress {
    fn is_stalled(&mut self, steps: u64, now: Instant) -> bool {
        if steps != self.steps {
            *self = Self { steps, since: now };
        }
        now.saturating_duration_since(self.since) > STALLED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gets_on_with_nothing_hangs() {
        let begun = Instant::now();
        let mut progress = Progress { steps: 0, since: begun };
        let second = Duration::from_secs(1);
        assert!(!progress.is_stalled(0, begun + STALLED));
        assert!(!progress.is_stalled(1, begun + STALLED + second), "one step more");
        assert!(!progress.is_stalled(1, begun + STALLED + STALLED));
        assert!(progress.is_stalled(1, begun + STALLED + STALLED + second + second));
    }
}
