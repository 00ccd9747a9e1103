//! One team: its members, and what the reader may do with it.

use api_types::teams::TeamMemberState;
use client::CareTeam;
use leptos::prelude::*;

use super::{Teams, member::MemberRow};
use crate::{
    components::{Button, ButtonKind, Card, Rows},
    pages::signed_in::sure::Deed,
    t,
    vault::{Keys, use_vault},
};

/// Its card.
#[component]
pub(super) fn TeamCard(teams: Teams, team: CareTeam) -> impl IntoView {
    let me = use_vault().who().map(|who| who.account_id);
    let own = me.and_then(|me| team.member(&me).map(|member| member.state));
    let manages = me.is_some_and(|me| team.is_manager(&me));
    let actions = actions(teams, &team, own, manages);
    let waits = (own == Some(TeamMemberState::Invited)).then(|| view! { <p class="card-note">{t!(teams.waits)}</p> });
    let label = t!(teams.members_of, name = team.name);
    let (title, shared) = (team.name.clone(), StoredValue::new(team));
    let row = move |member| view! { <MemberRow teams team=shared member manages me/> };
    let members = shared.with_value(|team| team.members.clone());
    view! {
        <Card title flush=true>
            {waits}
            <Rows label>{members.into_iter().map(row).collect_view()}</Rows>
            <div class="card-note page-actions">{actions}</div>
        </Card>
    }
}

fn actions(teams: Teams, team: &CareTeam, own: Option<TeamMemberState>, manages: bool) -> AnyView {
    let name = team.name.clone();
    let team = StoredValue::new(team.clone());
    let button = move |kind: ButtonKind, says: &'static str, step: fn(Teams, CareTeam)| {
        let name = name.clone();
        view! {
            <Button kind class="btn-small" busy=teams.attempt.busy on_click=move |()| step(teams, team.get_value())>
                {says}<span class="sr-only">" "{name}</span>
            </Button>
        }
    };
    match own {
        Some(TeamMemberState::Invited) => view! {
            {button(ButtonKind::Secondary, t!(teams.accept), accept)}
            {button(ButtonKind::Quiet, t!(teams.decline), |teams, team| teams.leaving.ask(team))}
        }
        .into_any(),
        Some(TeamMemberState::Member) => {
            let manage = manages.then(|| {
                view! {
                    {button(ButtonKind::Secondary, t!(teams.invite), |teams, team| teams.inviting.ask(team))}
                    {button(ButtonKind::Quiet, t!(teams.rename), |teams, team| teams.renaming.ask(team))}
                    {button(ButtonKind::DangerQuiet, t!(teams.dissolve), |teams, team| teams.dissolving.ask(team))}
                }
            });
            let leave = button(ButtonKind::Quiet, t!(teams.leave), |teams, team| teams.leaving.ask(team));
            view! { {manage}{leave} }.into_any()
        }
        _ => ().into_any(),
    }
}

fn accept(teams: Teams, team: CareTeam) {
    let id = team.id;
    let work = move |open: Keys| async move { open.accept_team(&id).await };
    teams.proving.run(teams.attempt, work, move |()| {
        teams.toasts.done(t!(teams.accepted, team = team.name));
        teams.list.again();
    });
}

/// "Leave?", and what that means.
pub(super) fn leaving() -> Deed<CareTeam> {
    Deed {
        id: "leave-team",
        action: t!(teams.leave),
        title: |team| t!(teams.leave_title, team = team.name),
        text: |team| vec![t!(teams.leave_text, team = team.name)],
        done: |team, ()| t!(teams.left_done, team = team.name),
    }
}

pub(super) async fn leave(open: Keys, team: CareTeam) -> client::Result<()> {
    open.leave_team(&team.id).await
}

/// "Dissolve?", and what that means.
pub(super) fn dissolving() -> Deed<CareTeam> {
    Deed {
        id: "dissolve-team",
        action: t!(teams.dissolve),
        title: |team| t!(teams.dissolve_title, team = team.name),
        text: |team| vec![t!(teams.dissolve_text, team = team.name), t!(teams.dissolve_keys).to_owned()],
        done: |team, ()| t!(teams.dissolved, team = team.name),
    }
}

pub(super) async fn dissolve(open: Keys, team: CareTeam) -> client::Result<()> {
    open.dissolve_team(&team.id).await
}
