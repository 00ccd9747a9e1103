//! An earlier version brought back, as the next one.

use api_types::ReportId;

use super::{Aim, NextFile, NextVersion};
use crate::{
    bulk::Control,
    error::{ClientError, Result},
    platform::Platform,
    reports::OpenReport,
    sharing::Tries,
    vault::Vault,
};

impl<P: Platform> Vault<P> {
    /// Saves the content of an earlier version as the next one; the versions in between stay. `latest` is the newest version
    /// that whoever asks for it has seen. Repeating it after a lost connection is safe.
    ///
    /// # Errors
    /// [`ClientError::VersionMoved`] if there is a newer one by now, [`ClientError::NotAllowed`], [`ClientError::Unchanged`] for
    /// the newest version itself, a refusal, no connection.
    pub async fn restore_version(
        &self,
        id: &ReportId,
        version: u32,
        latest: u32,
        control: &Control,
    ) -> Result<OpenReport> {
        let taken = self.settle_version(id).await?;
        if taken.is_some_and(|taken| taken.aim == Aim::Restore(version) && taken.body.version == latest + 1) {
            return self.report(id).await;
        }
        if version == latest {
            return Err(ClientError::Unchanged);
        }
        let mut tries = Tries::default();
        loop {
            let open = self.report_to_change(id, latest).await?;
            let source = self.version(&open, version).await?;
            let next = NextVersion {
                fields: source.content.fields.clone(),
                files: source.content.files.iter().cloned().map(NextFile::Kept).collect(),
                restores: Some(version),
                draft: None,
            };
            let built = self.build_version(&open, Some(&source), &next, Aim::Restore(version), control).await?;
            match self.send_version(id, built).await {
                Ok(()) => return self.report(id).await,
                Err(e) => tries.again(e)?,
            }
        }
    }
}
