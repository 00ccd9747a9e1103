//! Who put their account in escrow, where each stands, and asking for one.

use api_types::escrow::EscrowState;
use client::{Escrow, EscrowedPerson};
use leptos::prelude::*;

use super::{Desk, Named, Screen};
use crate::{
    components::{Avatar, Badge, Banner, Button, ButtonKind, Card, Confirm, Row, Rows, Tone, sentence, use_toasts},
    t,
    vault::{
        Attempt, Keys,
        admin::{self, EscrowLine},
        explain, use_vault,
    },
};

/// The card, with older pages.
#[component]
pub(super) fn Accounts(desk: Desk, first: Vec<EscrowLine>, next: Option<String>) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let (lines, next) = (RwSignal::new(first), RwSignal::new(next));
    let attempt = Attempt::new();
    let more = move |()| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        let before = next.get_untracked();
        wasm_bindgen_futures::spawn_local(async move {
            match admin::escrows(&open, before).await {
                Ok(page) => {
                    lines.try_update(|lines| lines.extend(page.items));
                    next.try_set(page.next);
                }
                Err(error) => toasts.problem(explain(&error)),
            }
            attempt.done();
        });
    };
    view! {
        <Card title=t!(escrow_admin.list).to_owned() flush=true>
            {move || view! { <List desk lines=lines.get()/> }}
            {move || next.get().is_some().then(|| view! {
                <p class="card-note">
                    <Button kind=ButtonKind::Secondary class="btn-small" busy=attempt.busy on_click=more>
                        {t!(administration.more)}
                    </Button>
                </p>
            })}
        </Card>
        <Ask desk/>
    }
}

#[component]
fn List(desk: Desk, lines: Vec<EscrowLine>) -> impl IntoView {
    if lines.is_empty() {
        return view! { <p class="card-note">{t!(escrow_admin.list_none)}</p> }.into_any();
    }
    let row = move |line: EscrowLine| match line {
        Ok(of) => view! { <AccountRow desk of/> }.into_any(),
        Err(why) => {
            view! { <li><Banner tone=Tone::Danger title=t!(escrow_admin.list_refused)><p>{why}</p></Banner></li> }
                .into_any()
        }
    };
    view! { <Rows label=t!(escrow_admin.list).to_owned()>{lines.into_iter().map(row).collect_view()}</Rows> }.into_any()
}

#[component]
fn AccountRow(desk: Desk, of: EscrowedPerson) -> impl IntoView {
    let EscrowedPerson { person, escrow } = of;
    let named = Named { id: person.id, name: person.name };
    let (title, lead) = (named.name.clone(), named.name.clone());
    let (tone, says) = badge(escrow.state);
    let next = next(desk, &escrow, named);
    let text = move || standing(&escrow);
    view! {
        <Row lead=move || view! { <Avatar name=lead.clone()/> } title text>
            <Badge tone>{says}</Badge>
            {next}
        </Row>
    }
}

fn badge(state: EscrowState) -> (Tone, &'static str) {
    match state {
        EscrowState::On => (Tone::Plain, t!(escrow_admin.on)),
        EscrowState::Asked => (Tone::Warn, t!(escrow_admin.asked)),
        EscrowState::Open => (Tone::Good, t!(escrow_admin.open)),
        EscrowState::Ended => (Tone::Plain, t!(escrow_admin.ended_state)),
    }
}

/// Since when, and what comes next.
fn standing(escrow: &Escrow) -> AnyView {
    let next = match escrow.state {
        EscrowState::Asked => escrow.opens_at.map(|at| (t!(escrow_admin.opens), at)),
        EscrowState::Open => escrow.opens_at.map(|at| (t!(escrow_admin.opened), at)),
        EscrowState::On | EscrowState::Ended => escrow.ask_again_at.map(|at| (t!(escrow_admin.again), at)),
    };
    let next = next.map(|(says, at)| view! { " · "{sentence(says, at)} });
    view! { {sentence(t!(escrow_admin.since), escrow.created_at)}{next} }.into_any()
}

/// What can be done now. Nobody asks for their own account.
fn next(desk: Desk, escrow: &Escrow, named: Named) -> Option<AnyView> {
    if use_vault().who().is_some_and(|who| who.account_id == named.id) {
        return None;
    }
    let says = match escrow.state {
        EscrowState::On if escrow.ask_again_at.is_none() => t!(escrow_admin.ask),
        EscrowState::Open => t!(escrow_admin.use_words),
        _ => return None,
    };
    let (open, name) = (escrow.state == EscrowState::Open, named.name.clone());
    let click = move |()| match open {
        true => desk.screen.set(Screen::Opening(named.clone())),
        false => desk.asking.ask(named.clone()),
    };
    let button = view! {
        <Button kind=ButtonKind::Secondary class="btn-small" on_click=click>
            {says}<span class="sr-only">" "{name}</span>
        </Button>
    };
    Some(button.into_any())
}

/// "Ask for the account?", and what follows.
#[component]
fn Ask(desk: Desk) -> impl IntoView {
    let toasts = use_toasts();
    let question = desk.asking;
    let attempt = Attempt::new();
    let name = move || question.about().map(|of| of.name).unwrap_or_default();
    let ask = move |()| {
        let Some(of) = question.about_untracked() else { return };
        let id = of.id;
        let work = move |open: Keys| async move { open.ask_escrow(&id).await };
        desk.proving.run(attempt, work, move |()| {
            toasts.done(t!(escrow_admin.asked_toast, name = of.name));
            question.done();
            desk.list.again();
        });
    };
    view! {
        <Confirm
            id="ask-escrow"
            open=question.open
            title=Signal::derive(move || t!(escrow_admin.ask_title, name = name()))
            action=t!(escrow_admin.ask)
            busy=attempt.busy
            on_confirm=ask
        >
            <p>{move || t!(escrow_admin.ask_text, name = name())}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
