//! What is said of a report that changed meanwhile is said again, of what it has become.

use api_types::ErrorCode;

use crate::error::{ClientError, Result};

/// How often something is said in all.
const TRIES: usize = 3;

/// Counts how often an entry was refused because the report changed after it was looked at: its access chain or a team's
/// roster grew, or a version got new keys and the wraps are for the old ones.
#[derive(Debug, Default)]
pub(crate) struct Tries(usize);

impl Tries {
    /// To look again and say it again, or the error where that is of no use or was done often enough.
    pub(crate) fn again(&mut self, error: ClientError) -> Result<()> {
        self.0 += 1;
        let moved =
            matches!(error.problem(), Some(ErrorCode::AccessHeadMoved | ErrorCode::TeamMoved | ErrorCode::Conflict));
        if moved && self.0 < TRIES { Ok(()) } else { Err(error) }
    }
}
