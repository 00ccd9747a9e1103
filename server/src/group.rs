//! Work of many requests in one transaction: one sync of the disk serves all that wait. It is done in the order in which it
//! came, so that of several at once each sees those before it.

use std::future::Future;

use api_types::{ErrorCode, UnixMillis};
use tokio::sync::{mpsc, oneshot};

use crate::{
    ServiceError, ServiceResult,
    storage::db::{Db, WriteTx},
};

/// Most in one group.
const GROUP_MAX: usize = 512;
/// Requests that may wait.
const QUEUE_MAX: usize = 4096;

/// What is done in groups.
pub trait Work: Send + 'static {
    /// What one request asks.
    type Asked: Send + 'static;
    /// What it is answered.
    type Answer: Send + 'static;
    /// What it is, for the operator.
    const NAME: &'static str;
    /// Whether it is written for a request that has left meanwhile as well.
    const FOR_WHO_LEFT: bool = false;

    /// Writes all of a group: an answer for each, in their order.
    fn write(
        tx: &mut WriteTx,
        now: UnixMillis,
        group: Vec<Self::Asked>,
    ) -> impl Future<Output = ServiceResult<Vec<Self::Answer>>> + Send;
}

/// Why nothing was written.
#[derive(Debug, Clone, Copy)]
struct Failed {
    code: ErrorCode,
    /// It may go again in a moment.
    soon: bool,
}

type Done<W> = oneshot::Sender<Result<<W as Work>::Answer, Failed>>;
type Job<W> = (<W as Work>::Asked, Done<W>);

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
async fn write<W: Work>(db: Db, jobs: Vec<Job<W>>) {
    let (asked, mut waiting): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
    match write_all::<W>(&db, asked, &mut waiting).await {
        Ok(answers) => {
            for (done, answer) in waiting.into_iter().zip(answers) {
                let _ = done.send(Ok(answer));
            }
        }
        Err(error) => {
            tracing::error!(%error, requests = waiting.len(), "{} could not be written, and were refused", W::NAME);
            let failed = Failed { code: why(&error), soon: error.problem().retry_at.is_some() };
            for done in waiting {
                let _ = done.send(Err(failed));
            }
        }
    }
}

/// Takes out of those who wait whom nothing is written for.
async fn write_all<W: Work>(
    db: &Db,
    mut group: Vec<W::Asked>,
    waiting: &mut Vec<Done<W>>,
) -> ServiceResult<Vec<W::Answer>> {
    let mut tx = db.begin_write().await?;
    if !W::FOR_WHO_LEFT {
        // Some may have left while the one before was writing.
        let stayed: Vec<_> = group.into_iter().zip(waiting.drain(..)).filter(|(_, done)| !done.is_closed()).collect();
        if stayed.is_empty() {
            return Ok(Vec::new());
        }
        (group, *waiting) = stayed.into_iter().unzip();
    }
    let answers = W::write(&mut tx, db.clock().now(), group).await?;
    tx.commit().await?;
    Ok(answers)
}

/// What those who wait are told: nobody is answered what isn't written.
fn why(error: &ServiceError) -> ErrorCode {
    match error.problem().code {
        ErrorCode::Internal => ErrorCode::Unavailable,
        code => code,
    }
}
