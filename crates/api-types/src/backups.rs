//! `/api/v1/admin/backups`: whether there are backups.

use crate::{UnixMillis, body};

body! {
    /// A backup that there is.
    pub struct GoodBackup {
        /// Its snapshot's id.
        pub snapshot: String,
        /// When it was begun: what was written later is not in it.
        pub began_at: UnixMillis,
        /// When it was complete.
        pub ended_at: UnixMillis,
        /// Bytes that it needs in the repository.
        pub bytes: u64,
        /// Bytes of these that were not there yet.
        pub new_bytes: u64,
        /// How many blobs it holds.
        pub blobs: u64,
    }
}

body! {
    /// One that failed.
    pub struct FailedBackup {
        /// When it was begun.
        pub began_at: UnixMillis,
        /// When it failed.
        pub ended_at: UnixMillis,
        /// Why.
        pub error: String,
    }
}

body! {
    /// What the server does by itself.
    pub struct BackupPlan {
        /// Milliseconds from one backup to the next.
        pub every: UnixMillis,
        /// Of so many hours the newest snapshot is kept; together with days and weeks 0 means that all are.
        pub keep_hours: u32,
        /// Of so many days.
        pub keep_days: u32,
        /// Of so many weeks.
        pub keep_weeks: u32,
    }
}

body! {
    /// `GET /admin/backups`.
    pub struct BackupStatus {
        /// The newest good one that this installation knows of.
        pub last: Option<GoodBackup>,
        /// The newest that failed, if none has been good since.
        pub failed: Option<FailedBackup>,
        /// Since when one has been running.
        pub running_since: Option<UnixMillis>,
        /// When the server begins the next; nothing where it makes none by itself.
        pub next_at: Option<UnixMillis>,
        /// What the server does by itself, if it makes backups.
        pub plan: Option<BackupPlan>,
        /// Whether there has been no good one for more than twice the time that was set.
        pub overdue: bool,
    }
}
