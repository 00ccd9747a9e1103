//! What is said of a report that changed meanwhile is said again, of what it has become.

use api_types::ErrorCode;

use crate::error::{ClientError, Result};

/// How often something is said in all.
const TRIES: usize = 3;

/// Counts how often an entry or a version was refused because the report changed after it was looked at: its access chain or a
/// team's roster grew, somebody saved a version, or one got new keys and the wraps are for the old ones.
#[derive(Debug, Default)]
pub(crate) struct Tries(usize);

impl Tries {
    /// To look again and say it again, or the error where that is of no use or was done often enough.
    pub(crate) fn again(&mut self, error: ClientError) -> Result<()> {
        self.0 += 1;
        use ErrorCode::{AccessHeadMoved, Conflict, TeamMoved, VersionMoved};
        let moved = matches!(error.problem(), Some(AccessHeadMoved | TeamMoved | VersionMoved | Conflict));
        if moved && self.0 < TRIES { Ok(()) } else { Err(error) }
    }
}
