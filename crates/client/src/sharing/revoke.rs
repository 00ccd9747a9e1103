//! Ending access.

use api_types::{B64, GrantId, ReportId, grants::RevokeGrant};
use crypto::report::Change;

use super::{entries::append, tries::Tries};
use crate::{error::Result, ids::ToCrypto, platform::Platform, vault::Vault};

impl<P: Platform> Vault<P> {
    /// Revokes a grant, and what descends from it: wraps go and ciphertext is denied at once. If one is the owner,
    /// [`Vault::rekey`] should follow; the report says so until it is done. A recipient leaves by revoking the own grant.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] by the chain, a refusal, no connection.
    pub async fn revoke(&self, report: &ReportId, grant: &GrantId) -> Result<()> {
        let mut tries = Tries::default();
        loop {
            let access = self.report_access(report).await?;
            if access.state.grant(&grant.crypto()).is_some_and(|g| g.revoked.is_some()) {
                return Ok(());
            }
            let mut state = access.state.clone();
            let entry = append(self, &mut state, &access.keys, Change::Revoke(grant.crypto()))?;
            let body = RevokeGrant { entry: B64::from(entry.as_bytes()) };
            match self.api().revoke_grant(report, grant, &body).await {
                Ok(()) => {
                    self.see_access(&state);
                    self.see_rekey(&state, true);
                    self.save_state_soon().await;
                    return Ok(());
                }
                Err(e) => tries.again(e)?,
            }
        }
    }
}
