//! `/api/v1/retention-rules`: how long the organisation has its people keep reports of each kind. The server doesn't know of
//! what kind a report is, so it stores the rules and applies none: owners' clients verify them and make suggestions.

use crate::{B64, body};

body! {
    /// `GET /retention-rules`.
    pub struct RetentionRules {
        /// The newest rules, signed under the organisation key (docs/protocol.md); absent where there never were any.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub statement: Option<B64>,
    }
}

body! {
    /// `PUT /admin/retention-rules`.
    pub struct PutRetentionRules {
        /// Signed under the organisation key; its number is the one after the newest.
        pub statement: B64,
    }
}
