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
    /// The canary report: it holds nothing of anybody, and is opened from a restored snapshot with its own key.
    pub enum Canary {
        /// There is none, or its turn did not come.
        None,
        /// It opened.
        Opened,
        /// It did not.
        NotOpened,
    }
}

body! {
    /// A restore that was tried, by the server itself.
    pub struct Drill {
        /// When it was begun.
        pub began_at: UnixMillis,
        /// When it ended.
        pub ended_at: UnixMillis,
        /// The snapshot that was tried.
        pub snapshot: Option<String>,
        /// Whether it was restored; otherwise its bytes were compared with their hashes, and no more.
        pub restored: bool,
        /// The canary.
        pub canary: Canary,
        /// Rows of the restored database.
        pub rows: u64,
        /// Blobs that were opened and compared; objects of the repository where nothing was restored.
        pub objects: u64,
        /// Their bytes.
        pub bytes: u64,
        /// Why it failed.
        pub error: Option<String>,
    }
}

body! {
    /// How the server tries whether backups restore.
    pub struct DrillPlan {
        /// Milliseconds from one drill to the next.
        pub every: UnixMillis,
        /// When the next is due.
        pub next_at: UnixMillis,
        /// Whether it has the identity that opens backups: without it nothing is restored.
        pub restores: bool,
        /// Whether a canary report is opened.
        pub canary: bool,
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
        /// How it tries whether they restore, if it does.
        pub drill_plan: Option<DrillPlan>,
        /// The newest drill that ended.
        pub drill: Option<Drill>,
        /// Whether there has been no good one for more than twice the time that was set.
        pub overdue: bool,
    }
}
