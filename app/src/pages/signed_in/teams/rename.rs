//! Another name for a team.

use leptos::prelude::*;

use super::Teams;
use crate::{
    components::{Banner, Button, Dialog, TextField, Tone},
    t,
    vault::{Attempt, Keys},
};

/// The dialog: what it is called now stands in the field.
#[component]
pub(super) fn Rename(teams: Teams) -> impl IntoView {
    let question = teams.renaming;
    let name = RwSignal::new(String::new());
    let attempt = Attempt::new();
    Effect::new(move |_| {
        if let Some(team) = question.about() {
            name.set(team.name);
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(team) = question.about_untracked() else { return };
        let (id, typed) = (team.id, name.get_untracked());
        let said = typed.trim().to_owned();
        let work = move |open: Keys| {
            let typed = typed.clone();
            async move { open.rename_team(&id, &typed).await }
        };
        teams.proving.run(attempt, work, move |()| {
            teams.toasts.done(t!(teams.renamed, name = said));
            question.done();
            teams.list.again();
        });
    };
    let title = Signal::derive(move || {
        t!(teams.rename_title, team = question.about().map(|team| team.name).unwrap_or_default())
    });
    view! {
        <Dialog id="rename-team" open=question.open title>
            <form class="form" method="dialog" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TextField id="team-new-name" label=t!(teams.rename_name) value=name hint=t!(teams.create_hint) max=100/>
                <div class="dialog-actions"><Button submit=true busy=attempt.busy>{t!(teams.rename)}</Button></div>
            </form>
        </Dialog>
    }
}
