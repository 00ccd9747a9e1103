//! The sequencer at work: woken by commits, in a task of its own, until the server ends.

use std::{sync::Arc, time::Duration};

use tlog::note::SigningKey;
use tokio::{
    sync::{Mutex, Notify},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{LogError, Round, Sequencer, sequencer::BATCH};
use crate::storage::db::Db;

/// New events gather for so long, so that many share a transaction.
const GATHER: Duration = Duration::from_millis(100);
/// How often one looks for events of other servers, and for a lease that has lapsed.
const LOOK: Duration = Duration::from_millis(400);
/// Before another try after a failure.
const AGAIN: Duration = Duration::from_millis(500);

/// The events tree of this server.
#[derive(Debug)]
pub struct Log {
    vkey: String,
    stop: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Log {
    /// Takes the lease over and starts the sequencer.
    ///
    /// # Errors
    /// [`LogError`].
    pub async fn start(db: Db, key: SigningKey) -> Result<Self, LogError> {
        let vkey = key.verifier().to_string();
        let stop = Arc::new(Notify::new());
        let mut sequencer = Sequencer::new(db.clone(), key);
        sequencer.take().await?;
        let task = tokio::spawn(run(db, sequencer, Arc::clone(&stop)));
        Ok(Self { vkey, stop, task: Mutex::new(Some(task)) })
    }

    /// The key that verifies checkpoints, as clients pin it: `name+id+base64`.
    pub fn vkey(&self) -> &str {
        &self.vkey
    }

    /// Integrates what is there, and ends.
    pub async fn stop(&self) {
        self.stop.notify_one();
        if let Some(task) = self.task.lock().await.take() {
            let _ = task.await;
        }
    }
}

async fn run(db: Db, mut sequencer: Sequencer, stop: Arc<Notify>) {
    let stopped = stop.notified();
    tokio::pin!(stopped);
    loop {
        let pause = drain(&mut sequencer).await;
        tokio::select! {
            () = &mut stopped => break,
            () = wake(&db, pause) => {}
        }
    }
    drain(&mut sequencer).await;
}

/// Rounds until less than a batch is left: what came meanwhile gathers again, and writers have the database to
/// themselves. Says how long to wait at most.
async fn drain(sequencer: &mut Sequencer) -> Duration {
    loop {
        match sequencer.round().await {
            Ok(Round::Integrated(BATCH)) => {}
            Ok(_) => return LOOK,
            Err(LogError::Stale) => {
                tracing::warn!("another server has taken over the log");
                return LOOK;
            }
            Err(error) => {
                tracing::error!(%error, "the log can't go on; it is tried again");
                return AGAIN;
            }
        }
    }
}

async fn wake(db: &Db, pause: Duration) {
    if timeout(pause, db.events().notified()).await.is_ok() {
        sleep(GATHER).await;
    }
}
