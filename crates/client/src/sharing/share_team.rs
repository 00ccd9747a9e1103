//! Giving access to a team: one wrap to the team's key, whatever number of members it has.

use api_types::{
    ErrorCode, GrantId as ApiGrantId, Problem, ReportId, TeamId,
    grants::Right,
    limits::{SHARE_DEFAULT_MS, SHARE_MIN_MS},
};
use crypto::{ids::GrantId, report::TEAM_RIGHT_MAX};

use super::{
    entries::purpose,
    share::{Terms, To},
};
use crate::{
    content::{Field, FieldProblem, wrong},
    error::{ClientError, Result},
    ids::{ToApi, right_to_crypto},
    platform::{Platform, rng},
    teams::CareTeam,
    vault::Vault,
};

/// What to share with which team, how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamShare {
    /// With which team.
    pub to: TeamId,
    /// What its members may do: [`Right::View`] or [`Right::Contribute`].
    pub right: Right,
    /// Why: 1 to 32 characters of `a`–`z`, `0`–`9`, `-`. The server sees it.
    pub purpose: String,
    /// Life in milliseconds from now; 0 for no end.
    pub expires_in: i64,
}

impl TeamShare {
    /// Reading, for 24 hours.
    pub fn reading(to: TeamId) -> Self {
        Self { to, right: Right::View, purpose: "treatment".to_owned(), expires_in: SHARE_DEFAULT_MS }
    }

    fn check(&self) -> Result<()> {
        purpose(&self.purpose)?;
        if right_to_crypto(self.right) > TEAM_RIGHT_MAX {
            return Err(ClientError::TeamRight);
        }
        match self.expires_in == 0 || self.expires_in >= SHARE_MIN_MS {
            true => Ok(()),
            false => Err(wrong(Field::Expiry, FieldProblem::Range).into()),
        }
    }
}

/// A share with a team that was made.
#[derive(Debug)]
pub struct SharedWithTeam {
    /// The grant.
    pub grant: ApiGrantId,
    /// When it ends; 0 for never.
    pub expires_at: i64,
    /// With which team, and who is in it.
    pub with: CareTeam,
}

impl<P: Platform> Vault<P> {
    /// Shares a report with a team. Its rosters are verified, found in the log of keys and compared with those seen before;
    /// the new grant is tried on the report's chain before anything is sent.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] by the chain, [`ClientError::TeamRight`], `team_dissolved`, a field that breaks a limit, a refusal, no
    /// connection.
    pub async fn share_with_team(&self, report: &ReportId, share: &TeamShare) -> Result<SharedWithTeam> {
        share.check()?;
        let team = self.team(&share.to).await?;
        if team.is_dissolved() {
            return Err(Problem::new(ErrorCode::TeamDissolved).into());
        }
        let id = GrantId::random(&mut rng());
        let expires_at = if share.expires_in == 0 { 0 } else { self.now().saturating_add(share.expires_in) };
        let terms = Terms { right: share.right, purpose: &share.purpose, id, expires_at };
        let expires_at = self.send_grant(report, &terms, &To::Team(&team)).await?;
        Ok(SharedWithTeam { grant: id.api(), expires_at, with: team })
    }
}
