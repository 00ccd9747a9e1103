//! Care teams, read: one's own, those found by name, one with its rosters.

use std::collections::{BTreeMap, BTreeSet};

use api_types::{
    AccountId, B64, ErrorCode, GrantId, ReportId, TeamId,
    accounts::AccountStatus,
    audit::Action,
    limits::{SEARCH_MIN_CHARS, TEAM_NAME_MAX},
    teams::{Team, TeamGrantBehind, TeamItem, TeamList, TeamMember, TeamMemberState, TeamRosters},
};
use crypto::{encoding::DecodeError, sign::Signed, team::TeamRoster};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::Actor,
    services::{
        fields,
        throttle::{self, Tried},
    },
    storage::{
        accounts,
        grants::Grant,
        id,
        team_members::{self, MemberRow},
        teams::{self, TeamRow},
    },
};

/// Most that a search finds.
const FOUND_MAX: u64 = 20;
/// Most grants behind their team that are named at once.
const BEHIND_MAX: u64 = 500;

/// Whether one of these members, but for who goes, can sign their team's next roster: a manager who accepted, and whose account
/// may act.
pub async fn is_managed(
    conn: &impl ConnectionTrait,
    members: &[MemberRow],
    without: Option<AccountId>,
) -> ServiceResult<bool> {
    for member in members {
        let manages = member.manager && member.state == TeamMemberState::Member && Some(member.account) != without;
        if manages && accounts::get(conn, member.account).await?.is_some_and(|row| row.status == AccountStatus::Active)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether somebody else belongs to a team, or is invited into it.
async fn has_others(conn: &impl ConnectionTrait, members: &[MemberRow], account: AccountId) -> ServiceResult<bool> {
    for member in members.iter().filter(|member| member.account != account && member.state != TeamMemberState::Left) {
        let row = accounts::get(conn, member.account).await?;
        if row.is_some_and(|row| row.status != AccountStatus::Deleted) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of the teams that others belong to and that nobody could change without this account.
pub async fn managed_alone(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<Vec<String>> {
    let mut names = Vec::new();
    for own in team_members::of_account(conn, account).await? {
        if !own.manager || own.state != TeamMemberState::Member {
            continue;
        }
        let members = team_members::of_team(conn, own.team).await?;
        if has_others(conn, &members, account).await? && !is_managed(conn, &members, Some(account)).await? {
            names.extend(teams::get(conn, own.team).await?.map(|row| row.name));
        }
    }
    names.sort();
    Ok(names)
}

/// Teams in which nobody is left besides an account that goes are found by nobody any more: nothing that is shared with one would
/// reach anybody.
pub async fn hide_left_empty(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<()> {
    for own in team_members::of_account(conn, account).await? {
        let members = team_members::of_team(conn, own.team).await?;
        if !has_others(conn, &members, account).await? {
            teams::hide(conn, own.team).await?;
        }
    }
    Ok(())
}

/// Refuses a team whose newest roster names nobody. One that never was is another's to refuse.
pub async fn not_dissolved(conn: &impl ConnectionTrait, team: TeamId) -> ServiceResult<()> {
    let exists = teams::get(conn, team).await?.is_some();
    match exists && team_members::of_team(conn, team).await?.is_empty() {
        true => Err(ErrorCode::TeamDissolved.into()),
        false => Ok(()),
    }
}

/// A stored roster, parsed.
pub fn stored(team: TeamId, roster: &[u8]) -> ServiceResult<Signed<TeamRoster>> {
    let corrupt = |error: DecodeError| ServiceError::Internal(format!("a stored roster of {team}: {error}"));
    Signed::parse(roster).map_err(corrupt)
}

/// A team's rosters, and whose records verifying and showing them takes: whoever signed one or is named by one, since what
/// they read and wrote meanwhile is theirs.
pub async fn signed(conn: &impl ConnectionTrait, team: TeamId) -> ServiceResult<(TeamRosters, BTreeSet<AccountId>)> {
    let found = teams::rosters(conn, team).await?;
    let mut people = BTreeSet::new();
    let (mut rosters, mut leaves) = (Vec::with_capacity(found.len()), Vec::with_capacity(found.len()));
    for (roster, leaf) in &found {
        let parsed = stored(team, roster)?;
        people.insert(AccountId(parsed.claimed().author.0));
        people.extend(parsed.claimed().members.iter().map(|member| AccountId(member.account.0)));
        rosters.push(B64::from(&roster[..]));
        leaves.push(*leaf);
    }
    Ok((TeamRosters { id: team, rosters, leaves }, people))
}

async fn items(
    conn: &impl ConnectionTrait,
    rows: Vec<TeamRow>,
    own: &BTreeMap<TeamId, TeamMemberState>,
) -> ServiceResult<Vec<TeamItem>> {
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let team = TeamId(id("teams", "id", &row.id)?);
        let members = team_members::of_team(conn, team).await?.len();
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        items.push(TeamItem { id: team, name: row.name, members, state: own.get(&team).copied() });
    }
    Ok(items)
}

/// `GET /teams` and `GET /teams?name=`.
pub async fn list(state: &AppState, actor: &Actor, name: Option<String>) -> ServiceResult<TeamList> {
    actor.may_look_up()?;
    let conn = state.db.read();
    let memberships = team_members::of_account(conn, actor.account).await?;
    let own: BTreeMap<_, _> = memberships.iter().map(|member| (member.team, member.state)).collect();
    let (by, rows) = match name {
        None => ("membership", teams::by_ids(conn, own.keys().map(|team| team.0.to_vec()).collect()).await?),
        Some(text) => {
            throttle::count(state, Tried::LookUp, &actor.account.0).await?;
            let text = fields::short_text("/name", &text, TEAM_NAME_MAX)?;
            if text.chars().count() < SEARCH_MIN_CHARS {
                return Err(ServiceError::field("/name", format!("at least {SEARCH_MIN_CHARS} characters")));
            }
            ("name", teams::by_name(conn, &fields::search_key(&text), FOUND_MAX).await?)
        }
    };
    let items = items(conn, rows, &own).await?;
    let event = EventDraft::by(actor, Action::LookUp).with("of", "teams").with("by", by);
    state.audit.record(event.delivered(items.iter().map(|item| &item.id.0[..]))).await?;
    Ok(TeamList { items })
}

fn named_behind(grant: &Grant) -> ServiceResult<TeamGrantBehind> {
    Ok(TeamGrantBehind {
        report_id: ReportId(id("grants", "report_id", &grant.report_id)?),
        grant_id: GrantId(id("grants", "id", &grant.id)?),
    })
}

/// `GET /teams/{id}`: what was signed to everybody who may act here; keys to members alone.
pub async fn get(state: &AppState, actor: &Actor, team: TeamId) -> ServiceResult<Team> {
    actor.may_look_up()?;
    let conn = state.db.read();
    let row = teams::get(conn, team).await?.ok_or(ErrorCode::NotFound)?;
    let (rosters, people) = signed(conn, team).await?;
    let people: Vec<AccountId> = people.into_iter().collect();
    let members = team_members::of_team(conn, team).await?;
    let is_member =
        members.iter().any(|member| member.account == actor.account && member.state == TeamMemberState::Member);
    let (mut keys, mut behind) = (Vec::new(), Vec::new());
    if is_member {
        keys = teams::keys_for(conn, team, actor.account).await?;
        behind = teams::grants_behind(conn, &row, state.clock.now(), BEHIND_MAX).await?;
    }
    let behind = behind.iter().map(named_behind).collect::<ServiceResult<Vec<_>>>()?;
    let team_seen = Team {
        rosters,
        people: accounts::public_by_ids(conn, &people).await?,
        members: members
            .into_iter()
            .map(|member| TeamMember {
                account: member.account,
                state: member.state,
                leave: member.leave_statement.map(B64),
            })
            .collect(),
        keys: keys.into_iter().map(B64).collect(),
        behind,
        created_at: row.created_at,
    };
    state.audit.record(EventDraft::by(actor, Action::LookUp).with("team", team)).await?;
    Ok(team_seen)
}
