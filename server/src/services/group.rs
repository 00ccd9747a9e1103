//! Work of many requests in one transaction: one sync of the disk serves all that wait. It is done in the order in which it
//! came, so that of several at once each sees those before it.

use std::future::Future;

use api_types::{ErrorCode, UnixMillis};
use tokio::sync::{mpsc, oneshot};

use crate::{
    ServiceError, ServiceResult, audit,
    storage::db::{Db, WriteTx},
};

/// Most in one group.
const GROUP_MAX: usize = 256;
/// Requests that may wait.
const QUEUE_MAX: usize = 4096;

/// What is done in groups.
pub trait Work: Send + 'static {
    /// What one request asks.
    type Asked: Send + Sync + 'static;
    /// What it is answered.
    type Answer: Send + 'static;
    /// What it is, for the operator.
    const NAME: &'static str;

    /// Writes all of a group: an answer for each, in their order.
    fn write(
        tx: &WriteTx,
        now: UnixMillis,
        group: &[&Self::Asked],
    ) -> impl Future<Output = ServiceResult<Vec<Self::Answer>>> + Send;
}

/// Why nothing was written.
#[derive(Debug, Clone, Copy)]
struct Failed {
    code: ErrorCode,
    /// It may go again in a moment.
    soon: bool,
}

type Job<W> = (<W as Work>::Asked, oneshot::Sender<Result<<W as Work>::Answer, Failed>>);

/// Hands requests to whoever writes them.
#[derive(Debug)]
pub struct Group<W: Work> {
    queue: mpsc::Sender<Job<W>>,
}

impl<W: Work> Group<W> {
    /// Starts writing. It ends with the last handle.
    pub fn start(db: Db) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(run::<W>(db, jobs));
        Self { queue }
    }

    /// Returns when it is durable.
    pub async fn ask(&self, asked: W::Asked) -> ServiceResult<W::Answer> {
        let (done, answer) = oneshot::channel();
        let stopped = || ServiceError::Internal(format!("nobody wrote {}", W::NAME));
        self.queue.send((asked, done)).await.map_err(|_| stopped())?;
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Failed { code, soon: true })) => Err(ServiceError::BackSoon(code)),
            Ok(Err(Failed { code, soon: false })) => Err(code.into()),
            Err(_) => Err(stopped()),
        }
    }
}

/// Takes what waits, and writes it.
async fn run<W: Work>(db: Db, mut jobs: mpsc::Receiver<Job<W>>) {
    let mut waiting = Vec::new();
    while jobs.recv_many(&mut waiting, GROUP_MAX).await > 0 {
        // A panic would end this one, and with it every request to come.
        let written = tokio::spawn(write::<W>(db.clone(), std::mem::take(&mut waiting)));
        if let Err(error) = written.await {
            tracing::error!(%error, "{} could not be written", W::NAME);
        }
    }
}

/// Writes a group in one transaction, and only then answers.
async fn write<W: Work>(db: Db, mut jobs: Vec<Job<W>>) {
    match write_for_who_stayed::<W>(&db, &mut jobs).await {
        Ok(answers) => {
            for ((_, done), answer) in jobs.into_iter().zip(answers) {
                let _ = done.send(Ok(answer));
            }
        }
        Err(error) => {
            tracing::error!(%error, requests = jobs.len(), "{} could not be written, and were refused", W::NAME);
            let failed = Failed { code: audit::why(&error), soon: error.problem().retry_at.is_some() };
            for (_, done) in jobs {
                let _ = done.send(Err(failed));
            }
        }
    }
}

async fn write_for_who_stayed<W: Work>(db: &Db, jobs: &mut Vec<Job<W>>) -> ServiceResult<Vec<W::Answer>> {
    let tx = db.begin_write().await?;
    // Some may have left while the one before was writing. Nothing is done for them.
    jobs.retain(|(_, done)| !done.is_closed());
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let group: Vec<&W::Asked> = jobs.iter().map(|(asked, _)| asked).collect();
    let answers = W::write(&tx, db.clock().now(), &group).await?;
    tx.commit().await?;
    Ok(answers)
}
