//! The sequencer at work: woken by commits, in a task of its own, until the server ends. Beside it what publishes its heads,
//! which waits for witnesses; the sequencer waits for none.

use std::{sync::Arc, time::Duration};

use tlog::note::SigningKey;
use tokio::{
    sync::{Mutex, Notify, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{LogError, Round, Sequencer, publish::Publisher, sequencer::BATCH};
use crate::{
    storage::{
        db::Db,
        log::{Fence, Tree},
    },
    witnesses::Witness,
};

/// New entries gather for so long, so that many share a transaction.
const GATHER: Duration = Duration::from_millis(100);
/// How often one looks for entries of other servers, and for a lease that has lapsed.
const LOOK: Duration = Duration::from_millis(400);
/// Before another try after a failure.
const AGAIN: Duration = Duration::from_millis(500);

/// A tree of this server.
#[derive(Debug)]
pub struct Log {
    vkey: String,
    stop: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Log {
    /// Takes the lease over, integrates all that is there, and starts the sequencer. With witnesses people see heads that
    /// these were asked about.
    ///
    /// # Errors
    /// [`LogError`].
    pub async fn start(db: Db, tree: Tree, key: SigningKey, witnesses: Vec<Witness>) -> Result<Self, LogError> {
        let vkey = key.verifier().to_string();
        let stop = Arc::new(Notify::new());
        let mut publisher =
            if witnesses.is_empty() { None } else { Some(Publisher::new(db.clone(), tree, witnesses)?) };
        let mut work = Work { tree, sequencer: Sequencer::new(db.clone(), tree, key) };
        work.sequencer.take().await?;
        // Before anybody asks: nobody may see an older head than before the start, nor an event without its opening.
        if let Err(error) = work.sequencer.catch_up().await {
            tracing::error!(tree = tree.name(), %error, "the log can't catch up; it is tried again");
        }
        if let Some(publisher) = &mut publisher {
            publish(publisher, tree, work.sequencer.fence()).await;
        }
        let task = tokio::spawn(run(db, work, publisher, Arc::clone(&stop)));
        Ok(Self { vkey, stop, task: Mutex::new(Some(task)) })
    }

    /// A tree that stays as it is: a restored copy that is only tried must sign nothing, or there would be two histories.
    pub fn still(key: &SigningKey) -> Self {
        Self { vkey: key.verifier().to_string(), stop: Arc::default(), task: Mutex::new(None) }
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

/// What the sequencer's side does.
#[derive(Debug)]
struct Work {
    tree: Tree,
    sequencer: Sequencer,
}

async fn run(db: Db, work: Work, publisher: Option<Publisher>, stop: Arc<Notify>) {
    let tree = work.tree;
    let (tell, told) = watch::channel(work.sequencer.fence());
    match publisher {
        Some(publisher) => {
            tokio::join!(sequence(db, work, stop, tell), keep_published(publisher, tree, told));
        }
        None => sequence(db, work, stop, tell).await,
    }
}

/// Tells after each look which lease is held.
async fn sequence(db: Db, mut work: Work, stop: Arc<Notify>, tell: watch::Sender<Option<Fence>>) {
    let stopped = stop.notified();
    tokio::pin!(stopped);
    loop {
        let pause = work.drain().await;
        tell.send_replace(work.sequencer.fence());
        tokio::select! {
            () = &mut stopped => break,
            () = wake(&db, work.tree, pause) => {}
        }
    }
    work.drain().await;
    tell.send_replace(work.sequencer.fence());
}

/// Publishes after each look, the last one too, and whenever a witness has answered that no head waited for.
async fn keep_published(mut publisher: Publisher, tree: Tree, mut told: watch::Receiver<Option<Fence>>) {
    loop {
        tokio::select! {
            looked = told.changed() => if looked.is_err() { break },
            () = publisher.heard() => {}
        }
        let fence = *told.borrow_and_update();
        publish(&mut publisher, tree, fence).await;
    }
    publisher.end().await;
}

/// Who holds the lease publishes. What fails is tried again with the next look.
async fn publish(publisher: &mut Publisher, tree: Tree, fence: Option<Fence>) {
    let Some(fence) = fence else { return };
    match publisher.publish(fence).await {
        Ok(()) | Err(LogError::Stale) => {}
        Err(error) => {
            tracing::error!(tree = tree.name(), %error, "the log's head can't be published; it is tried again");
        }
    }
}

impl Work {
    /// Rounds until less than a batch is left: what came meanwhile gathers again, and writers have the database to
    /// themselves. Says how long to wait at most.
    async fn drain(&mut self) -> Duration {
        loop {
            match self.sequencer.round().await {
                Ok(Round::Integrated(BATCH)) => {}
                Ok(_) => return LOOK,
                Err(LogError::Stale) => {
                    tracing::warn!(tree = self.tree.name(), "another server has taken over the log");
                    return LOOK;
                }
                Err(error) => {
                    tracing::error!(tree = self.tree.name(), %error, "the log can't go on; it is tried again");
                    return AGAIN;
                }
            }
        }
    }
}

async fn wake(db: &Db, tree: Tree, pause: Duration) {
    if timeout(pause, db.commits(tree).notified()).await.is_ok() {
        sleep(GATHER).await;
    }
}
