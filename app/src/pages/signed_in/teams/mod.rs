//! `/teams`: the care teams that one belongs to: made, answered, managed.

mod invite;
mod member;
mod rename;
mod team;

use api_types::live::LiveKind;
use client::CareTeam;
use leptos::prelude::*;

use super::{
    prove::{ProveDialog, Proving},
    question::Question,
    sure::Sure,
};
use crate::{
    components::{Banner, Button, Card, Empty, Glyph, Page, TextField, Toasts, Tone, use_toasts},
    t,
    vault::{Attempt, Keys, Loaded, explain, use_vault},
};
use invite::Invite;
use member::{About, remove, removing};
use rename::Rename;
use team::{TeamCard, dissolve, dissolving, leave, leaving};

/// A team that verified, or its name as the server says it and why it is refused.
type Line = Result<CareTeam, (String, String)>;

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Teams {
    list: Loaded<Vec<Line>>,
    proving: Proving,
    toasts: Toasts,
    attempt: Attempt,
    /// "Remove?"
    removing: Question<About>,
    /// "Leave?"
    leaving: Question<CareTeam>,
    /// Whom to invite.
    inviting: Question<CareTeam>,
    /// Another name.
    renaming: Question<CareTeam>,
    /// "Dissolve?"
    dissolving: Question<CareTeam>,
}

async fn ask(open: Keys) -> client::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for item in open.teams().await? {
        lines.push(match open.team(&item.id).await {
            Ok(team) => Ok(team),
            Err(error @ client::ClientError::Transport(_)) => return Err(error),
            Err(error) => Err((item.name, explain(&error))),
        });
    }
    Ok(lines)
}

/// Care teams.
#[component]
pub fn TeamsPage() -> impl IntoView {
    let vault = use_vault();
    let teams = Teams {
        list: Loaded::new(vault, ask),
        proving: Proving::new(vault),
        toasts: use_toasts(),
        attempt: Attempt::new(),
        removing: Question::new(),
        leaving: Question::new(),
        inviting: Question::new(),
        renaming: Question::new(),
        dissolving: Question::new(),
    };
    vault.on_live(move |event| {
        if matches!(event.kind, LiveKind::TeamChanged | LiveKind::Resync) {
            teams.list.again();
        }
    });
    let attempt = teams.attempt;
    let again = move || teams.list.again();
    view! {
        <Page title=t!(teams.title).to_owned() lead=t!(teams.lead)>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            {teams.list.show(t!(teams.failed), 3, move |lines| view! { <List teams lines/> })}
            <Create teams/>
        </Page>
        <Invite teams/>
        <Rename teams/>
        <Sure proving=teams.proving deed=removing() question=teams.removing work=remove again/>
        <Sure proving=teams.proving deed=leaving() question=teams.leaving work=leave again/>
        <Sure proving=teams.proving deed=dissolving() question=teams.dissolving work=dissolve again/>
        <ProveDialog proving=teams.proving/>
    }
}

#[component]
fn List(teams: Teams, lines: Vec<Line>) -> impl IntoView {
    if lines.is_empty() {
        return view! {
            <Card flush=true><Empty glyph=Glyph::People title=t!(teams.none_title)><p>{t!(teams.none)}</p></Empty></Card>
        }
        .into_any();
    }
    let line = move |line: Line| match line {
        Ok(team) => view! { <TeamCard teams team/> }.into_any(),
        Err((name, why)) => {
            view! { <Banner tone=Tone::Danger title=t!(teams.refused)><p>{name}</p><p>{why}</p></Banner> }.into_any()
        }
    };
    lines.into_iter().map(line).collect_view().into_any()
}

#[component]
fn Create(teams: Teams) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = name.get_untracked();
        let said = typed.trim().to_owned();
        let work = move |open: Keys| {
            let typed = typed.clone();
            async move { open.create_team(&typed).await }
        };
        teams.proving.run(attempt, work, move |_| {
            teams.toasts.done(t!(teams.created, name = said));
            name.try_set(String::new());
            teams.list.again();
        });
    };
    view! {
        <Card title=t!(teams.create).to_owned()>
            <form class="form" method="dialog" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TextField id="team-name" label=t!(teams.create_name) value=name hint=t!(teams.create_hint) max=100/>
                <div><Button submit=true busy=attempt.busy>{t!(teams.create)}</Button></div>
            </form>
        </Card>
    }
}
