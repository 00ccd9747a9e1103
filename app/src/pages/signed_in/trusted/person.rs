//! Somebody who trusts this account: where it stands, and what can be done now.

use api_types::emergency::EmergencyState;
use client::{EmergencyLink, RecoveryKit};
use leptos::prelude::*;

use super::{Trusted, words::Shown};
use crate::{
    browser,
    components::{Avatar, Badge, Button, ButtonKind, Row, Tone, sentence},
    pages::signed_in::delay::days,
    t,
    vault::Keys,
};

/// Their row.
#[component]
pub(super) fn TrustRow(trusted: Trusted, link: EmergencyLink) -> impl IntoView {
    let title = link.person.name.clone();
    let (name, shown) = (title.clone(), link.clone());
    let text = move || standing(&shown);
    let state = badge(link.state);
    let actions = actions(trusted, link);
    view! { <Row lead=move || view! { <Avatar name=name.clone()/> } title text>{state}{actions}</Row> }
}

/// Since when, how long the delay is, what comes next.
fn standing(link: &EmergencyLink) -> AnyView {
    let next = match link.state {
        EmergencyState::Asked => link.opens_at.map(|at| (t!(trusted.opens), at)),
        EmergencyState::Open => link.opens_at.map(|at| (t!(trusted.opened), at)),
        _ => link.ask_again_at.map(|at| (t!(trusted.again), at)),
    };
    let next = next.map(|(says, at)| view! { " · "{sentence(says, at)} });
    let delay = t!(trusted.delay, days = days(link.delay_days));
    view! { {sentence(t!(trusted.since), link.created_at)}" · "{delay}{next} }.into_any()
}

fn badge(state: EmergencyState) -> AnyView {
    let (tone, says) = match state {
        EmergencyState::Offered => (Tone::Info, t!(trusted.offered)),
        EmergencyState::Declined => (Tone::Plain, t!(trusted.declined)),
        EmergencyState::Accepted => (Tone::Plain, t!(trusted.accepted)),
        EmergencyState::Asked => (Tone::Warn, t!(trusted.asked)),
        EmergencyState::Open => (Tone::Good, t!(trusted.open)),
    };
    view! { <Badge tone>{says}</Badge> }.into_any()
}

/// The next step, and the way out of it.
fn actions(trusted: Trusted, link: EmergencyLink) -> AnyView {
    let name = link.person.name.clone();
    let next = match link.state {
        EmergencyState::Offered => Some((t!(trusted.accept), Step::Accept)),
        EmergencyState::Accepted if link.ask_again_at.is_none() => Some((t!(trusted.ask), Step::Ask)),
        EmergencyState::Open => Some((t!(trusted.words), Step::Words)),
        _ => None,
    };
    let out = match link.state {
        EmergencyState::Declined => None,
        EmergencyState::Offered => Some((t!(trusted.decline), Step::Leave)),
        _ => Some((t!(trusted.leave), Step::Leave)),
    };
    let link = StoredValue::new(link);
    let button = |kind: ButtonKind, (says, step): (&'static str, Step)| {
        let name = name.clone();
        let click = move |()| step.take(trusted, link.get_value());
        view! {
            <Button kind class="btn-small" busy=trusted.attempt.busy on_click=click>
                {says}<span class="sr-only">" "{name}</span>
            </Button>
        }
    };
    let next = next.map(|next| button(ButtonKind::Secondary, next));
    let out = out.map(|out| button(ButtonKind::Quiet, out));
    view! { {next}{out} }.into_any()
}

/// What a button does.
#[derive(Clone, Copy)]
enum Step {
    Accept,
    Ask,
    Words,
    Leave,
}

impl Step {
    fn take(self, trusted: Trusted, link: EmergencyLink) {
        match self {
            Self::Accept => accept(trusted, link),
            Self::Ask => trusted.asking.ask(link),
            Self::Words => show_words(trusted, link),
            Self::Leave => trusted.leaving.ask(link),
        }
    }
}

fn accept(trusted: Trusted, link: EmergencyLink) {
    let way_in = link.way_in;
    let work = move |open: Keys| async move { open.accept_trust(&way_in).await };
    trusted.proving.run(trusted.attempt, work, move |()| {
        trusted.toasts.done(t!(trusted.accepted_toast, name = link.person.name));
        trusted.list.again();
    });
}

fn show_words(trusted: Trusted, link: EmergencyLink) {
    let way_in = link.way_in;
    let work = move |open: Keys| async move { open.emergency_words(&way_in).await };
    trusted.proving.run(trusted.attempt, work, move |kit: RecoveryKit| {
        let words = kit.words().into_iter().map(str::to_owned).collect();
        trusted.shown.try_set(Some(Shown { name: link.person.name, words }));
        request_animation_frame(|| browser::focus("main"));
    });
}
