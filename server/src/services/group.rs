//! Work of many requests in one transaction: one sync of the disk serves all that wait. It is done in the order in which it
//! came, so that of several at once each sees those before it.

use std::future::Future;

use api_types::ErrorCode;
use tokio::sync::{mpsc, oneshot};

use crate::{ServiceError, ServiceResult, audit, storage::db::Db};

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

    /// Writes all of a group in one transaction: an answer for each, in their order.
    fn write(db: &Db, group: &[Self::Asked]) -> impl Future<Output = ServiceResult<Vec<Self::Answer>>> + Send;
}

type Done<W> = oneshot::Sender<Result<<W as Work>::Answer, ErrorCode>>;

/// Hands requests to whoever writes them.
#[derive(Debug)]
pub struct Group<W: Work> {
    queue: mpsc::Sender<(W::Asked, Done<W>)>,
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
        let stopped = || ServiceError::Internal(format!("nobody writes any more: {}", W::NAME));
        self.queue.send((asked, done)).await.map_err(|_| stopped())?;
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(code)) => Err(code.into()),
            Err(_) => Err(stopped()),
        }
    }
}

/// Takes what waits, writes it in one transaction, and only then answers.
async fn run<W: Work>(db: Db, mut jobs: mpsc::Receiver<(W::Asked, Done<W>)>) {
    let mut waiting = Vec::new();
    while jobs.recv_many(&mut waiting, GROUP_MAX).await > 0 {
        let (asked, done): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        match W::write(&db, &asked).await {
            Ok(answers) => {
                for (done, answer) in done.into_iter().zip(answers) {
                    let _ = done.send(Ok(answer));
                }
            }
            Err(error) => {
                tracing::error!(%error, requests = done.len(), "{} could not be written, and were refused", W::NAME);
                for done in done {
                    let _ = done.send(Err(audit::why(&error)));
                }
            }
        }
    }
}
