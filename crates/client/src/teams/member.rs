//! A member's own word: accepting an invitation, leaving. And the teams that can't go on without them.

use api_types::{
    B64, ErrorCode, Problem, TeamId,
    accounts::{AccountStatus, Role},
    teams::{LeaveTeam, TeamMemberState},
};
use crypto::{sign::Signed, team::TeamLeave};

use super::{CareTeam, CareTeamMember};
use crate::{
    error::{ClientError, Result},
    ids::ToCrypto,
    platform::Platform,
    vault::Vault,
};

/// A team with others in it that nobody but oneself can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoleManaged {
    /// Its id.
    pub id: TeamId,
    /// Its name, as signed.
    pub name: String,
}

/// Whether somebody can still act in their team.
fn acts(member: &CareTeamMember) -> bool {
    member.state == TeamMemberState::Member && member.person.status == AccountStatus::Active
}

/// Whether others belong to a team, or are invited, and none of them could manage it.
fn needs(team: &CareTeam, me: &api_types::AccountId) -> bool {
    let others = || team.members.iter().filter(|member| member.person.id != *me);
    let left_behind =
        others().any(|member| member.state != TeamMemberState::Left && member.person.status != AccountStatus::Deleted);
    team.is_manager(me) && left_behind && !others().any(|member| member.manager && acts(member))
}

impl<P: Platform> Vault<P> {
    /// Accepts an invitation into a team, whose rosters are verified first.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] for whom no roster names; a refusal; no connection.
    pub async fn accept_team(&self, team: &TeamId) -> Result<()> {
        let found = self.team(team).await?;
        if found.member(&self.account_id()).is_none() {
            return Err(ClientError::NotAllowed);
        }
        self.api().accept_team(team).await
    }

    /// Leaves a team, or declines the invitation into it.
    ///
    /// # Errors
    /// `team_manager_needed` for the only manager; a refusal; no connection.
    pub async fn leave_team(&self, team: &TeamId) -> Result<()> {
        let found = self.team(team).await?;
        let keyring = self.keyring();
        let own = keyring.current();
        let said = TeamLeave {
            team: team.crypto(),
            roster: found.chain.newest().hash(),
            account: self.id(),
            epoch: own.epoch,
            time: self.signing_time(),
        };
        let statement = B64::from(Signed::sign(said, &own.signing).as_bytes());
        self.api().leave_team(team, &LeaveTeam { statement }).await?;
        self.team_keys().retain(|(of, _), _| *of != team.crypto());
        Ok(())
    }

    /// The teams with others in them that only oneself manages, by their verified rosters: nobody could change them without
    /// this account. A team that is refused is left out, so that no broken one keeps its manager from going.
    ///
    /// # Errors
    /// The refusals of [`crate::Refusal::stops_session`]; no connection.
    pub async fn managed_alone(&self) -> Result<Vec<SoleManaged>> {
        let mut found = Vec::new();
        if self.who().role != Role::Doctor {
            return Ok(found);
        }
        for item in self.teams().await? {
            if item.state != Some(TeamMemberState::Member) {
                continue;
            }
            let team = match self.team(&item.id).await {
                Err(ClientError::Refused(refusal)) if !refusal.stops_session() => continue,
                team => team?,
            };
            if needs(&team, &self.account_id()) {
                found.push(SoleManaged { id: team.id, name: team.name });
            }
        }
        Ok(found)
    }

    /// Refuses to go where somebody would be left behind in a team that nobody can change. Who may not look at their teams,
    /// because the account waits or lacks its second factor, is answered by the server.
    pub(crate) async fn leaves_no_team_alone(&self) -> Result<()> {
        let alone = match self.managed_alone().await {
            Err(ClientError::Problem(problem))
                if matches!(
                    problem.code,
                    ErrorCode::SecondFactorDue | ErrorCode::AccountPending | ErrorCode::AccountDisabled
                ) =>
            {
                return Ok(());
            }
            found => found?,
        };
        if alone.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = alone.into_iter().map(|team| team.name).collect();
        Err(Problem::new(ErrorCode::SoleTeamManager).with_detail(names.join(", ")).into())
    }
}
