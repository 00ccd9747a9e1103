//! Sending a version. Until an answer says what became of it, it is kept and sent again as it is: sealed anew it would be
//! another version, and look like somebody else's.

use std::collections::BTreeMap;

use api_types::{ReportId, UploadId, reports::NewVersion};
use crypto::{report::Manifest, sign::Signed};

use crate::{drafts::is_open, error::Result, ids::ToCrypto, platform::Platform, vault::Vault};

/// What a version was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To save a draft, as it was at this counter.
    Draft(u64),
    /// To bring a version back.
    Restore(u32),
}

/// A version that the server may have taken.
#[derive(Clone)]
pub(crate) struct Unanswered {
    pub aim: Aim,
    pub body: NewVersion,
    pub manifest: Signed<Manifest>,
    /// What was sealed again for it alone, of its uploads.
    pub resealed: Vec<UploadId>,
}

/// Versions whose answers are awaited, by report.
pub(crate) type Waiting = BTreeMap<ReportId, Unanswered>;

impl<P: Platform> Vault<P> {
    /// Sends a version.
    ///
    /// # Errors
    /// `version_moved`, `access_head_moved` and whatever else refuses it: then it isn't there. No connection: nobody knows.
    pub(crate) async fn send_version(&self, id: &ReportId, version: Unanswered) -> Result<()> {
        let mut unanswered = self.unanswered().lock().await;
        self.send_one(&mut unanswered, id, version).await
    }

    /// One at a time: sent twice at once, one of the two would look like somebody else's.
    async fn send_one(&self, unanswered: &mut Waiting, id: &ReportId, version: Unanswered) -> Result<()> {
        unanswered.insert(*id, version.clone());
        let answer = self.api().add_version(id, &version.body).await;
        if !answer.as_ref().is_err_and(is_open) {
            unanswered.remove(id);
        }
        if answer.as_ref().is_err_and(|error| !is_open(error)) {
            self.give_up(&version.resealed).await;
        }
        answer?;
        // Taken is taken: a server that goes back behind it is refused.
        self.see_manifests(id.crypto(), &version.manifest, &version.manifest);
        Ok(())
    }

    /// Gives up what was sealed again for a version that won't be: it lies in the owner's space.
    pub(crate) async fn give_up(&self, resealed: &[UploadId]) {
        for upload in resealed {
            // What doesn't get through ends by itself.
            if let Err(error) = self.api().abandon_upload(upload).await {
                tracing::debug!(code = error.code(), "an upload of a version that was refused could not be given up");
            }
        }
    }

    /// What became of a version whose answer was lost: it is there, and what it was made for; none where there is no such
    /// version, or the server doesn't take it.
    pub(crate) async fn settle_version(&self, id: &ReportId) -> Result<Option<Unanswered>> {
        let mut unanswered = self.unanswered().lock().await;
        let Some(version) = unanswered.get(id).cloned() else { return Ok(None) };
        match self.send_one(&mut unanswered, id, version.clone()).await {
            Ok(()) => Ok(Some(version)),
            Err(e) if is_open(&e) => Err(e),
            Err(_) => Ok(None),
        }
    }
}
