//! Turning escrow on: the key's words without two, which are typed from what the organisation gave out itself.

use client::EscrowOffer;
use leptos::prelude::*;

use super::{Security, label};
use crate::{
    components::{Banner, Button, ButtonKind, Card, TextField, Tone, use_toasts},
    t,
    vault::{Attempt, Keys, explain},
};

/// The screen, with the key as it was offered when it opened: the words that are asked for stay the same.
#[component]
pub(in super::super) fn TurnOn(security: Security) -> impl IntoView {
    let offer = security.escrow.value.get_untracked().and_then(|standing| standing.offered);
    match offer {
        Some(offer) => view! { <Compare security offer/> }.into_any(),
        None => view! {
            <Card>
                <div class="stack">
                    <p>{t!(escrow.not_offered)}</p>
                    <div><Button kind=ButtonKind::Quiet on_click=move |()| security.back()>{t!(common.back)}</Button></div>
                </div>
            </Card>
        }
        .into_any(),
    }
}

#[component]
fn Compare(security: Security, offer: EscrowOffer) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let typed = [RwSignal::new(String::new()), RwSignal::new(String::new())];
    let [first, second] = offer.asked().map(|number| t!(escrow.word, number = number));
    let word = |(at, word): (usize, Option<&'static str>)| {
        view! { <li><span>{at + 1}</span>{word.unwrap_or(t!(escrow.left_out))}</li> }
    };
    let words = offer.shown().into_iter().enumerate().map(word).collect_view();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let [first, second] = typed.map(|typed| typed.get_untracked());
        let confirmed = match offer.confirm([&first, &second]) {
            Ok(confirmed) => confirmed,
            Err(error) => return attempt.failed(explain(&error)),
        };
        let work = move |open: Keys| {
            let confirmed = confirmed.clone();
            async move { open.turn_on_escrow(&confirmed).await }
        };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(escrow.turned_on));
            security.back();
        });
    };
    view! {
        <Card title=t!(escrow.compare).to_owned()>
            <form class="form" method="dialog" on:submit=submit novalidate>
                {label()}
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <p>{t!(escrow.compare_text)}</p>
                <ol class="words" translate="no" aria-label=t!(escrow.words_list) data-testid="escrow-fingerprint">{words}</ol>
                <div class="form-row">
                    <TextField id="escrow-word-1" label=first value=typed[0] class="mono" focus=true/>
                    <TextField id="escrow-word-2" label=second value=typed[1] class="mono"/>
                </div>
                {means()}
                <div class="page-actions">
                    <Button kind=ButtonKind::Danger submit=true busy=attempt.busy>{t!(escrow.turn_on_do)}</Button>
                    <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=move |()| security.back()>
                        {t!(common.cancel)}
                    </Button>
                </div>
            </form>
        </Card>
    }
}

/// What it means: who could do what, and what protects.
fn means() -> AnyView {
    view! {
        <div class="stack-s">
            <h2>{t!(escrow.means)}</h2>
            <p>{t!(escrow.means_open)}</p>
            <p>{t!(escrow.means_one)}</p>
            <p>{t!(escrow.means_use)}</p>
            <p>{t!(escrow.means_factor)}</p>
            <p>{t!(escrow.means_server)}</p>
        </div>
    }
    .into_any()
}
