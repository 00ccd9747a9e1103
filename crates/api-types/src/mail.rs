//! `/api/v1/admin/mail`: whether mail leaves.

use crate::{UnixMillis, body};

body! {
    /// `GET /admin/mail`.
    pub struct MailState {
        /// Whether the server sends mail at all.
        pub sends: bool,
        /// Since when the mail server fails, or how it was set up: nothing is lost meanwhile.
        pub failing_since: Option<UnixMillis>,
        /// Messages that wait to be sent.
        pub waiting: u64,
        /// Messages of the last 30 days that were given up: the mail server refused them, or whom they were for, for three days, or
        /// put them off for five.
        pub given_up: u64,
    }
}
