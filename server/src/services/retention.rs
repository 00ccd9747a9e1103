//! Removes events that are older than the operator keeps them. Their leaves, the tree and its proofs stay.

use crate::{
    AppState, ServiceResult,
    clock::{DAY, MINUTE},
    keep_events::KeepEvents,
    storage::{
        backups, lease_time,
        log::{self, Tree},
        retention::Batch,
    },
};

/// Events of one transaction: writers wait some ten milliseconds for it.
const BATCH: u64 = 1000;
/// Most transactions in one round.
const BATCHES: usize = 20;
/// A clock that was moved forward by more since the start is not believed,
const TRUSTED: i64 = 10 * MINUTE;
/// nor one by which nothing happened for longer before the start.
const SILENT: i64 = 366 * DAY;

/// One round.
pub async fn once(state: &AppState) -> ServiceResult<()> {
    let Some(keep) = state.config.keep_events else { return Ok(()) };
    let mut removed = false;
    for _ in 0..BATCHES {
        match batch(state, keep).await? {
            Found::Nothing => break,
            Found::Some { more } => {
                removed = true;
                if !more {
                    break;
                }
            }
        }
    }
    if !removed {
        return Ok(());
    }
    // A backup reads all the while: it would only be waited for.
    let now = lease_time::now(state.db.read(), &state.clock).await?;
    if backups::running(state.db.read(), now).await?.is_none() {
        state.db.truncate_wal().await?;
    }
    Ok(())
}

/// What a transaction found.
enum Found {
    Nothing,
    Some { more: bool },
}

async fn batch(state: &AppState, keep: KeepEvents) -> ServiceResult<Found> {
    // Looked at first where nobody has to wait for it: mostly there is nothing.
    if !next(state, keep, state.db.read()).await?.is_due() {
        return Ok(Found::Nothing);
    }
    if !is_clock_trusted(state) {
        return Ok(Found::Nothing);
    }
    let mut tx = state.db.begin_write().await?;
    let batch = next(state, keep, tx.conn()).await?;
    if !batch.is_due() {
        return Ok(Found::Nothing);
    }
    let more = batch.is_full();
    let event = batch.remove(tx.conn()).await?;
    tx.record(event).await?;
    tx.commit().await?;
    Ok(Found::Some { more })
}

/// A clock that is ahead would make young events, drafts and snapshots old, and they would be gone for good.
pub(crate) fn is_clock_trusted(state: &AppState) -> bool {
    let (ahead, silent) = (state.clock.ran_ahead(), state.db.silent_before());
    let trusted = ahead <= TRUSTED && silent <= SILENT;
    if !trusted {
        let (ahead_s, silent_s) = (ahead / 1000, silent / 1000);
        tracing::warn!(
            ahead_s,
            silent_s,
            "the clock may be ahead: it ran ahead since the start, or nothing happened for more than a year before. No old \
             events, drafts and snapshots are removed until the next start"
        );
    }
    trusted
}

/// Only what a signed head covers may go.
async fn next(state: &AppState, keep: KeepEvents, conn: &impl sea_orm::ConnectionTrait) -> ServiceResult<Batch> {
    let leaves = log::head(conn, Tree::Events).await?.map_or(0, |head| head.size);
    Ok(Batch::next(conn, leaves, keep.limit(state.clock.now()), BATCH).await?)
}
