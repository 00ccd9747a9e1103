//! `GET /api/v1/live`: server-sent events; ids only, the client fetches what it may see.

use crate::{GrantId, ReportId, SessionId, body};

body! {
    /// What changed.
    pub enum LiveKind {
        /// A report appeared or changed.
        ReportChanged,
        /// The caller's access to a report ended: close it.
        AccessEnded,
        /// A share waits to be redeemed.
        ShareArrived,
        /// A recipient asks for a new code.
        CodeRequested,
        /// A code was redeemed.
        ShareRedeemed,
        /// The account was approved, refused or changed elsewhere.
        AccountChanged,
        /// Sessions changed; if the caller's own ended the stream closes.
        SessionsChanged,
        /// The account was signed in: `session_id` says which session is new.
        SessionBegan,
        /// Something about an emergency contact changed: asked, refused, open, accepted.
        EmergencyChanged,
        /// Something about recovery shares changed: split, opened, removed.
        RecoverySharesChanged,
        /// A team of the caller's, or what it is asked to do, changed.
        TeamChanged,
        /// Something about the account's escrow changed: on, asked, refused, open, given, off.
        EscrowChanged,
        /// Events may have been missed: fetch everything anew.
        Resync,
    }
}

body! {
    /// One event; SSE `event:` is `live`, `data:` this as JSON.
    pub struct LiveEvent {
        /// What.
        pub kind: LiveKind,
        /// On which report.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub report_id: Option<ReportId>,
        /// On which grant.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub grant_id: Option<GrantId>,
        /// Which session.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub session_id: Option<SessionId>,
    }
}
