//! The task of an outbox: started beside the server, and let come to an end with it.

use std::{future::Future, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long the end may take; what is left over is sent after the next start, as long as it counts.
const LAST: Duration = Duration::from_secs(10);

/// The running task.
#[derive(Debug)]
pub struct OutboxTask {
    stop: CancellationToken,
    task: JoinHandle<()>,
    cut: &'static str,
}

impl OutboxTask {
    /// Starts what `run` makes; `cut` is logged where the end of the server cuts it.
    pub fn spawn<F>(run: impl FnOnce(CancellationToken) -> F, cut: &'static str) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(stop.clone()));
        Self { stop, task, cut }
    }

    /// Lets the messages in hand come to an end.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(LAST, &mut self.task).await.is_err() {
            self.task.abort();
            tracing::warn!("{}", self.cut);
        }
    }
}
