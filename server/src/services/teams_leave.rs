//! A member's own word: accepting an invitation into a team, declining it, leaving.
//!
//! Whoever leaves is shut out here at once. The next roster, with a new key, is made by a manager's client.

use api_types::{
    AccountId, ErrorCode, TeamId,
    audit::Action,
    teams::{LeaveTeam, TeamMemberState},
};
use crypto::{ids, sign::Signed, team::TeamLeave};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::Actor,
    services::{teams, teams_access, uploads_access, verify},
    storage::{
        db::WriteTx,
        team_members::{self, MemberRow},
        teams as store,
    },
};

/// The caller's own membership; to everybody else there is none.
async fn own(tx: &WriteTx, actor: &Actor, team: TeamId) -> ServiceResult<MemberRow> {
    Ok(team_members::get(tx.conn(), team, actor.account).await?.ok_or(ErrorCode::NotFound)?)
}

/// `POST /teams/{id}/accept`.
pub async fn accept(state: &AppState, actor: &Actor, team: TeamId) -> ServiceResult<()> {
    actor.active()?;
    let tx = state.db.begin_write().await?;
    let row = own(&tx, actor, team).await?;
    match row.state {
        TeamMemberState::Member => return Ok(()),
        TeamMemberState::Left => return Err(ServiceError::because(ErrorCode::Conflict, "it was declined already")),
        TeamMemberState::Invited => {}
    }
    team_members::put(tx.conn(), &MemberRow { state: TeamMemberState::Member, ..row }).await?;
    finish(state, tx, (team, actor.account), EventDraft::by(actor, Action::TeamJoin).with("team", team)).await
}

/// `POST /teams/{id}/leave`.
pub async fn leave(state: &AppState, actor: &Actor, team: TeamId, body: LeaveTeam) -> ServiceResult<()> {
    actor.active()?;
    let now = state.clock.now();
    let statement: Signed<TeamLeave> = verify::parse("/statement", &body.statement.0)?;
    let chain = verify::keys_of(state.db.read(), actor.account).await?;
    let said = statement
        .verify_leave(&ids::TeamId(team.0), &chain)
        .map_err(|error| ServiceError::because(ErrorCode::InvalidSignature, format!("statement: {error}")))?;
    verify::not_ahead("/statement", said.time, now)?;
    let tx = state.db.begin_write().await?;
    let row = own(&tx, actor, team).await?;
    if row.state == TeamMemberState::Left {
        return Ok(());
    }
    let members = team_members::of_team(tx.conn(), team).await?;
    if row.manager && !teams::is_managed(tx.conn(), &members, Some(actor.account)).await? {
        return Err(ErrorCode::TeamManagerNeeded.into());
    }
    let was = crate::audit::enum_name(&row.state);
    let left = MemberRow { state: TeamMemberState::Left, leave_statement: Some(body.statement.0), ..row };
    team_members::put(tx.conn(), &left).await?;
    store::delete_keys(tx.conn(), team, actor.account).await?;
    let event = EventDraft::by(actor, Action::TeamLeave).with("team", team).with("was", was);
    finish(state, tx, (team, actor.account), event).await
}

async fn finish(
    state: &AppState,
    mut tx: WriteTx,
    (team, account): (TeamId, AccountId),
    event: EventDraft,
) -> ServiceResult<()> {
    let now = state.clock.now();
    let changed = teams_access::changed(tx.conn(), &team, &[account], false, now).await?;
    uploads_access::end_with_team(state, &mut tx, &changed).await?;
    let members = team_members::of_team(tx.conn(), team).await?;
    tx.record(event).await?;
    changed.iter().for_each(|changed| changed.tell(&mut tx));
    teams_access::tell(&mut tx, members.into_iter().map(|member| member.account).collect());
    tx.commit().await
}
