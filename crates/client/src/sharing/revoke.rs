//! Ending access.

use api_types::{B64, ErrorCode, GrantId, ReportId, grants::RevokeGrant};
use crypto::report::Change;

use super::entries::append;
use crate::{
    error::{ClientError, Result},
    ids::ToCrypto,
    platform::Platform,
    vault::Vault,
};

const TRIES: usize = 3;

impl<P: Platform> Vault<P> {
    /// Revokes a grant, and what descends from it: wraps go and ciphertext is denied at once. If one is the owner,
    /// [`Vault::rekey`] should follow; the report says so until it is done. A recipient leaves by revoking the own grant.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] by the chain, a refusal, no connection.
    pub async fn revoke(&self, report: &ReportId, grant: &GrantId) -> Result<()> {
        for _ in 0..TRIES {
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
                Err(e) if e.problem() == Some(ErrorCode::AccessHeadMoved) => {}
                Err(e) => return Err(e),
            }
        }
        Err(ClientError::from(api_types::Problem::new(ErrorCode::AccessHeadMoved)))
    }
}
