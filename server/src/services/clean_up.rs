//! What ends by time or was left over: expired uploads, blobs that no row names, challenges, grants past their end.

use crate::{
    AppState, ServiceResult,
    audit::EventDraft,
    services::{access, uploads},
    storage::{self, blob_garbage, grants_challenges, reports_list},
};
use api_types::audit::Action;

/// Most of each kind in one round.
const BATCH: u64 = 1000;

/// One round.
pub async fn once(state: &AppState) -> ServiceResult<()> {
    end_grants(state).await?;
    expire_uploads(state).await?;
    delete_blobs(state).await
}

/// Grants whose time has passed leave their holders' lists.
async fn end_grants(state: &AppState) -> ServiceResult<()> {
    let overdue = reports_list::overdue_anywhere(state.db.read(), state.clock.now(), BATCH).await?;
    access::end_overdue(state, overdue).await
}

async fn expire_uploads(state: &AppState) -> ServiceResult<()> {
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let expired = storage::uploads::expired(tx.conn(), now, BATCH).await?;
    for upload in &expired {
        uploads::discard(tx.conn(), upload, now).await?;
    }
    if !expired.is_empty() {
        let event = EventDraft::anonymous(Action::Upload).with("what", "expired").with("count", expired.len());
        tx.record(event).await?;
    }
    grants_challenges::forget_expired(tx.conn(), now).await?;
    tx.commit().await
}

/// Deletes blobs first and forgets their keys then: a crash in between only means deleting again.
async fn delete_blobs(state: &AppState) -> ServiceResult<()> {
    let keys = blob_garbage::due(state.db.read(), state.clock.now(), BATCH).await?;
    if keys.is_empty() {
        return Ok(());
    }
    for key in &keys {
        state.blobs.delete(key).await?;
    }
    let tx = state.db.begin_write().await?;
    blob_garbage::remove(tx.conn(), keys).await?;
    tx.commit().await
}
