//! The escrow key: its fingerprint to hand out, making one, ending it.

use client::PublishedEscrow;
use leptos::prelude::*;

use super::{Desk, Screen};
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, Confirm, Glyph, Tone, sentence, use_toasts},
    t,
    vault::{Attempt, Keys},
};

/// The card.
#[component]
pub(super) fn KeyCard(desk: Desk, published: Option<PublishedEscrow>) -> impl IntoView {
    let ending = RwSignal::new(false);
    let content = match published {
        Some(published) => view! { <Published published ending/> }.into_any(),
        None => view! { <Nothing desk/> }.into_any(),
    };
    view! {
        <Card title=t!(escrow_admin.title).to_owned()>
            <div class="stack">
                <p>{t!(escrow_admin.note)}</p>
                <p>{t!(escrow_admin.note_server)}</p>
                {content}
            </div>
        </Card>
        <End desk open=ending/>
    }
}

#[component]
fn Nothing(desk: Desk) -> impl IntoView {
    view! {
        <p class="field-hint">{t!(escrow_admin.none)}</p>
        <div>
            <Button kind=ButtonKind::Secondary glyph=Glyph::Key on_click=move |()| desk.screen.set(Screen::Making)>
                {t!(escrow_admin.make)}
            </Button>
        </div>
    }
}

#[component]
fn Published(published: PublishedEscrow, ending: RwSignal<bool>) -> impl IntoView {
    let word = |(at, word): (usize, &'static str)| view! { <li><span>{at + 1}</span>{word}</li> };
    let words = published.fingerprint.into_iter().enumerate().map(word).collect_view();
    view! {
        <div class="stack-s">
            <h3>{t!(escrow_admin.fingerprint)}</h3>
            <p class="field-hint">{t!(escrow_admin.fingerprint_note)}</p>
            <ol class="words" translate="no" aria-label=t!(escrow_admin.fingerprint) data-testid="escrow-fingerprint">{words}</ol>
            <p class="field-hint">{sentence(t!(escrow_admin.made_at), published.time)}</p>
        </div>
        <div class="page-actions no-print">
            <Button kind=ButtonKind::Secondary glyph=Glyph::Print on_click=move |()| browser::print()>
                {t!(escrow_admin.print)}
            </Button>
            <Button kind=ButtonKind::DangerQuiet on_click=move |()| ending.set(true)>{t!(escrow_admin.end)}</Button>
        </div>
    }
}

/// "End it?", and what that means.
#[component]
fn End(desk: Desk, open: RwSignal<bool>) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let end = move |()| {
        let work = move |keys: Keys| async move { keys.end_escrow_key().await };
        desk.proving.run(attempt, work, move |()| {
            toasts.done(t!(escrow_admin.ended));
            open.try_set(false);
            desk.list.again();
        });
    };
    view! {
        <Confirm
            id="escrow-end"
            open
            title=Signal::stored(t!(escrow_admin.end_title).to_owned())
            action=t!(escrow_admin.end)
            busy=attempt.busy
            on_confirm=end
        >
            <p>{t!(escrow_admin.end_text)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
