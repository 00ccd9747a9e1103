//! Escrow: whether it is on, whether an administrator asks, refusing, turning it off. Nothing where none is offered.

mod turn_on;

use api_types::escrow::EscrowState;
use client::{Escrow, EscrowStanding};
use leptos::prelude::*;

pub(super) use turn_on::TurnOn;

use super::{Screen, Security};
use crate::{
    components::{Badge, Banner, Button, ButtonKind, Card, Confirm, Tone, sentence, use_toasts},
    t,
    vault::{Attempt, Keys},
};

/// The card.
#[component]
pub(super) fn EscrowCard(security: Security) -> impl IntoView {
    let removing = RwSignal::new(false);
    let concerns = Memo::new(move |_| {
        let nothing = |standing: &EscrowStanding| standing.offered.is_none() && standing.own.is_none();
        security.escrow.value.with(|standing| standing.as_ref().is_some_and(|standing| !nothing(standing)))
            || security.escrow.problem.with(Option::is_some)
    });
    let shown = move |standing: EscrowStanding| match standing.own {
        Some(own) => view! { <IsOn security own removing/> }.into_any(),
        None => view! { <IsOff security/> }.into_any(),
    };
    let card = move || {
        concerns.get().then(|| {
            view! {
                <Card title=t!(escrow.title).to_owned()>
                    <div class="stack">
                        {security.escrow.show(t!(security.failed), 1, shown)}
                        <Regardless security removing/>
                    </div>
                </Card>
            }
        })
    };
    view! { {card} <TurnOff security open=removing/> }
}

/// The way out, where what the server says of it was refused or didn't come.
#[component]
fn Regardless(security: Security, removing: RwSignal<bool>) -> impl IntoView {
    let unknown = move || {
        let on =
            security.escrow.value.with(|standing| standing.as_ref().is_some_and(|standing| standing.own.is_some()));
        !on && security.escrow.problem.with(Option::is_some)
    };
    move || {
        unknown().then(|| {
            view! {
                <p>{t!(escrow.problem_note)}</p>
                <div>
                    <Button kind=ButtonKind::DangerQuiet on_click=move |()| removing.set(true)>
                        {t!(escrow.turn_off)}
                    </Button>
                </div>
            }
        })
    }
}

/// What it is, wherever it is offered or on.
fn label() -> impl IntoView {
    view! { <Banner tone=Tone::Warn title=t!(escrow.label)><p>{t!(escrow.label_text)}</p></Banner> }
}

#[component]
fn IsOff(security: Security) -> impl IntoView {
    view! {
        <p>{t!(escrow.note)}</p>
        {label()}
        <div>
            <Button kind=ButtonKind::Secondary on_click=move |()| security.show(Screen::Escrow)>{t!(escrow.turn_on)}</Button>
        </div>
    }
}

#[component]
fn IsOn(security: Security, own: Escrow, removing: RwSignal<bool>) -> impl IntoView {
    let (tone, says) = badge(&own);
    let ended = (own.state == EscrowState::Ended).then(|| view! { <Banner>{t!(escrow.ended_note)}</Banner> });
    let asked = matches!(own.state, EscrowState::Asked | EscrowState::Open);
    let given = own.given_at.filter(|_| !asked).map(|at| {
        view! { <Banner tone=Tone::Warn><p>{sentence(t!(escrow.given_note), at)}</p></Banner> }
    });
    let word = |(at, word): (usize, &'static str)| view! { <li><span>{at + 1}</span>{word}</li> };
    let words = own.fingerprint.into_iter().enumerate().map(word).collect_view();
    let created_at = own.created_at;
    view! {
        {label()}
        <Asking security own/>
        {ended}
        {given}
        <p><Badge tone>{says}</Badge>" "{sentence(t!(escrow.since), created_at)}</p>
        <div class="stack-s">
            <h3>{t!(escrow.fingerprint)}</h3>
            <p class="field-hint">{t!(escrow.fingerprint_note)}</p>
            <ol class="words" translate="no" aria-label=t!(escrow.words_list)>{words}</ol>
        </div>
        <div>
            <Button kind=ButtonKind::DangerQuiet on_click=move |()| removing.set(true)>{t!(escrow.turn_off)}</Button>
        </div>
    }
}

fn badge(own: &Escrow) -> (Tone, &'static str) {
    match own.state {
        EscrowState::On => (Tone::Warn, t!(escrow.on)),
        EscrowState::Asked => (Tone::Danger, t!(escrow.asked)),
        EscrowState::Open if own.given_at.is_some() => (Tone::Danger, t!(escrow.given)),
        EscrowState::Open => (Tone::Danger, t!(escrow.open)),
        EscrowState::Ended => (Tone::Plain, t!(escrow.ended)),
    }
}

/// Who asks, and the way to refuse: at once and without a question, as a moment may count.
#[component]
fn Asking(security: Security, own: Escrow) -> impl IntoView {
    let refusing = Attempt::new();
    let toasts = use_toasts();
    let name = own.asked_by.as_ref().map_or_else(|| t!(escrow.somebody).to_owned(), |person| person.name.clone());
    let (title, text) = match own.state {
        EscrowState::Asked => (t!(escrow.asked_title, name = name), t!(escrow.asked_text)),
        EscrowState::Open => (t!(escrow.open_title, name = name), t!(escrow.open_text)),
        EscrowState::On | EscrowState::Ended => return ().into_any(),
    };
    let refuse = move |()| {
        let work = |open: Keys| async move { open.refuse_escrow().await };
        security.proving.run(refusing, work, move |()| {
            toasts.done(t!(escrow.refused));
            security.escrow.again();
        });
    };
    let given = own.given_at.map(|_| view! { <p>{t!(escrow.given_text)}</p> });
    let opens_at = own.opens_at.unwrap_or_default();
    view! {
        <Banner tone=Tone::Danger title>
            <p>{sentence(text, opens_at)}</p>
            {given}
            {move || refusing.problem.get().map(|problem| view! { <p>{problem}</p> })}
            <div class="banner-actions">
                <Button kind=ButtonKind::Danger class="btn-small" busy=refusing.busy on_click=refuse>{t!(escrow.refuse)}</Button>
            </div>
        </Banner>
    }
    .into_any()
}

/// "Turn off?", and what that means.
#[component]
fn TurnOff(security: Security, open: RwSignal<bool>) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let turn_off = move |()| {
        let work = |keys: Keys| async move { keys.turn_off_escrow().await };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(escrow.turned_off));
            open.try_set(false);
            security.escrow.again();
        });
    };
    view! {
        <Confirm
            id="escrow-off"
            open
            title=Signal::stored(t!(escrow.turn_off_title).to_owned())
            action=t!(escrow.turn_off)
            busy=attempt.busy
            on_confirm=turn_off
        >
            <p>{t!(escrow.turn_off_text)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
