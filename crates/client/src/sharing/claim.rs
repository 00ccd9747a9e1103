//! Arriving with an invitation: the reports kept for oneself become one's own.

use api_types::{
    B64, GrantId, ReportId,
    grants::{ClaimGrant, GrantKind, GrantState},
    invitations::InvitationToken,
};
use crypto::{
    grant::{InvitationSecret, reseal_grant_seed},
    report::{Change, Recipient},
};

use super::{entries::append, tries::Tries};
use crate::{
    error::{ClientError, Result},
    ids::ToCrypto,
    platform::{Platform, rng},
    refusal::Refusal,
    vault::Vault,
};

/// What an arrival brought.
#[derive(Debug, Default)]
pub struct Claimed {
    /// Reports that are one's own now.
    pub reports: Vec<ReportId>,
    /// Reports that could not be claimed, with the reason; try again.
    pub failed: Vec<(ReportId, ClientError)>,
}

impl<P: Platform> Vault<P> {
    /// Binds an invitation to this account (for someone who has one already; sign-up with the token does it by itself).
    ///
    /// # Errors
    /// `invitation_invalid`; no connection.
    pub async fn accept_invitation(&self, token: &str) -> Result<()> {
        self.api().accept_invitation(&InvitationToken { token: token.to_owned() }).await
    }

    /// Claims every report that waits for the holder of an invitation's secret. Safe to repeat.
    ///
    /// # Errors
    /// Not an invitation's secret; no connection.
    pub async fn claim_reports(&self, secret: &[u8]) -> Result<Claimed> {
        let secret = InvitationSecret::from_slice(secret)
            .map_err(|_| ClientError::Missing { what: "The invitation's secret" })?;
        let waiting = self.api().list_grants().await?.items;
        let mut out = Claimed::default();
        for grant in waiting.iter().filter(|g| g.kind == GrantKind::Bearer && g.state == GrantState::Pending) {
            match self.claim(&grant.report_id, &grant.id, &secret).await {
                Ok(()) => out.reports.push(grant.report_id),
                Err(e) => out.failed.push((grant.report_id, e)),
            }
        }
        self.save_state_soon().await;
        Ok(out)
    }

    async fn claim(&self, report: &ReportId, grant: &GrantId, secret: &InvitationSecret) -> Result<()> {
        let mut tries = Tries::default();
        loop {
            // The report itself is closed until the claim; the challenge brings its chain, as for a code.
            let chain = self.api().challenge_grant(grant).await?;
            let access = self.verify_access(report, &chain.genesis, &chain.entries).await?;
            let id = grant.crypto();
            let found = access.state.grant(&id).ok_or(Refusal::GrantUnknown)?;
            let keys = secret.keys(&report.crypto());
            match &found.grant.recipient {
                Recipient::Bearer { placeholder, .. } if keys.recipient(*placeholder) == found.grant.recipient => {}
                _ => return Err(Refusal::GrantSeedForged.into()),
            }
            let claim = keys.claim(&report.crypto(), id, &self.chain());
            let mut state = access.state.clone();
            let entry = append(self, &mut state, &access.keys, Change::Claim(claim))?;
            let seed = reseal_grant_seed(&self.account_key(), &self.id(), &id, &keys.kem, &mut rng());
            let body = ClaimGrant { entry: B64::from(entry.as_bytes()), seed: B64(seed) };
            match self.api().claim_grant(report, grant, &body).await {
                Ok(()) => {
                    self.see_access(&state);
                    return Ok(());
                }
                Err(e) => tries.again(e)?,
            }
        }
    }
}
