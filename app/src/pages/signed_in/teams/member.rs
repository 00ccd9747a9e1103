//! Somebody in a team, and what a manager may do about them.

use api_types::{AccountId, TeamId, teams::TeamMemberState};
use client::{CareTeam, CareTeamMember, Tended};
use leptos::prelude::*;

use super::Teams;
use crate::{
    components::{Badge, Button, ButtonKind, Tone},
    pages::signed_in::{person_facts::PersonFacts, sure::Deed},
    t,
    vault::Keys,
};

/// Whom a question is about.
#[derive(Clone)]
pub(super) struct About {
    team: TeamId,
    team_name: String,
    account: AccountId,
    who: String,
}

/// Their row.
#[component]
pub(super) fn MemberRow(
    teams: Teams,
    team: StoredValue<CareTeam>,
    member: CareTeamMember,
    /// Whether the reader manages the team.
    manages: bool,
    /// The reader.
    me: Option<AccountId>,
) -> impl IntoView {
    let manager = member.manager.then(|| view! { <Badge tone=Tone::Info>{t!(teams.manager)}</Badge> });
    let state = match member.state {
        TeamMemberState::Invited => Some(view! { <Badge tone=Tone::Warn>{t!(teams.invited)}</Badge> }),
        TeamMemberState::Left => Some(view! { <Badge tone=Tone::Plain>{t!(teams.left)}</Badge> }),
        TeamMemberState::Member => None,
    };
    let own = me == Some(member.person.id);
    let others = manages && !own;
    let about = team.with_value(|team| About {
        team: team.id,
        team_name: team.name.clone(),
        account: member.person.id,
        who: member.person.name.clone(),
    });
    let role = (others && member.state == TeamMemberState::Member).then(|| role(teams, about.clone(), member.manager));
    let remove = others.then(|| {
        let aria = t!(teams.remove_of, who = about.who, team = about.team_name);
        view! {
            <button type="button" class="btn btn-danger-quiet btn-small" aria-label=aria on:click=move |_| teams.removing.ask(about.clone())>
                {t!(teams.remove)}
            </button>
        }
    });
    view! {
        <li class="contact">
            <div class="share-person">
                <PersonFacts person=member.person own/>
                <span class="row-badges">{manager}{state}{role}{remove}</span>
            </div>
        </li>
    }
}

/// A manager from now on, or none any more.
fn role(teams: Teams, about: About, manager: bool) -> impl IntoView {
    let says = if manager { t!(teams.make_member) } else { t!(teams.make_manager) };
    let name = about.who.clone();
    let click = move |()| {
        let About { team, team_name, account, who } = about.clone();
        let work = move |open: Keys| async move { open.set_team_manager(&team, &account, !manager).await };
        teams.proving.run(teams.attempt, work, move |()| {
            teams.toasts.done(match manager {
                true => t!(teams.member_done, who = who, team = team_name),
                false => t!(teams.manager_done, who = who, team = team_name),
            });
            teams.list.again();
        });
    };
    view! {
        <Button kind=ButtonKind::Quiet class="btn-small" busy=teams.attempt.busy on_click=click>
            {says}<span class="sr-only">" "{name}</span>
        </Button>
    }
}

/// "Remove?", and what follows.
pub(super) fn removing() -> Deed<About, Tended> {
    Deed {
        id: "remove-member",
        action: t!(teams.remove),
        title: |about| t!(teams.remove_title, who = about.who, team = about.team_name),
        text: |about| {
            vec![t!(teams.remove_access, who = about.who, team = about.team_name), t!(teams.remove_keys).to_owned()]
        },
        done: |about, tended| match tended.failed.len() {
            0 => t!(teams.removed, who = about.who, team = about.team_name),
            count => t!(teams.removed_some, who = about.who, count = count),
        },
    }
}

pub(super) async fn remove(open: Keys, about: About) -> client::Result<Tended> {
    open.remove_from_team(&about.team, &about.account).await
}
