//! Backups that the server makes by itself.

use std::{str::FromStr, sync::PoisonError, time::Duration};

use api_types::UnixMillis;
use tokio_util::sync::CancellationToken;

use super::{BackupError, Keep, Order, Place, Recipient, Taken, drill::DrillPlan, settings};
use crate::{
    AppState, ServiceResult,
    background::{Background, pause},
    clock::{AHEAD, DAY, HOUR, MINUTE},
    services::{backups, retention},
    storage::backups::Backup,
};

/// How often it looks whether one is due.
const LOOK: Duration = Duration::from_secs(30);
/// One that failed is tried again after so long, or when the next would be due.
const AGAIN: UnixMillis = 15 * MINUTE;
/// How often an overdue one is told of.
pub const TOLD_EVERY: UnixMillis = DAY;

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The repository.
    pub to: Place,
    /// Who can open it.
    pub recipient: Recipient,
    /// How often.
    pub every: Every,
    /// Which snapshots are kept.
    pub keep: Option<Keep>,
    /// How it is tried whether they restore; not at all where it isn't said.
    pub drill: Option<DrillPlan>,
}

/// How often: from ten minutes to a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every(UnixMillis);

impl Every {
    /// Milliseconds.
    pub fn millis(self) -> UnixMillis {
        self.0
    }
}

/// Why a text doesn't say how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("how often is said in minutes, hours or days, from 10m to 7d: for instance 1h")]
pub struct EveryError;

impl FromStr for Every {
    type Err = EveryError;

    fn from_str(text: &str) -> Result<Self, EveryError> {
        let time = span(text).filter(|time| (10 * MINUTE..=7 * DAY).contains(time));
        time.map(Self).ok_or(EveryError)
    }
}

/// A time as operators say it: 10m, 1h, 7d.
pub(crate) fn span(text: &str) -> Option<UnixMillis> {
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1))?;
    let unit = match unit {
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    let number: u16 = number.parse().ok()?;
    Some(i64::from(number) * unit)
}

impl Schedule {
    /// When the next one is due, after the newest good one and the newest that failed.
    pub fn next(&self, good: Option<&Backup>, failed: Option<&Backup>) -> UnixMillis {
        let due = good.map_or(0, |good| good.began_at + self.every.0);
        let failed = failed.filter(|failed| good.is_none_or(|good| good.began_at < failed.began_at));
        failed.map_or(due, |failed| due.max(failed.began_at + AGAIN.min(self.every.0)))
    }

    /// Whether there has been none for twice the time; of a server that never made one, since it started. Where it started by a
    /// clock that was ahead, nobody knows how long that is.
    pub fn is_overdue(&self, good: Option<&Backup>, started_at: UnixMillis, now: UnixMillis) -> bool {
        let since = good.map_or(started_at, |good| good.began_at);
        since + 2 * self.every.0 < now || since > now + AHEAD
    }

    /// Days after which no snapshot from before a moment is left, as long as they are made as planned; nothing where all are kept.
    pub fn days_kept(&self) -> Option<u32> {
        let longest = self.keep?.longest(self.every.0);
        // One more for what is late: a backup that takes its time, or was tried again.
        Some(u32::try_from(longest / DAY).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// What is to be backed up.
    pub fn order(&self, state: &AppState) -> Order {
        let config = &state.config;
        Order {
            data: config.data.clone(),
            database: config.database_url.clone(),
            blobs: config.blobs.clone(),
            to: self.to.clone(),
            recipient: self.recipient.clone(),
            // A clock that is ahead would make young snapshots old. None goes then; that they are made goes on.
            keep: self.keep.filter(|_| retention::is_clock_trusted(state)),
            settings: settings::of(config),
            clock: state.clock.clone(),
            since: None,
        }
    }
}

/// Starts it, where there is one.
pub fn start(state: AppState) -> Option<Background> {
    state.config.backup.as_ref()?;
    // What it stored is found by the next.
    Some(Background::spawn(|stop| run(state, stop), "a backup was under way; it is given up"))
}

async fn run(state: AppState, stop: CancellationToken) {
    loop {
        if let Err(error) = once(&state).await {
            tracing::error!(%error, "whether a backup is due could not be found out; it is tried again");
        }
        if !pause(&stop, LOOK).await {
            return;
        }
    }
}

/// One round: a backup if one is due, and an alert if one is overdue.
///
/// # Errors
/// The database's. A backup that failed is recorded.
pub async fn once(state: &AppState) -> ServiceResult<Option<Taken>> {
    let Some(plan) = &state.config.backup else { return Ok(None) };
    let mut taken = None;
    if let Some(since) = backups::due(state, plan).await? {
        match watched(state, plan, since).await {
            Ok(done) => taken = Some(done),
            // Another server of this installation was faster.
            Err(BackupError::Busy) => {}
            Err(error) => tracing::error!(%error, "a backup failed; it is tried again"),
        }
        backups::record_ended(state).await?;
    }
    tell_overdue(state, plan).await?;
    Ok(taken)
}

/// Makes one. It may hang: that none was made is told meanwhile.
async fn watched(state: &AppState, plan: &Schedule, since: UnixMillis) -> Result<Taken, BackupError> {
    let order = Order { since: Some(since), ..plan.order(state) };
    let work = super::take(&order);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(LOOK) => {
                if let Err(error) = tell_overdue(state, plan).await {
                    tracing::error!(%error, "whether a backup is overdue could not be told; it is tried again");
                }
            }
        }
    }
}

async fn tell_overdue(state: &AppState, plan: &Schedule) -> ServiceResult<()> {
    let overdue = backups::is_overdue(state, plan).await?;
    if !is_to_be_told(state, overdue) {
        return Ok(());
    }
    let told = backups::alert_overdue(state).await;
    if told.is_err() {
        *state.overdue_told.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
    told
}

/// Once a day, as long as it lasts.
fn is_to_be_told(state: &AppState, overdue: bool) -> bool {
    let now = state.clock.now();
    let mut told_at = state.overdue_told.lock().unwrap_or_else(PoisonError::into_inner);
    let due = overdue && told_at.is_none_or(|told_at| told_at + TOLD_EVERY <= now);
    if due || !overdue {
        *told_at = overdue.then_some(now);
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Schedule {
        Schedule {
            to: Place::Folder("backups".into()),
            recipient: age::x25519::Identity::generate().to_public().to_string().parse().unwrap(),
            every: "1h".parse().unwrap(),
            keep: None,
            drill: None,
        }
    }

    fn begun(began_at: UnixMillis) -> Backup {
        Backup {
            id: String::new(),
            began_at,
            leased_until: 0,
            ended_at: Some(began_at + 1),
            error: None,
            bytes: 0,
            new_bytes: 0,
            blobs: 0,
            recorded: true,
        }
    }

    #[test]
    fn the_next_comes_in_time_and_a_failed_one_sooner() {
        let plan = plan();
        assert_eq!(plan.next(None, None), 0, "at once");
        assert_eq!(plan.next(Some(&begun(DAY)), None), DAY + HOUR);
        assert_eq!(plan.next(Some(&begun(DAY)), Some(&begun(DAY - HOUR))), DAY + HOUR, "a good one came after it");
        assert_eq!(plan.next(Some(&begun(DAY)), Some(&begun(DAY + HOUR))), DAY + HOUR + AGAIN);
        assert_eq!(plan.next(None, Some(&begun(DAY))), DAY + AGAIN);
        assert!(!plan.is_overdue(Some(&begun(DAY)), 0, DAY + 2 * HOUR));
        assert!(plan.is_overdue(Some(&begun(DAY)), 0, DAY + 2 * HOUR + 1));
        assert!(plan.is_overdue(None, DAY + HOUR, DAY), "started by a clock that was ahead");
        assert!(!plan.is_overdue(None, DAY + AHEAD, DAY));
        assert!(!plan.is_overdue(None, DAY, DAY + HOUR) && plan.is_overdue(None, DAY, DAY + 3 * HOUR));
    }

    #[test]
    fn it_is_said_when_backups_hold_no_more_what_was_erased() {
        let days = |every: &str, keep: &str| {
            Schedule { every: every.parse().unwrap(), keep: Some(keep.parse().unwrap()), ..plan() }.days_kept()
        };
        assert_eq!(plan().days_kept(), None, "all are kept");
        assert_eq!(days("1h", "24h,7d,5w"), Some(36));
        assert_eq!(days("1d", "5w"), Some(37));
        assert_eq!(days("1h", "3h"), Some(1));
        assert_eq!(days("7d", "24h"), Some(176), "of so many hours that have one, and those are a week apart");
        assert_eq!(days("7d", "4294967295w"), Some(u32::MAX));
    }

    #[test]
    fn how_often_is_said_in_one_way() {
        assert_eq!("10m".parse(), Ok(Every(10 * MINUTE)));
        assert_eq!("7d".parse(), Ok(Every(7 * DAY)));
        for text in ["", "1", "h", "9m", "8d", "1w", "-1h", "1 h"] {
            assert_eq!(text.parse::<Every>(), Err(EveryError), "{text}");
        }
    }
}
