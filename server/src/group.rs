//! Work of many requests in one transaction: one sync of the disk serves all that wait. It is done in the order in which it
//! came, so that of several at once each sees those before it.

use std::future::Future;

use api_types::{ErrorCode, UnixMillis};
use tokio::sync::{mpsc, oneshot};

use crate::{
    ServiceError, ServiceResult,
    storage::db::{Db, WriteTx},
};

/// Most requests in one group.
const GROUP_MAX: usize = 512;
/// Most that they weigh, but for one that alone weighs more.
const GROUP_WEIGHT: usize = 2_000;
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

    /// How many rows it is about: a group must not keep others from writing for long.
    fn weight(_: &Self::Asked) -> usize {
        1
    }

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
        for group in cut(std::mem::take(&mut waiting), |(asked, _)| W::weight(asked)) {
            // A panic would end this one, and with it every request to come.
            let written = tokio::spawn(write::<W>(db.clone(), group));
            if let Err(error) = written.await {
                tracing::error!(%error, "{} could not be written", W::NAME);
            }
        }
    }
}

/// Groups in their order, none heavier than it may be.
fn cut<T>(jobs: Vec<T>, weight: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    let mut sum = 0;
    for job in jobs {
        let more = weight(&job);
        match groups.last_mut() {
            Some(group) if sum + more <= GROUP_WEIGHT => {
                group.push(job);
                sum += more;
            }
            _ => {
                groups.push(vec![job]);
                sum = more;
            }
        }
    }
    groups
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_weighs_no_more_than_it_may() {
        let cut = |weights: &[usize]| cut(weights.to_vec(), |weight| *weight);
        assert!(cut(&[]).is_empty());
        assert_eq!(cut(&[1; 512]).len(), 1);
        assert_eq!(cut(&[1_500, 500, 1, 3_000, 1]), [vec![1_500, 500], vec![1], vec![3_000], vec![1]]);
    }
}
