//! What ends by time or was left over: expired uploads, blobs that no row names, challenges, grants past their end.

use std::collections::BTreeSet;

use api_types::{UnixMillis, audit::Action};
use futures::future::join_all;

use crate::{
    AppState, ServiceResult,
    audit::EventDraft,
    clock::MINUTE,
    services::{access, drafts, quotas, retention, uploads},
    storage::{self, backups, blob_garbage, damaged_blobs, grants_challenges, lease_time, reports_list},
    upkeep::Steps,
};

/// Most of each kind in one round.
const BATCH: u64 = 1000;
/// Uploads that end in one transaction: all servers wait for it with what they have to write.
const UPLOADS: u64 = 100;
/// Blobs that are deleted at once.
const AT_ONCE: usize = 8;
/// A blob whose deletion was taken in hand and that is there still is tried again after so long.
const AGAIN: UnixMillis = 10 * MINUTE;

/// One round.
pub async fn once(state: &AppState) -> ServiceResult<()> {
    let mut steps = Steps::default();
    steps.take(end_grants(state).await)?;
    steps.take(expire_uploads(state).await)?;
    steps.take(expire_drafts(state).await)?;
    steps.take(delete_blobs(state).await)?;
    abort_left(state).await;
    steps.end()
}

/// Grants whose time has passed leave their holders' lists.
async fn end_grants(state: &AppState) -> ServiceResult<()> {
    let overdue = reports_list::overdue_anywhere(state.db.read(), state.clock.now(), BATCH).await?;
    access::end_overdue(state, overdue).await
}

async fn expire_uploads(state: &AppState) -> ServiceResult<()> {
    for _ in 0..BATCH / UPLOADS {
        if expire_some(state).await? < UPLOADS {
            break;
        }
    }
    Ok(())
}

/// Says how many.
async fn expire_some(state: &AppState) -> ServiceResult<u64> {
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let expired = storage::uploads::expired(tx.conn(), now, UPLOADS).await?;
    let mut payers = BTreeSet::new();
    for upload in &expired {
        uploads::discard(tx.conn(), upload, now).await?;
        payers.insert(quotas::payer_of(tx.conn(), upload).await?);
    }
    for payer in payers {
        quotas::tell(state, &mut tx, payer).await?;
    }
    if !expired.is_empty() {
        let event = EventDraft::anonymous(Action::Upload).with("what", "expired").with("count", expired.len());
        tx.record(event).await?;
    }
    grants_challenges::forget_expired(tx.conn(), now).await?;
    tx.commit().await?;
    Ok(expired.len() as u64)
}

/// Where the operator keeps drafts for a time only: those that were last saved before it go, with their uploads.
async fn expire_drafts(state: &AppState) -> ServiceResult<()> {
    let now = state.clock.now();
    let Some(kept) = state.config.keep.drafts() else { return Ok(()) };
    // A clock that is ahead would make young drafts old, and they would be gone for good.
    if storage::drafts::saved_before(state.db.read(), now - kept, 1).await?.is_empty()
        || !retention::is_clock_trusted(state)
    {
        return Ok(());
    }
    let mut tx = state.db.begin_write().await?;
    for (report, author) in storage::drafts::saved_before(tx.conn(), now - kept, BATCH).await? {
        drafts::forget_uploads(tx.conn(), author, report, now).await?;
        storage::drafts::delete(tx.conn(), report, author).await?;
        let event = EventDraft::anonymous(Action::DraftDelete).with("what", "retention").with("draft", report);
        tx.record(event.with("account", author)).await?;
        let payer = quotas::payer(tx.conn(), report, author).await?;
        quotas::tell(state, &mut tx, payer).await?;
    }
    tx.commit().await
}

/// Takes in hand what is to be deleted: until a time no other server does, and who wrote such a blob keeps it no more. Nothing while
/// a backup runs.
async fn claim(state: &AppState) -> ServiceResult<(Vec<String>, UnixMillis)> {
    let now = state.clock.now();
    let until = now + AGAIN;
    // Looked for without the writer: mostly there is nothing.
    if blob_garbage::due(state.db.read(), now, 1).await?.is_empty() {
        return Ok((Vec::new(), until));
    }
    let tx = state.db.begin_write().await?;
    let keys = blob_garbage::due(tx.conn(), now, BATCH).await?;
    // Asked after the keys were read: of a backup that begins later, no snapshot names one of them.
    if backups::running(tx.conn(), lease_time::now(tx.conn(), &state.clock).await?).await?.is_some() {
        return Ok((Vec::new(), until));
    }
    blob_garbage::add(tx.conn(), keys.clone(), until).await?;
    tx.commit().await?;
    Ok((keys, until))
}

/// Deletes blobs first and forgets their keys then: a crash in between only means deleting again. A store that is away
/// ends the round and no more: the keys stay. One that can't be deleted while those beside it can keeps none behind it.
async fn delete_blobs(state: &AppState) -> ServiceResult<()> {
    let (keys, until) = claim(state).await?;
    // One that was written in the place of a damaged one, and that is named still, stays.
    let named = damaged_blobs::named_of(state.db.read(), &keys).await?;
    let (named, keys): (Vec<String>, Vec<String>) = keys.into_iter().partition(|key| named.contains(key));
    let mut gone = Vec::new();
    for some in keys.chunks(AT_ONCE) {
        let before = gone.len();
        let deleted = join_all(some.iter().map(|key| state.blobs.delete(key))).await;
        for (key, deleted) in some.iter().zip(deleted) {
            match deleted {
                Ok(()) => gone.push(key.clone()),
                Err(error) => tracing::warn!(%error, "a blob could not be deleted; it is tried again"),
            }
        }
        if gone.len() == before {
            break;
        }
    }
    if gone.is_empty() && named.is_empty() {
        return Ok(());
    }
    let tx = state.db.begin_write().await?;
    // What was erased meanwhile is deleted in the next round.
    gone.extend(damaged_blobs::named_of(tx.conn(), &named).await?);
    blob_garbage::done(tx.conn(), gone, until).await?;
    tx.commit().await
}

/// Ends what a kill left of blobs on their way into a bucket. A store that is away keeps it until a later round.
async fn abort_left(state: &AppState) {
    match state.blobs.abort_left().await {
        Ok(0) => {}
        Ok(ended) => tracing::info!(ended, "blobs that broke off on their way into the bucket are gone from it"),
        Err(error) => {
            tracing::warn!(%error, "what broke off on its way into the bucket stays there; it is tried again")
        }
    }
}
