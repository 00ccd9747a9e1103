//! Whether nobody makes backups of a server that makes none by itself. Where there is a schedule the server says itself what is overdue.

use api_types::{
    UnixMillis,
    backups::{BackupStatus, GoodBackup},
};

/// How old the newest may be where no schedule says it.
const RECENT: UnixMillis = 7 * 24 * 60 * 60 * 1000;

/// Whether the server makes none by itself and knows of none of the last week, whoever made it: `healthsecure backup`, another server
/// of the same database. What copies its disks from outside it doesn't know.
pub(super) fn is_missing(status: &BackupStatus, now: UnixMillis) -> bool {
    let recent = |last: &GoodBackup| last.began_at.saturating_add(RECENT) >= now;
    status.plan.is_none() && !status.last.as_ref().is_some_and(recent)
}

/// Whether that puts anything at risk: so many stored pieces of files are known, or somebody made backups already. A server that was
/// set up a minute ago alarms nobody.
pub(super) fn is_a_fault(status: &BackupStatus, pieces: u64, now: UnixMillis) -> bool {
    is_missing(status, now) && (pieces > 0 || status.last.is_some())
}

#[cfg(test)]
mod tests {
    use api_types::backups::BackupPlan;

    use super::*;

    const NOW: UnixMillis = 1_800_000_000_000;

    fn status(begun: Option<UnixMillis>, planned: bool) -> BackupStatus {
        let good =
            |at| GoodBackup { snapshot: String::new(), began_at: at, ended_at: at, bytes: 1, new_bytes: 1, blobs: 1 };
        let plan = BackupPlan { every: RECENT, keep_hours: 0, keep_days: 0, keep_weeks: 0 };
        BackupStatus {
            last: begun.map(good),
            failed: None,
            running_since: None,
            next_at: None,
            plan: planned.then_some(plan),
            drill_plan: None,
            drill: None,
            overdue: false,
        }
    }

    #[test]
    fn no_backup_at_all_is_a_fault_once_something_is_stored() {
        assert!(is_missing(&status(None, false), NOW));
        assert!(!is_a_fault(&status(None, false), 0, NOW), "nothing would be lost yet");
        assert!(is_a_fault(&status(None, false), 1, NOW));
    }

    #[test]
    fn one_that_was_made_elsewhere_counts_for_a_week() {
        let made = |ago| status(Some(NOW - ago), false);
        for recent in [made(0), made(-1), made(RECENT)] {
            assert!(!is_missing(&recent, NOW) && !is_a_fault(&recent, 1, NOW));
        }
        assert!(is_a_fault(&made(RECENT + 1), 1, NOW));
        assert!(is_a_fault(&made(RECENT + 1), 0, NOW), "there was something to keep");
    }

    #[test]
    fn where_there_is_a_schedule_the_server_says_what_is_overdue() {
        for begun in [None, Some(0)] {
            assert!(!is_missing(&status(begun, true), NOW) && !is_a_fault(&status(begun, true), 1, NOW));
        }
    }
}
