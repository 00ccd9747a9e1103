//! What happens by itself: sums of anonymous denials, and the end of what has expired.

use std::{sync::Arc, time::Duration};

use api_types::ErrorCode;
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    AppState, ServiceError, ServiceResult,
    clock::{DAY, HOUR, MINUTE, now_ms},
    live,
    services::{backups, clean_up, closing, escrow_admin, retention, trusted},
    storage,
};

/// How often.
const EVERY: Duration = Duration::from_secs(60);
/// How long its end may take; what is left over is done after the next start.
const LAST: Duration = Duration::from_secs(10);

/// The running upkeep.
#[derive(Debug)]
pub struct Upkeep {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

/// Starts it.
pub fn start(state: AppState) -> Upkeep {
    let stop = Arc::new(Notify::new());
    let task = tokio::spawn(run(state, Arc::clone(&stop)));
    Upkeep { stop, task }
}

async fn run(state: AppState, stop: Arc<Notify>) {
    let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    loop {
        tokio::select! {
            () = stop.notified() => return last(&state).await,
            _ = tick.tick() => {}
        }
        if let Err(error) = once(&state).await {
            tracing::error!(%error, "upkeep failed; it is tried again in a minute");
        }
    }
}

impl Upkeep {
    /// Lets the round under way end, so that nothing it took in hand is lost, and writes what was counted since.
    pub async fn stop(self) {
        self.stop.notify_one();
        if tokio::time::timeout(LAST, self.task).await.is_err() {
            tracing::error!("upkeep did not end in time; the last denials may not be recorded");
        }
    }
}

/// The steps of a round. One that fails for itself, by a row that can't be read for instance, holds up none behind it: else one such row
/// would keep whatever ends by time for ever. Where the database is away none would fare better.
#[derive(Debug, Default)]
pub(crate) struct Steps(Option<ServiceError>);

impl Steps {
    /// How a step ended.
    ///
    /// # Errors
    /// What ends the round.
    pub(crate) fn take(&mut self, ended: ServiceResult<()>) -> ServiceResult<()> {
        let Err(error) = ended else { return Ok(()) };
        if let Some(error) = self.0.take() {
            tracing::error!(%error, "a part of upkeep failed; it is tried again in a minute");
        }
        if error.problem().code != ErrorCode::Internal {
            return Err(error);
        }
        self.0 = Some(error);
        Ok(())
    }

    /// How the round ended.
    pub(crate) fn end(self) -> ServiceResult<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// One round.
pub async fn once(state: &AppState) -> ServiceResult<()> {
    let mut steps = Steps::default();
    steps.take(flush_denials(state).await)?;
    steps.take(clean_up::once(state).await)?;
    steps.take(warn_of_clock(state).await)?;
    steps.take(retention::once(state).await)?;
    steps.take(trusted::remind(state).await)?;
    steps.take(escrow_admin::remind(state).await)?;
    steps.take(closing::remove_due(state).await)?;
    steps.take(backups::record_ended(state).await)?;
    steps.take(forget_ended(state).await)?;
    steps.end()
}

/// Rows that have ended, and that nothing else hangs on.
async fn forget_ended(state: &AppState) -> ServiceResult<()> {
    let (now, keep) = (state.clock.now(), &state.config.keep);
    let tx = state.db.begin_write().await?;
    storage::sessions::delete_expired(tx.conn(), now, &state.config.sessions).await?;
    storage::api_tokens::delete_expired_before(tx.conn(), now - keep.ended_tokens()).await?;
    storage::throttle::delete_before(tx.conn(), now - DAY).await?;
    storage::email_verifications::delete_expired(tx.conn(), now).await?;
    storage::email_changes::delete_expired(tx.conn(), now).await?;
    storage::identities::delete_expired(tx.conn(), now).await?;
    storage::phone_codes::delete_expired(tx.conn(), now).await?;
    storage::sign_up_codes::delete_expired(tx.conn(), now).await?;
    storage::outbox::delete_failed_before(tx.conn(), now - keep.failed_mail()).await?;
    if let Some(kept) = keep.ended_invitations() {
        storage::invitations::delete_ended_before(tx.conn(), now - kept).await?;
    }
    storage::ceremonies::forget_expired(tx.conn(), now_ms()).await?;
    storage::live_events::forget_before(tx.conn(), now - live::KEPT_FOR).await?;
    storage::closing::sweep(tx.conn(), now - HOUR).await?;
    storage::backups::delete_before(tx.conn(), now - backups::LISTED_FOR).await?;
    storage::scrubs::delete_before(tx.conn(), now - backups::LISTED_FOR).await?;
    storage::drills::delete_before(tx.conn(), now - backups::LISTED_FOR).await?;
    tx.commit().await
}

/// Events are never stamped earlier than the one before them: a clock that was once ahead stays in the audit's times. And servers of
/// one database should agree on what time it is.
async fn warn_of_clock(state: &AppState) -> ServiceResult<()> {
    state.membership.warn_of_clock();
    let behind = storage::audit::newest_time(state.db.read()).await?.map_or(0, |newest| newest - state.clock.now());
    if behind > MINUTE {
        let seconds = behind / 1000;
        tracing::error!(
            seconds,
            "the clock is behind the newest event, whose time new events are given until it is past"
        );
    }
    Ok(())
}

/// The last round, at the end: what was counted must not be lost.
async fn last(state: &AppState) {
    if let Err(error) = flush_denials(state).await {
        tracing::error!(%error, "the last denials could not be recorded");
    }
}

/// Writes what was counted; what can't be written is counted on.
async fn flush_denials(state: &AppState) -> ServiceResult<()> {
    let sums = state.denials.take();
    let written = state.audit.record_all(sums.events()).await;
    if written.is_err() {
        state.denials.put_back(sums);
    }
    written
}
