//! `/api/v1/admin/storage`: whether the stored files and signed rows are what was stored.

use crate::{ReportId, UnixMillis, body};

body! {
    /// A walk over all signed rows and blobs: each is read again and compared.
    pub struct Scrub {
        /// When it was begun.
        pub began_at: UnixMillis,
        /// When it had seen all.
        pub ended_at: Option<UnixMillis>,
        /// Blobs that it has read so far.
        pub blobs: u64,
        /// Their bytes.
        pub bytes: u64,
        /// How many of them are damaged.
        pub damaged: u64,
        /// Signed rows that it has compared so far.
        pub rows: u64,
        /// How many of them are damaged.
        pub damaged_rows: u64,
    }
}

body! {
    /// What is wrong with a blob.
    pub enum BlobHealth {
        /// It is not there.
        Missing,
        /// It holds something else, or less.
        Changed,
        /// Its store answers, and can't read it.
        Unreadable,
    }
}

body! {
    /// A blob that isn't what was stored. Nothing of it is given out.
    pub struct DamagedBlob {
        /// Its key in the blob store.
        pub blob: String,
        /// The report that it belongs to; absent for an upload that isn't complete.
        pub report_id: Option<ReportId>,
        /// What is wrong.
        pub health: BlobHealth,
        /// When that was found.
        pub found_at: UnixMillis,
    }
}

body! {
    /// A row of the database, or several that belong together, that isn't what was signed.
    pub struct DamagedRow {
        /// Kind and key: `report/ID` (its access chain), `version/REPORT/VERSION/REVISION`, `keys/ACCOUNT`, `team/ID`, `device/ID`,
        /// `event/N` of the audit, `entry/N` of the tree of keys.
        pub row: String,
        /// The report that it belongs to.
        pub report_id: Option<ReportId>,
        /// When that was found.
        pub found_at: UnixMillis,
    }
}

body! {
    /// `GET /admin/storage`.
    pub struct StorageStatus {
        /// Milliseconds from one scrub to the next; nothing where there are none.
        pub every: Option<UnixMillis>,
        /// When the next one begins.
        pub next_at: Option<UnixMillis>,
        /// One that isn't at its end.
        pub running: Option<Scrub>,
        /// The newest that has seen all.
        pub last: Option<Scrub>,
        /// How many blobs the database names.
        pub named: u64,
        /// How many are damaged now.
        pub damaged_count: u64,
        /// The first hundred of them, oldest first.
        pub damaged: Vec<DamagedBlob>,
        /// How many signed rows are damaged now.
        pub damaged_rows_count: u64,
        /// The first hundred of them, oldest first.
        pub damaged_rows: Vec<DamagedRow>,
        /// Whether the server may open its backups, and takes damaged blobs from there.
        pub restores: bool,
    }
}
