//! A restore drill: the newest snapshot is restored, by a schedule, into a scratch folder, compared, and a canary report in it
//! opened with its own key.
//!
//! The server has no code that opens a report, and gets none for this: it serves the copy on the loopback address for as long
//! as it takes, and starts `hs`, which signs in there as the canary's account and opens the canary. Without the identity of
//! the backups nothing can be restored: then the stored bytes are compared with their hashes, and that is all it proves.

mod canary;
pub(super) mod copy;
pub(super) mod scratch;

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use api_types::UnixMillis;
use tokio_util::sync::CancellationToken;

pub use canary::Canary;

use super::{
    BackupError, Identities, Repository, SnapshotId,
    schedule::{Schedule, span},
    verify,
};
use crate::{
    AppState, ServiceResult,
    background::{Background, pause},
    clock::{DAY, HOUR},
    services::drills,
    storage::drills::{CanaryState, DrillRow},
};
use scratch::Scratch;

/// How often it looks whether one is due.
const LOOK: Duration = Duration::from_secs(60);
/// How often one that runs says that it goes on.
const BEAT: Duration = Duration::from_secs(20);
/// One that failed is tried again after so long, or when the next would be due.
const AGAIN: UnixMillis = 6 * HOUR;
/// So often it begins anew where its snapshot was dropped for its age meanwhile.
const TRIES: usize = 3;

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct DrillPlan {
    /// How often.
    pub every: DrillEvery,
    /// The file with the private key of the backups.
    pub identity: Option<PathBuf>,
    /// Where snapshots are restored to; a folder of it is made and removed.
    pub scratch: PathBuf,
    /// The report that is opened.
    pub canary: Option<Canary>,
}

/// How often: from an hour to a quarter of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrillEvery(UnixMillis);

/// Why a text doesn't say how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("how often a restore is tried is said in hours or days, from 1h to 90d: for instance 7d")]
pub struct DrillEveryError;

impl FromStr for DrillEvery {
    type Err = DrillEveryError;

    fn from_str(text: &str) -> Result<Self, DrillEveryError> {
        let time = span(text).filter(|time| (HOUR..=90 * DAY).contains(time));
        time.map(Self).ok_or(DrillEveryError)
    }
}

impl DrillEvery {
    /// Milliseconds.
    pub fn millis(self) -> UnixMillis {
        self.0
    }
}

impl DrillPlan {
    /// When the next one is due, after the newest that ended.
    pub fn next(&self, newest: Option<&DrillRow>) -> UnixMillis {
        let pause = |row: &DrillRow| if row.error.is_some() { AGAIN.min(self.every.0) } else { self.every.0 };
        newest.map_or(0, |row| row.began_at + pause(row))
    }
}

/// What a drill showed.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The snapshot, where there was one.
    pub snapshot: Option<SnapshotId>,
    /// Whether it was restored; otherwise its bytes were compared and no more.
    pub restored: bool,
    /// The canary.
    pub canary: CanaryState,
    /// Rows of the restored database.
    pub rows: u64,
    /// Objects of the repository, or blobs that were opened.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Why it failed.
    pub error: Option<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.restored { "restored" } else { "compared" };
        let snapshot = self.snapshot.as_ref().map_or("none", SnapshotId::as_str);
        write!(f, "snapshot {snapshot} {how}: {} rows, {} objects, {} bytes", self.rows, self.objects, self.bytes)
    }
}

/// Starts the schedule, where there is one.
pub fn start(state: AppState) -> Option<Background> {
    state.config.backup.as_ref()?.drill.as_ref()?;
    Some(Background::spawn(|stop| run(state, stop), "a restore drill was under way; it is given up"))
}

async fn run(state: AppState, stop: CancellationToken) {
    while pause(&stop, LOOK).await {
        if let Err(error) = once(&state).await {
            tracing::error!(%error, "a restore drill could not be begun or recorded; it is tried again");
        }
    }
}

/// One round: a drill if one is due.
///
/// # Errors
/// The database's. A drill that failed is recorded.
pub async fn once(state: &AppState) -> ServiceResult<Option<Outcome>> {
    let Some(schedule) = &state.config.backup else { return Ok(None) };
    let Some(plan) = &schedule.drill else { return Ok(None) };
    drills::end_abandoned(state).await?;
    if !drills::is_due(state, plan).await? {
        return Ok(None);
    }
    // Another server of this installation may have been faster.
    let Some(id) = drills::begin(state, plan).await? else { return Ok(None) };
    let work = tried(state, schedule, plan);
    tokio::pin!(work);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            () = tokio::time::sleep(BEAT) => drills::go_on(state, &id).await?,
        }
    };
    drills::end(state, &id, &outcome).await?;
    Ok(Some(outcome))
}

async fn tried(state: &AppState, schedule: &Schedule, plan: &DrillPlan) -> Outcome {
    let mut outcome = Outcome::default();
    for _ in 0..TRIES {
        outcome = Outcome::default();
        let Err(error) = steps(state, schedule, plan, &mut outcome).await else { break };
        outcome.error = Some(error.to_string());
        if is_kept(schedule, outcome.snapshot.as_ref()).await {
            break;
        }
    }
    outcome
}

/// Whether the snapshot is there still: if not, it was dropped for its age, and nothing was wrong.
async fn is_kept(schedule: &Schedule, snapshot: Option<&SnapshotId>) -> bool {
    let Some(id) = snapshot else { return true };
    let contents = async { Repository::open(&schedule.to).await?.contents().await };
    contents.await.map_or(true, |contents| contents.snapshots.contains(id))
}

async fn steps(
    state: &AppState,
    schedule: &Schedule,
    plan: &DrillPlan,
    outcome: &mut Outcome,
) -> Result<(), BackupError> {
    let repository = Repository::open(&schedule.to).await?;
    let id = repository.contents().await?.newest(state.clock.now())?;
    outcome.snapshot = Some(id.clone());
    match &plan.identity {
        Some(identity) => restored(state, plan, identity, copy::Source { repository, id }, outcome).await,
        None => compared(&repository, &id, outcome).await,
    }
}

/// Without the identity: that every byte is what was stored.
async fn compared(repository: &Repository, id: &SnapshotId, outcome: &mut Outcome) -> Result<(), BackupError> {
    let found = verify::run(repository, None, Some(id)).await?;
    (outcome.objects, outcome.bytes) = (found.objects as u64, found.bytes);
    found.faults.into_iter().next().map_or(Ok(()), |fault| Err(BackupError::Damaged(fault)))
}

async fn restored(
    state: &AppState,
    plan: &DrillPlan,
    identity: &Path,
    source: copy::Source,
    outcome: &mut Outcome,
) -> Result<(), BackupError> {
    let identities = Identities::read(identity)?;
    let scratch = Scratch::new(&plan.scratch)?;
    let copy = copy::make(source, identities, scratch.path()).await?;
    outcome.rows = copy.rows;
    (outcome.objects, outcome.bytes) = copy.compare_blobs().await?;
    outcome.restored = true;
    let Some(canary) = &plan.canary else { return Ok(()) };
    outcome.canary = CanaryState::NotOpened;
    canary::open(state, canary, &copy).await?;
    outcome.canary = CanaryState::Opened;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> DrillPlan {
        DrillPlan { every: "7d".parse().unwrap(), identity: None, scratch: PathBuf::new(), canary: None }
    }

    fn ended(began_at: UnixMillis, error: Option<&str>) -> DrillRow {
        DrillRow {
            id: String::new(),
            began_at,
            leased_until: 0,
            ended_at: Some(began_at + 1),
            snapshot: None,
            restored: false,
            canary: "none".to_owned(),
            rows: 0,
            objects: 0,
            bytes: 0,
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn the_next_comes_in_time_and_after_a_failure_sooner() {
        let plan = plan();
        assert_eq!(plan.next(None), 0);
        assert_eq!(plan.next(Some(&ended(DAY, None))), 8 * DAY);
        assert_eq!(plan.next(Some(&ended(DAY, Some("no")))), DAY + AGAIN);
    }

    #[test]
    fn how_often_is_said_in_one_way() {
        assert_eq!("1h".parse(), Ok(DrillEvery(HOUR)));
        assert_eq!("90d".parse(), Ok(DrillEvery(90 * DAY)));
        for text in ["", "7", "59m", "91d", "1w", "-1d"] {
            assert_eq!(text.parse::<DrillEvery>(), Err(DrillEveryError), "{text}");
        }
    }
}
