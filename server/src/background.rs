//! Long work beside requests, by a schedule: let come to an end with the server, or given up.

use std::{future::Future, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long the end of what is under way is waited for when the server stops.
const LAST: Duration = Duration::from_secs(5);

/// The running work.
#[derive(Debug)]
pub struct Background {
    stop: CancellationToken,
    task: JoinHandle<()>,
    cut: &'static str,
}

impl Background {
    /// Starts what `run` makes; `cut` is logged where the end of the server cuts it.
    pub fn spawn<F>(run: impl FnOnce(CancellationToken) -> F, cut: &'static str) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(stop.clone()));
        Self { stop, task, cut }
    }

    /// Ends it. What doesn't end in time is given up, and begun anew after the next start.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(LAST, &mut self.task).await.is_err() {
            tracing::warn!("{}", self.cut);
            self.task.abort();
        }
    }
}

/// Waits; says whether the server goes on.
pub async fn pause(stop: &CancellationToken, time: Duration) -> bool {
    tokio::select! {
        biased;
        () = stop.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}
