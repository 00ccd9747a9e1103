//! Inviting a doctor into a team.

use client::{CareTeam, Person, Verification};
use leptos::prelude::*;

use super::Teams;
use crate::{
    components::{Banner, Button, ButtonKind, Dialog, Tone},
    pages::signed_in::{find_person::FindPerson, key::NotCompared, person_facts::PersonFacts},
    t,
    vault::{Attempt, Keys},
};

/// The dialog: somebody is found, then asked.
#[component]
pub(super) fn Invite(teams: Teams) -> impl IntoView {
    let question = teams.inviting;
    let chosen = RwSignal::new(None::<Person>);
    let scanned = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        if !question.open.get() {
            chosen.set(None);
            scanned.set(None);
        }
    });
    let title = Signal::derive(move || {
        t!(teams.invite_title, name = question.about().map(|team| team.name).unwrap_or_default())
    });
    view! {
        <Dialog id="invite-member" open=question.open title>
            {move || match (question.about(), chosen.get()) {
                (Some(team), Some(person)) => {
                    view! { <Ask teams team person chosen scanned=scanned.get_untracked()/> }.into_any()
                }
                _ => view! { <FindPerson chosen scanned label=t!(teams.invite_who) hint=t!(teams.invite_hint)/> }.into_any(),
            }}
        </Dialog>
    }
}

#[component]
fn Ask(
    teams: Teams,
    team: CareTeam,
    person: Person,
    chosen: RwSignal<Option<Person>>,
    /// The code by which they were found, if it was one.
    scanned: Option<String>,
) -> impl IntoView {
    let attempt = Attempt::new();
    let (id, account, who) = (team.id, person.id, person.name.clone());
    let text = t!(teams.invite_text, who = who, team = team.name);
    let unverified = person.verification != Verification::Verified;
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (who, team) = (who.clone(), team.name.clone());
        let work = move |open: Keys| async move { open.add_to_team(&id, &account).await };
        teams.proving.run(attempt, work, move |()| {
            teams.toasts.done(t!(teams.invite_done, who = who, team = team));
            teams.inviting.done();
            teams.list.again();
        });
    };
    view! {
        <form class="form" method="dialog" on:submit=submit novalidate>
            <div class="share-person">
                <PersonFacts person=person.clone()/>
                <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| chosen.set(None)>{t!(share.change)}</Button>
            </div>
            {unverified.then(|| view! { <NotCompared person chosen scanned note=t!(teams.not_compared)/> })}
            <p>{text}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <div class="dialog-actions"><Button submit=true busy=attempt.busy>{t!(teams.invite)}</Button></div>
        </form>
    }
}
