//! The end of a team for everybody.

use leptos::prelude::*;

use super::Teams;
use crate::{
    components::{Banner, Confirm, Tone},
    t,
    vault::{Attempt, Keys},
};

/// "Dissolve?", and what that means.
#[component]
pub(super) fn Dissolve(teams: Teams) -> impl IntoView {
    let question = teams.dissolving;
    let attempt = Attempt::new();
    let name = move || question.about().map(|team| team.name).unwrap_or_default();
    let confirm = move |()| {
        let Some(team) = question.about_untracked() else { return };
        let id = team.id;
        let work = move |open: Keys| async move { open.dissolve_team(&id).await };
        teams.proving.run(attempt, work, move |()| {
            teams.toasts.done(t!(teams.dissolved, team = team.name));
            question.done();
            teams.list.again();
        });
    };
    view! {
        <Confirm
            id="dissolve-team"
            open=question.open
            title=Signal::derive(move || t!(teams.dissolve_title, team = name()))
            action=t!(teams.dissolve)
            busy=attempt.busy
            on_confirm=confirm
        >
            <p>{move || t!(teams.dissolve_text, team = name())}</p>
            <p>{t!(teams.dissolve_keys)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
