//! Versions: the next one built and sent, two compared, an earlier one brought back. Nothing is overwritten: whatever is saved
//! is a version behind the ones before.

mod compare;
mod next;
mod restore;
mod send;
mod text;

pub use compare::{Comparison, FieldChange, FileChange, compare_versions};
pub(crate) use compare::{Known, changed_files, known_files};
pub(crate) use next::{NextFile, NextVersion, Uploaded};
pub(crate) use send::{Aim, Unanswered, Waiting};
pub use text::{TextRow, TextSpan, side_by_side};

use api_types::{ReportId, grants::Right};

use crate::{
    error::{ClientError, Result},
    platform::Platform,
    reports::{Named, OpenReport},
    vault::Vault,
};

/// Whether one may save a version behind the newest one, and sees what one would change.
pub(crate) fn may_change(open: &OpenReport) -> Result<()> {
    if open.right == Right::View {
        return Err(ClientError::NotAllowed);
    }
    match open.newest() {
        Some(newest) if newest.version == open.latest => Ok(()),
        _ => Err(ClientError::NewestUnseen),
    }
}

impl<P: Platform> Vault<P> {
    /// A report as it is now, to save a version behind `latest`: each version is wrapped to everybody's newest key.
    pub(crate) async fn report_to_change(&self, id: &ReportId, latest: u32) -> Result<OpenReport> {
        self.learn_people_anew(id, &Named::default()).await?;
        let open = self.report(id).await?;
        may_change(&open)?;
        match open.latest == latest {
            true => Ok(open),
            false => Err(ClientError::VersionMoved { latest: open.latest }),
        }
    }
}
