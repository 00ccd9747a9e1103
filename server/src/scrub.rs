//! The scrub: every signed row of the database, and every blob that it names, is read again, now and then, slowly, and compared with
//! what its author signed. What is damaged is said; a blob is given out no more, and comes back from the backups where the server may
//! open them.

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use api_types::UnixMillis;
use tokio_util::sync::CancellationToken;

use crate::{
    AppState, ServiceError, ServiceResult,
    background::{Background, pause},
    backup::schedule::span,
    clock::{DAY, HOUR},
    services::{
        scrubbing::{self, Round},
        scrubbing_rows::{self, Place},
        signed_rows::{self, RowName},
        stored_blobs::{self, Health, Looked, StoredBlob, Walk},
    },
    storage::{blobs::BlobError, scrubs::ScrubRow},
};

/// How often it looks whether one is due, and whether what was damaged is whole again.
const LOOK: Duration = Duration::from_secs(60);
/// A blob that can't be read while its store answers is asked for once more after so long.
const AGAIN: Duration = Duration::from_secs(2);

/// How fast what readers found is read again where nothing else is.
const UNPLANNED: ScrubPlan = ScrubPlan { every: DAY, rate: 16 * 1024 * 1024 };

/// What the operator decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubPlan {
    /// From the beginning of one to the next.
    pub every: UnixMillis,
    /// Bytes a second at most.
    pub rate: u64,
}

/// How often, from an hour to a year, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubEvery(pub Option<UnixMillis>);

/// Why a text doesn't say how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("how often blobs are read again is said in hours or days, from 1h to 365d, or never: for instance 30d")]
pub struct ScrubEveryError;

impl FromStr for ScrubEvery {
    type Err = ScrubEveryError;

    fn from_str(text: &str) -> Result<Self, ScrubEveryError> {
        if text == "never" {
            return Ok(Self(None));
        }
        let time = span(text).filter(|time| (HOUR..=365 * DAY).contains(time));
        time.map(|time| Self(Some(time))).ok_or(ScrubEveryError)
    }
}

impl ScrubPlan {
    /// When the next one is due, after the newest that ended.
    pub fn next(&self, newest: Option<&ScrubRow>) -> UnixMillis {
        newest.map_or(0, |row| row.began_at + self.every)
    }

    /// How long a blob of that size may take.
    fn time_for(&self, bytes: u64) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.rate.max(1) as f64)
    }
}

/// Starts it: without a plan it only looks at what readers found damaged.
pub fn start(state: AppState) -> Background {
    Background::spawn(|stop| run(state, stop), "a scrub was under way; it goes on after the next start")
}

async fn run(state: AppState, stop: CancellationToken) {
    while pause(&stop, LOOK).await {
        if let Err(error) = once(&state, &stop).await {
            tracing::error!(%error, "the scrub can't go on; it is tried again");
        }
    }
}

/// One round: what was damaged is looked at again, and a walk over all rows and blobs is begun or gone on with if one is due.
///
/// # Errors
/// The database's or the store's; the walk goes on where it was.
pub async fn once(state: &AppState, stop: &CancellationToken) -> ServiceResult<()> {
    scrubbing_rows::look_again(state).await?;
    if !scrubbing::mend(state, stop).await? {
        return Ok(());
    }
    let Some(plan) = state.config.scrub else { return Ok(()) };
    let Some(mut round) = scrubbing::begin(state, plan).await? else { return Ok(()) };
    let walked = walk(state, plan, &mut round, stop).await;
    match walked {
        Ok(true) => scrubbing::end(state, round).await,
        Ok(false) => Ok(()),
        Err(error) => {
            // It is tried again at the next look, and not only when its time is over.
            if let Err(error) = scrubbing::let_go(state, &mut round).await {
                tracing::warn!(%error, "the scrub stays taken until its time is over");
            }
            Err(error)
        }
    }
}

/// Goes on to the end. Says whether it came there, and this server still has it.
async fn walk(state: &AppState, plan: ScrubPlan, round: &mut Round, stop: &CancellationToken) -> ServiceResult<bool> {
    while let Place::Rows(after) = round.place.clone() {
        if !rows(state, plan, round, after, stop).await? {
            return Ok(false);
        }
    }
    while let Place::Blobs(walk) = &round.place {
        let Some(page) = stored_blobs::next(state.db.read(), walk.clone()).await? else { break };
        for blob in &page.blobs {
            if !one(state, plan, round, blob, stop).await? {
                // Begun anew with this page.
                scrubbing::let_go(state, round).await?;
                return Ok(false);
            }
        }
        for revision in &page.unreadable {
            round.count_unreadable();
            scrubbing::unreadable(state, revision).await?;
        }
        round.place = Place::Blobs(page.walk);
        if !scrubbing::note(state, round).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Compares a page of the signed rows, and rests as long as that took: the database has others to serve. Says whether this server
/// goes on.
async fn rows(
    state: &AppState,
    plan: ScrubPlan,
    round: &mut Round,
    after: Option<RowName>,
    stop: &CancellationToken,
) -> ServiceResult<bool> {
    let begun = Instant::now();
    let Some(page) = signed_rows::next(state.db.read(), state.instance.instance_id, after).await? else {
        round.place = Place::Blobs(Walk::Begun);
        return scrubbing::note(state, round).await;
    };
    let damaged = scrubbing_rows::found(state, &page.suspects).await?;
    round.count_rows(page.rows, damaged);
    let took = begun.elapsed();
    if !pause(stop, plan.time_for(page.bytes).saturating_sub(took).max(took)).await {
        // Begun anew with this page, or with one before.
        scrubbing::let_go(state, round).await?;
        return Ok(false);
    }
    round.place = Place::Rows(Some(page.last));
    scrubbing::note_rows(state, round).await
}

/// Looks at one, in its time. Says whether this server goes on.
async fn one(
    state: &AppState,
    plan: ScrubPlan,
    round: &mut Round,
    blob: &StoredBlob,
    stop: &CancellationToken,
) -> ServiceResult<bool> {
    let begun = Instant::now();
    let looked = look(state, blob).await?;
    round.count(blob, looked);
    if looked.health != Health::Whole {
        scrubbing::found(state, blob, looked.health).await?;
    }
    if !scrubbing::go_on(state, round).await? {
        return Ok(false);
    }
    Ok(pause(stop, plan.time_for(blob.len).saturating_sub(begun.elapsed())).await)
}

/// Looks at one that is known to be damaged, in its time; nothing where the server ends.
pub async fn look_again(
    state: &AppState,
    blob: &StoredBlob,
    stop: &CancellationToken,
) -> ServiceResult<Option<Health>> {
    let begun = Instant::now();
    let Looked { health, .. } = look(state, blob).await?;
    // Of one that is missing nothing was read.
    let bytes = if health == Health::Missing { 0 } else { blob.len };
    let plan = state.config.scrub.unwrap_or(UNPLANNED);
    let goes_on = pause(stop, plan.time_for(bytes).saturating_sub(begun.elapsed())).await;
    Ok(goes_on.then_some(health))
}

/// As [`stored_blobs::look`]: where the store answers, and this blob can't be read all the same, it is the blob's own fault.
pub async fn look(state: &AppState, blob: &StoredBlob) -> ServiceResult<Looked> {
    for _ in 0..2 {
        match stored_blobs::look(&state.blobs, blob).await {
            Ok(looked) => return Ok(looked),
            Err(BlobError::Unavailable(_)) => state.blobs.ready().await?,
            Err(error) => return Err(ServiceError::Blobs(error)),
        }
        tokio::time::sleep(AGAIN).await;
    }
    Ok(Health::Unreadable.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_is_said_in_one_way() {
        assert_eq!("1h".parse(), Ok(ScrubEvery(Some(HOUR))));
        assert_eq!("365d".parse(), Ok(ScrubEvery(Some(365 * DAY))));
        assert_eq!("never".parse(), Ok(ScrubEvery(None)));
        for text in ["", "59m", "366d", "Never", "30"] {
            assert_eq!(text.parse::<ScrubEvery>(), Err(ScrubEveryError), "{text}");
        }
    }

    #[test]
    fn a_blob_takes_its_time() {
        let plan = ScrubPlan { every: DAY, rate: 1024 };
        assert_eq!(plan.time_for(2048), Duration::from_secs(2));
        assert_eq!(plan.time_for(0), Duration::ZERO);
    }
}
