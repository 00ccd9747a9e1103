//! After somebody is gone: grants brought under the team's newest key, so that those who stay read on and whoever joins can.
//! After a team was dissolved: its grants revoked by the reports' owners.
//!
//! What is to be done follows from the signed chains: a grant is behind where the newest roster has a later key than the
//! grant's own chain says. The server's list only hints where to look. Whatever was interrupted is found again that way, by any
//! manager's client, and by the owner's before it makes new keys.

use std::collections::BTreeSet;

use api_types::{B64, GrantId, ReportId, TeamId, grants::FollowTeam, teams::TeamMemberState};
use crypto::report::{AccessState, Change, GrantState, Recipient, TeamKey, TeamRecipient};

use super::{CareTeam, CareTeamMember};
use crate::{
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    platform::Platform,
    refusal::Refusal,
    reports::OpenReport,
    sharing::{Tries, append, wraps_to},
    vault::Vault,
};

/// What tending a team did.
#[derive(Debug, Default)]
pub struct Tended {
    /// Reports that were brought under the newest key.
    pub done: Vec<ReportId>,
    /// Those that could not be, with the reason; they are tried again next time.
    pub failed: Vec<(ReportId, ClientError)>,
}

impl<P: Platform> Vault<P> {
    /// Finishes what is due in every team that one manages: removes whoever has left, and brings what is shared with the
    /// team under its newest key. For the beginning of a session, and when a team changed.
    ///
    /// # Errors
    /// No connection; the refusals of [`Refusal::stops_session`]. What is refused of one team is told beside the others.
    pub async fn tend_teams(&self) -> Result<Vec<(TeamId, Result<Tended>)>> {
        let mut out = Vec::new();
        for item in self.teams().await? {
            if item.state != Some(TeamMemberState::Member) {
                continue;
            }
            match self.tend_team(&item.id).await {
                Err(e @ ClientError::Transport(_)) => return Err(e),
                tended => out.push((item.id, tended)),
            }
        }
        self.save_state_soon().await;
        Ok(out)
    }

    /// The same of one team; nothing for who doesn't manage it.
    ///
    /// # Errors
    /// A refusal; no connection.
    pub async fn tend_team(&self, id: &TeamId) -> Result<Tended> {
        let mut team = self.team(id).await?;
        let mut tended = Tended::default();
        if !team.is_manager(&self.account_id()) {
            return Ok(tended);
        }
        let gone = gone(&team)?;
        if !gone.is_empty() {
            self.remove_members(id, &gone).await?;
            team = self.team(id).await?;
        }
        for report in self.reports_behind(&team).await? {
            match self.follow_report(&report, Some(&team)).await {
                Ok(0) => {}
                Ok(_) => tended.done.push(report),
                Err(e @ ClientError::Transport(_)) => return Err(e),
                Err(e) => tended.failed.push((report, e)),
            }
        }
        Ok(tended)
    }

    /// Where to look: what the server names, and what one's own list shows under an earlier key.
    async fn reports_behind(&self, team: &CareTeam) -> Result<BTreeSet<ReportId>> {
        let mut reports: BTreeSet<_> = team.behind.iter().map(|behind| behind.report_id).collect();
        if team.key_epoch > 0 {
            let behind = |sight: crate::TeamSight| sight.team == team.id && sight.key_epoch < team.key_epoch;
            let rows = self.list_all().await?.rows;
            reports.extend(rows.iter().filter(|row| row.team.is_some_and(behind)).map(|row| row.id));
        }
        Ok(reports)
    }

    /// Brings an own report's grants under the newest keys of their teams, and revokes those of teams that were dissolved:
    /// before its versions get new keys.
    pub(crate) async fn follow_teams_of(&self, report: &ReportId) -> Result<()> {
        self.follow_report(report, None).await?;
        let ended: Vec<GrantId> = {
            let open = self.report(report).await?;
            open.access.state.of_dissolved_teams().map(|g| g.grant.id.api()).collect()
        };
        for grant in &ended {
            self.revoke(report, grant).await?;
        }
        Ok(())
    }

    /// Every live grant of a report that is behind, of one team or of all. Says how many were brought on.
    async fn follow_report(&self, report: &ReportId, team: Option<&CareTeam>) -> Result<usize> {
        let open = self.report(report).await?;
        let wanted = |grant: &GrantState| match (&grant.grant.recipient, team) {
            (Recipient::Team(named), Some(team)) => named.team == team.id.crypto(),
            (_, only) => only.is_none(),
        };
        let grants: Vec<GrantId> =
            open.access.state.behind_their_teams().filter(|g| wanted(g)).map(|g| g.grant.id.api()).collect();
        for grant in &grants {
            self.follow_grant(report, grant).await?;
        }
        Ok(grants.len())
    }

    async fn follow_grant(&self, report: &ReportId, grant: &GrantId) -> Result<()> {
        let mut tries = Tries::default();
        loop {
            let open = self.report(report).await?;
            let Some((body, state)) = self.follow_body(&open, grant)? else { return Ok(()) };
            match self.api().follow_team(report, grant, &body).await {
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

    /// `None` where somebody else has done it meanwhile.
    fn follow_body(&self, open: &OpenReport, grant: &GrantId) -> Result<Option<(FollowTeam, AccessState)>> {
        let mut state = open.access.state.clone();
        let keys = &open.access.keys;
        let id = grant.crypto();
        let behind = state.behind_their_teams().find(|g| g.grant.id == id);
        let Some(holders) = behind.and_then(|g| g.team.clone()) else { return Ok(None) };
        let chain = keys.1.get(&holders.recipient.team).ok_or(ClientError::Missing { what: "That team" })?;
        let recipient = TeamRecipient::current(chain);
        let entry = append(self, &mut state, keys, Change::TeamKey(TeamKey { grant: id, recipient }))?;
        let wraps = wraps_to(self, open, &id, &state, keys)?;
        Ok(Some((FollowTeam { entry: B64::from(entry.as_bytes()), wraps }, state)))
    }
}

/// Whoever has left: each has signed it, and belonged to the team from then on.
fn gone(team: &CareTeam) -> Result<Vec<crypto::ids::AccountId>> {
    let left = |member: &&CareTeamMember| member.state == TeamMemberState::Left;
    let signed = |member: &CareTeamMember| {
        let forged = || Refusal::TeamLeaveForged { team: team.id.to_string() };
        let account = member.person.id.crypto();
        let leave = member.leave.as_ref().ok_or_else(forged)?;
        let said = leave.verify_leave(&team.chain.team(), &member.person.chain).map_err(|_| forged())?;
        // What they said before they were added again is over.
        if team.chain.names_since(&said.roster, &account) { Ok(account) } else { Err(forged().into()) }
    };
    team.members.iter().filter(left).map(signed).collect()
}
