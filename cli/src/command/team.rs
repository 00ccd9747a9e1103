//! `hs team`: care teams, their members as their managers signed them.

use api_types::{AccountId, TeamId, teams::TeamMemberState};
use client::{CareTeam, Tended, Vault, Verification, native::Native};
use serde::Serialize;
use serde_json::json;

use super::{
    key::{KeyState, look_at},
    security::confirmed,
    share::recipient,
};
use crate::{
    args::Team,
    context::Context,
    error::{CliError, Result},
    output::table,
};

/// Runs it.
pub async fn run(context: &Context, command: &Team) -> Result<()> {
    match command {
        Team::List { name } => list(context, name.as_deref()).await,
        Team::Create { name } => create(context, name).await,
        Team::Show { team } => show(context, team).await,
        Team::Rename { team, name } => rename(context, team, name).await,
        Team::Dissolve { team } => dissolve(context, team).await,
        Team::Add { team, person, manager } => add(context, team, person, *manager).await,
        Team::Remove { team, person } => remove(context, team, person).await,
        Team::Accept { team } => accept(context, team).await,
        Team::Leave { team } => leave(context, team).await,
        Team::Tend => tend(context).await,
    }
}

/// A team by its id, the first characters of it among one's own, or its whole name.
pub(super) async fn team_id(vault: &Vault<Native>, text: &str) -> Result<TeamId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let own = vault.teams().await?;
    let named = vault.find_teams(text).await?;
    let exact: Vec<_> = own.iter().chain(&named).filter(|item| item.name.eq_ignore_ascii_case(text)).collect();
    match exact.first() {
        Some(first) if exact.iter().all(|item| item.id == first.id) => Ok(first.id),
        Some(_) => Err(CliError::Argument(format!("more than one team is called {text:?}: use the id"))),
        None => super::unique("team", text, own.iter().map(|item| item.id)),
    }
}

#[derive(Serialize)]
struct Item {
    id: TeamId,
    name: String,
    members: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<TeamMemberState>,
}

fn state_word(state: TeamMemberState) -> &'static str {
    match state {
        TeamMemberState::Invited => "invited",
        TeamMemberState::Member => "member",
        TeamMemberState::Left => "left",
    }
}

async fn list(context: &Context, name: Option<&str>) -> Result<()> {
    let items = context
        .with_vault(async |vault| {
            Ok(match name {
                Some(name) => vault.find_teams(name).await?,
                None => vault.teams().await?,
            })
        })
        .await?;
    let items = items.into_iter();
    let shown: Vec<Item> =
        items.map(|item| Item { id: item.id, name: item.name, members: item.members, state: item.state }).collect();
    context.output.result(&shown, |shown| {
        let row = |item: &Item| {
            let state = item.state.map(state_word).unwrap_or_default().to_owned();
            vec![item.id.to_string(), item.name.clone(), item.members.to_string(), state]
        };
        table(&["ID", "NAME", "MEMBERS", "YOU"], &shown.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

async fn create(context: &Context, name: &str) -> Result<()> {
    let id = context.with_vault(async |vault| Ok(vault.create_team(name).await?)).await?;
    context.output.result(&json!({ "team_id": id }), |_| format!("Team {id} made; you are its manager."));
    Ok(())
}

async fn rename(context: &Context, text: &str, name: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let id = team_id(vault, text).await?;
            vault.rename_team(&id, name).await?;
            Ok(id)
        })
        .await?;
    context.output.result(&json!({ "renamed": id, "name": name }), |_| format!("The team is called {name} now."));
    Ok(())
}

async fn dissolve(context: &Context, text: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let id = team_id(vault, text).await?;
            confirmed(context, vault, async || vault.dissolve_team(&id).await).await?;
            Ok(id)
        })
        .await?;
    context.output.result(&json!({ "dissolved": id }), |_| {
        "Dissolved. What was shared with the team opens to nobody by it any more; its owners' programs make new keys.".to_owned()
    });
    Ok(())
}

#[derive(Serialize)]
struct Member {
    account_id: AccountId,
    name: String,
    manager: bool,
    state: TeamMemberState,
    key_verified: bool,
}

#[derive(Serialize)]
struct Shown {
    id: TeamId,
    name: String,
    dissolved: bool,
    key_epoch: u32,
    members: Vec<Member>,
}

impl From<CareTeam> for Shown {
    fn from(team: CareTeam) -> Self {
        let member = |member: client::CareTeamMember| Member {
            account_id: member.person.id,
            key_verified: member.person.verification == Verification::Verified,
            name: member.person.name,
            manager: member.manager,
            state: member.state,
        };
        Self {
            id: team.id,
            dissolved: team.is_dissolved(),
            name: team.name,
            key_epoch: team.key_epoch,
            members: team.members.into_iter().map(member).collect(),
        }
    }
}

async fn show(context: &Context, text: &str) -> Result<()> {
    let team = context
        .with_vault(async |vault| {
            let id = team_id(vault, text).await?;
            Ok(vault.team(&id).await?)
        })
        .await?;
    context.output.result(&Shown::from(team), |shown| {
        let row = |member: &Member| {
            let role = if member.manager { "manager" } else { "member" };
            let key = if member.key_verified { "compared" } else { "not compared" };
            let cells = [member.name.as_str(), role, state_word(member.state), key];
            cells.map(str::to_owned).to_vec()
        };
        let rows: Vec<_> = shown.members.iter().map(row).collect();
        let dissolved = if shown.dissolved { " (dissolved)" } else { "" };
        format!("{} {}{dissolved}\n{}", shown.id, shown.name, table(&["NAME", "ROLE", "STATE", "KEY"], &rows))
    });
    Ok(())
}

#[derive(Serialize)]
struct Invited {
    invited: AccountId,
    #[serde(flatten)]
    key: KeyState,
}

async fn add(context: &Context, text: &str, who: &str, manager: bool) -> Result<()> {
    let (person, key) = context
        .with_vault(async |vault| {
            let id = team_id(vault, text).await?;
            let person = recipient(vault, who).await?;
            let key = look_at(context, &person);
            confirmed(context, vault, async || vault.add_to_team(&id, &person.id).await).await?;
            if manager {
                confirmed(context, vault, async || vault.set_team_manager(&id, &person.id, true).await).await?;
            }
            Ok((person, key))
        })
        .await?;
    let says = format!("Invited {}; they accept with `hs team accept`.{}", person.name, key.says());
    context.output.result(&Invited { invited: person.id, key }, |_| says);
    Ok(())
}

fn told(tended: &Tended) -> String {
    let failed = tended.failed.iter().map(|(report, why)| format!("\n{}: {why}", super::short(report)));
    let failed: String = failed.collect();
    format!("{} report(s) brought under the team's newest key.{failed}", tended.done.len())
}

async fn remove(context: &Context, text: &str, who: &str) -> Result<()> {
    let (person, tended) = context
        .with_vault(async |vault| {
            let id = team_id(vault, text).await?;
            let person = recipient(vault, who).await?;
            let tended = vault.remove_from_team(&id, &person.id).await?;
            Ok((person, tended))
        })
        .await?;
    let value = json!({ "removed": person.id, "followed": tended.done, "failed": tended.failed.len() });
    context.output.result(&value, |_| format!("Removed {}. {}", person.name, told(&tended)));
    Ok(())
}

async fn accept(context: &Context, text: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let id = team_id(vault, text).await?;
            vault.accept_team(&id).await?;
            Ok(id)
        })
        .await?;
    context.output.result(&json!({ "accepted": id }), |_| "You belong to the team now.".to_owned());
    Ok(())
}

async fn leave(context: &Context, text: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let id = team_id(vault, text).await?;
            vault.leave_team(&id).await?;
            Ok(id)
        })
        .await?;
    context.output.result(&json!({ "left": id }), |_| "You belong to the team no more.".to_owned());
    Ok(())
}

async fn tend(context: &Context) -> Result<()> {
    let tended = context.with_vault(async |vault| Ok(vault.tend_teams().await?)).await?;
    let mut done = 0;
    for (team, one) in &tended {
        match one {
            Ok(one) => {
                done += one.done.len();
                one.failed.iter().for_each(|(_, error)| context.output.warning(&error.code(), &error.to_string()));
            }
            Err(error) => context.output.warning(&error.code(), &format!("team {}: {error}", super::short(team))),
        }
    }
    context
        .output
        .result(&json!({ "followed": done }), |_| format!("{done} report(s) brought under their teams' newest keys."));
    Ok(())
}
