//! Sharing with a care team: found by name, shown with whoever is in it, then right, purpose and end.

use api_types::teams::TeamItem;
use client::{CareTeam, TeamShare};
use leptos::prelude::*;

use super::{
    done::Made,
    form::{HOUR, lives, purposes, right_of, rights},
};
use crate::{
    components::{Banner, Button, ButtonKind, Choices, SelectField, TextField, Tone},
    pages::signed_in::{person_facts::PersonFacts, report::handle::Handle},
    t,
    vault::{Attempt, Keys, use_vault},
};

/// How many are in it.
fn count(members: usize) -> String {
    match members {
        1 => t!(teams.members_1).to_owned(),
        count => t!(teams.members, count = count),
    }
}

/// A field, and the teams below it; choosing one verifies it and sets `chosen`.
#[component]
pub(super) fn FindTeam(chosen: RwSignal<Option<CareTeam>>) -> impl IntoView {
    let vault = use_vault();
    let attempt = Attempt::new();
    let typed = RwSignal::new(String::new());
    let found = RwSignal::new(None::<Vec<TeamItem>>);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = typed.get_untracked();
        let work = move |open: Keys| async move { open.find_teams(&wanted).await };
        vault.run(attempt, work, move |teams| drop(found.try_set(Some(teams))));
    };
    let choose = move |item: &TeamItem| {
        let id = item.id;
        let work = move |open: Keys| async move { open.team(&id).await };
        vault.run(attempt, work, move |team| drop(chosen.try_set(Some(team))));
    };
    let candidate = move |item: TeamItem| {
        let (name, members) = (item.name.clone(), count(item.members as usize));
        view! {
            <li>
                <button type="button" class="found-person" on:click=move |_| choose(&item)>
                    <span class="row-main">
                        <span class="row-title">{name}</span>
                        <span class="row-text">{members}</span>
                    </span>
                </button>
            </li>
        }
    };
    view! {
        <form class="form" method="dialog" on:submit=submit novalidate>
            <TextField id="find-team" label=t!(teams.find) value=typed hint=t!(teams.find_hint) focus=true/>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <div><Button submit=true kind=ButtonKind::Secondary busy=attempt.busy>{t!(teams.find_go)}</Button></div>
        </form>
        <div class="found" aria-live="polite">
            {move || found.get().map(|teams| match teams.is_empty() {
                true => view! { <p class="field-hint">{t!(teams.found_none)}</p> }.into_any(),
                false => view! {
                    <ul class="found-list" role="list" aria-label=t!(teams.found)>
                        {teams.into_iter().map(candidate).collect_view()}
                    </ul>
                }
                .into_any(),
            })}
        </div>
    }
}

/// What is shared with the team, and how.
#[component]
pub(super) fn TeamForm(
    handle: Handle,
    /// With which.
    team: CareTeam,
    chosen: RwSignal<Option<CareTeam>>,
    made: RwSignal<Option<Made>>,
) -> impl IntoView {
    let vault = use_vault();
    let attempt = Attempt::new();
    let right = RwSignal::new("view".to_owned());
    let purpose = RwSignal::new("treatment".to_owned());
    let hours = RwSignal::new("24".to_owned());
    let id = team.id;
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let life: i64 = hours.get_untracked().parse().unwrap_or(24);
        let share = TeamShare {
            to: id,
            right: right_of(&right.get_untracked()),
            purpose: purpose.get_untracked(),
            expires_in: life * HOUR,
        };
        let work = move |open: Keys| async move { open.share_with_team(&handle.id, &share).await };
        vault.run(attempt, work, move |shared| {
            let (members, expires_at) = (Some(shared.with.members.len()), shared.expires_at);
            made.try_set(Some(Made { name: shared.with.name, members, code: None, hours: life, expires_at }));
            handle.refresh();
        });
    };
    let own = vault.who().map(|who| who.account_id);
    // Outside of the fold: whoever never opens it must not think that all of them were compared.
    let (open, all) = team.not_compared(own);
    let unsure = (open > 0)
        .then(|| view! { <Banner tone=Tone::Warn>{t!(teams.share_not_compared, count = open, all = all)}</Banner> });
    // A team passes nothing on.
    let choices: Vec<_> = rights().into_iter().filter(|choice| choice.value != "reshare").collect();
    // As where a person is chosen: what was tapped is gone.
    request_animation_frame(|| crate::browser::focus("share-with"));
    let member = move |member: client::CareTeamMember| {
        let own = Some(member.person.id) == own;
        view! { <li><div class="share-person"><PersonFacts person=member.person own/></div></li> }
    };
    view! {
        <form class="form" method="dialog" on:submit=submit>
            <div class="share-person" id="share-with" tabindex="-1">
                <span class="row-main">
                    <span class="row-title">{t!(teams.access_name, name = team.name)}</span>
                    <span class="row-text">{count(team.members.len())}</span>
                </span>
                <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| chosen.set(None)>{t!(teams.share_change)}</Button>
            </div>
            {unsure}
            <details class="disclose">
                <summary>{t!(teams.share_members)}</summary>
                <ul class="rows" role="list" aria-label=t!(teams.share_members)>{team.members.into_iter().map(member).collect_view()}</ul>
            </details>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <Choices id="share-right" label=t!(share.right) value=right choices/>
            <div class="form-row">
                <SelectField id="share-purpose" label=t!(share.purpose) value=purpose hint=t!(share.purpose_hint) options=Signal::derive(purposes)/>
                <SelectField id="share-expiry" label=t!(share.expiry) value=hours options=Signal::derive(|| lives(false))/>
            </div>
            <div class="dialog-actions"><Button submit=true busy=attempt.busy>{t!(share.submit)}</Button></div>
        </form>
    }
}
