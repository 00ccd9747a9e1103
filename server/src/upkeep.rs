//! What happens by itself: sums of anonymous denials, and the end of what has expired.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::{
    AppState, ServiceResult,
    clock::{DAY, now_ms},
    services::clean_up,
    storage,
};

/// How often.
const EVERY: Duration = Duration::from_secs(60);

/// Starts it; the task runs until it is aborted.
pub fn start(state: AppState) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
        loop {
            tick.tick().await;
            if let Err(error) = once(&state).await {
                tracing::error!(%error, "upkeep failed; it is tried again in a minute");
            }
        }
    })
}

/// One round.
pub async fn once(state: &AppState) -> ServiceResult<()> {
    flush_denials(state).await?;
    let now = state.clock.now();
    state.sign_ins.forget_expired(now_ms());
    state.recoveries.forget_expired(now_ms());
    clean_up::once(state).await?;
    let tx = state.db.begin_write().await?;
    storage::sessions::delete_expired(tx.conn(), now, &state.config.sessions).await?;
    storage::throttle::delete_before(tx.conn(), now - DAY).await?;
    tx.commit().await
}

/// The last round, at the end: what was counted must not be lost.
pub async fn last(state: &AppState) {
    if let Err(error) = flush_denials(state).await {
        tracing::error!(%error, "the last denials could not be recorded");
    }
}

async fn flush_denials(state: &AppState) -> ServiceResult<()> {
    state.audit.record_all(state.denials.take()).await
}
