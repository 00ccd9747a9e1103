//! Pausing the account, and the way to deleting it.

use api_types::live::LiveKind;
use leptos::prelude::*;

use crate::{
    components::{Banner, Button, ButtonKind, Card, Dialog, Glyph, LinkButton, TextField, Tone},
    pages::signed_in::prove::{ProveDialog, Proving},
    t,
    vault::{Attempt, Keys, Loaded, use_vault},
};

/// The card.
#[component]
pub(super) fn Leaving() -> impl IntoView {
    let asking = RwSignal::new(false);
    let proving = Proving::new(use_vault());
    view! {
        <Card title=t!(leaving.card).to_owned()>
            <div class="stack-s">
                <p>{t!(leaving.card_note)}</p>
                <div class="banner-actions">
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Pause on_click=move |()| asking.set(true)>
                        {t!(leaving.pause)}
                    </Button>
                    <LinkButton href="/settings/delete" kind=ButtonKind::DangerQuiet glyph=Glyph::Trash>
                        {t!(leaving.open)}
                    </LinkButton>
                </div>
            </div>
        </Card>
        <Dialog id="pause" open=asking title=t!(leaving.pause_title).to_owned()><PauseForm proving/></Dialog>
        <ProveDialog proving/>
    }
}

#[component]
fn PauseForm(proving: Proving) -> impl IntoView {
    let vault = use_vault();
    let email = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = email.get_untracked();
        let work = move |keys: Keys| {
            let typed = typed.clone();
            async move { vault.last_deed(t!(leaving.paused), keys.pause_account(&typed)).await }
        };
        proving.run(attempt, work, move |()| vault.session_over());
    };
    view! {
        <form class="form" method="dialog" on:submit=submit novalidate>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <p>{t!(leaving.pause_text)}</p>
            <TeamsFirst/>
            <TypedAddress id="pause-email" email/>
            <div class="dialog-actions">
                <Button submit=true kind=ButtonKind::Danger busy=attempt.busy>{t!(leaving.pause)}</Button>
            </div>
        </form>
    }
}

/// Teams that nobody could change any more: said before anything is asked. Where they can't be had, the server says it.
#[component]
pub(super) fn TeamsFirst() -> impl IntoView {
    let vault = use_vault();
    let alone = Loaded::new(vault, |open: Keys| async move { open.managed_alone().await });
    vault.on_live(move |event| {
        if matches!(event.kind, LiveKind::TeamChanged) {
            alone.again();
        }
    });
    move || {
        let teams = alone.value.get().filter(|teams| !teams.is_empty())?;
        let names = teams.into_iter().map(|team| team.name).collect::<Vec<_>>().join(", ");
        Some(view! {
            <Banner tone=Tone::Warn title=t!(leaving.teams_title)>
                <p>{t!(leaving.teams_text, teams = names)}</p>
                <div class="banner-actions">
                    <LinkButton href="/teams" kind=ButtonKind::Secondary>{t!(leaving.teams_open)}</LinkButton>
                </div>
            </Banner>
        })
    }
}

/// One's own address, typed anew.
#[component]
pub(super) fn TypedAddress(id: &'static str, email: RwSignal<String>) -> impl IntoView {
    let own = use_vault().who().map(|who| who.email).unwrap_or_default();
    view! {
        <p class="field-hint">{t!(leaving.email_hint, email = own)}</p>
        <TextField id label=t!(leaving.email) value=email kind="email" autocomplete="off"/>
    }
}
