//! `/api/v1/drafts`: sealed, mutable, only their author sees them. One of each author for a report.

use crate::{B64, ReportId, UnixMillis, body};

body! {
    /// A sealed draft: of a report that will have this id, or of the next version of the report that has it.
    pub struct Draft {
        /// Report id.
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
    /// `PUT /drafts/{id}`: begins a draft, at any counter, or follows the stored one, at its counter plus one. What is there already,
    /// or is gone, is `counter_stale`.
    pub struct PutDraft {
        /// Sealed draft.
        pub sealed: B64,
        /// Counter.
        pub counter: u64,
        /// Whether there is no draft yet that it follows. One that was deleted or became a version meanwhile isn't brought back.
        pub begins: bool,
    }
}
