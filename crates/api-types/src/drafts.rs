//! `/api/v1/drafts`: sealed, mutable, only their author sees them.

use crate::{B64, ReportId, UnixMillis, body};

body! {
    /// A sealed draft. Its id is the id the report will have.
    pub struct Draft {
        /// Report id to be.
        pub id: ReportId,
        /// Sealed under an AK subkey.
        pub sealed: B64,
        /// Grows by one at each save.
        pub counter: u64,
        /// Last save.
        pub updated_at: UnixMillis,
    }
}

body! {
    /// `GET /drafts`.
    pub struct DraftList {
        /// Newest first.
        pub items: Vec<Draft>,
    }
}

body! {
    /// `PUT /drafts/{id}`: creates with counter 0, else the stored counter plus one (`counter_stale`).
    pub struct PutDraft {
        /// Sealed draft.
        pub sealed: B64,
        /// Counter.
        pub counter: u64,
    }
}
