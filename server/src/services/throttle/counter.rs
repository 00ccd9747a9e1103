//! Counts tries, those of many requests in one transaction: one sync of the disk serves all that wait. One after the other
//! they are judged, so that of several at once each sees those before it.

use std::collections::HashMap;

use api_types::{ErrorCode, UnixMillis};
use tokio::sync::{mpsc, oneshot};

use super::{
    rule::{Count, next},
    turn::{Turn, Turns},
};
use crate::{
    ServiceError, ServiceResult, audit,
    storage::{
        db::Db,
        throttle::{self, Tries},
    },
};

/// Most tries in one group.
const GROUP_MAX: usize = 256;
/// Requests that may wait.
const QUEUE_MAX: usize = 4096;

/// What a try is counted as.
#[derive(Debug, Default)]
pub struct Asked {
    pub counts: Vec<Count>,
    pub turns: Vec<Turns>,
}

impl Asked {
    /// All that is to be known of it.
    pub fn keys(&self) -> Vec<[u8; 32]> {
        let counts = self.counts.iter().map(|count| count.key);
        counts.chain(self.turns.iter().flat_map(|turns| [turns.bucket, turns.turn])).collect()
    }
}

/// What becomes of a try.
#[derive(Debug, Default)]
pub struct Judged {
    /// When to come again, where it is refused.
    pub refused: Option<UnixMillis>,
    /// What is to be written.
    pub writes: Vec<([u8; 32], Tries)>,
}

/// Whether all lets it through. Where not, nothing is counted, but a turn may be given.
pub fn judge(asked: &Asked, known: &HashMap<[u8; 32], Tries>, now: UnixMillis) -> Judged {
    let mut judged = Judged::default();
    for count in &asked.counts {
        match next(&count.rule, known.get(&count.key).copied(), now) {
            Ok(next) => judged.writes.push((count.key, next)),
            Err(retry_at) => judged.refused = judged.refused.max(Some(retry_at)),
        }
    }
    if judged.refused.is_some() {
        return Judged { writes: Vec::new(), ..judged };
    }
    let mut given = Vec::new();
    for turns in &asked.turns {
        match turns.look(known, now) {
            Turn::Now(written) => judged.writes.push(written),
            Turn::Held(due) => judged.refused = judged.refused.max(Some(due)),
            Turn::Given(due, written) => {
                judged.refused = judged.refused.max(Some(due));
                given.extend(written);
            }
        }
    }
    if judged.refused.is_some() { Judged { writes: given, ..judged } } else { judged }
}

#[derive(Debug)]
struct Job {
    asked: Asked,
    done: oneshot::Sender<Result<Answered, ErrorCode>>,
}

/// Let through, or when to come again.
type Answered = Result<(), UnixMillis>;

/// Hands tries to whoever counts them.
#[derive(Debug)]
pub struct Counter {
    queue: mpsc::Sender<Job>,
}

impl Counter {
    /// Starts counting. It ends with the last handle.
    pub fn start(db: Db) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(run(db, jobs));
        Self { queue }
    }

    /// Returns when it is durable, whether the try is let through.
    pub(super) async fn count(&self, asked: Asked) -> ServiceResult<Answered> {
        let (done, answer) = oneshot::channel();
        let stopped = || ServiceError::Internal("nobody counts tries any more".into());
        self.queue.send(Job { asked, done }).await.map_err(|_| stopped())?;
        match answer.await {
            Ok(Ok(answered)) => Ok(answered),
            Ok(Err(code)) => Err(code.into()),
            Err(_) => Err(stopped()),
        }
    }
}

/// Takes what waits, writes it in one transaction, and only then answers.
async fn run(db: Db, mut jobs: mpsc::Receiver<Job>) {
    let mut group = Vec::new();
    while jobs.recv_many(&mut group, GROUP_MAX).await > 0 {
        let answers: Vec<Result<Answered, ErrorCode>> = match count_group(&db, &group).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) => {
                tracing::error!(%error, tries = group.len(), "tries could not be counted, and were refused");
                vec![Err(audit::why(&error)); group.len()]
            }
        };
        for (job, answered) in group.drain(..).zip(answers) {
            let _ = job.done.send(answered);
        }
    }
}

async fn count_group(db: &Db, group: &[Job]) -> ServiceResult<Vec<Answered>> {
    let tx = db.begin_write().await?;
    let keys: Vec<_> = group.iter().flat_map(|job| job.asked.keys()).collect();
    let mut known = throttle::get_all(tx.conn(), &keys).await?;
    let mut changed = HashMap::new();
    let now = db.clock().now();
    let answers = group.iter().map(|job| {
        let judged = judge(&job.asked, &known, now);
        known.extend(judged.writes.iter().copied());
        changed.extend(judged.writes);
        judged.refused.map_or(Ok(()), Err)
    });
    let answers = answers.collect();
    let changed: Vec<_> = changed.into_iter().collect();
    throttle::put_all(tx.conn(), &changed).await?;
    tx.commit().await?;
    Ok(answers)
}
