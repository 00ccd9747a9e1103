//! Emergency contacts: who they are, whether one asks, refusing, removing.

mod add;

use api_types::emergency::EmergencyState;
use client::EmergencyLink;
use leptos::prelude::*;

pub(super) use add::{Known, TrustSomebody};

use super::{Screen, Security};
use crate::{
    components::{
        Avatar, Badge, Banner, Button, ButtonKind, Card, Confirm, Glyph, LinkButton, Row, Rows, Tone, sentence,
        use_toasts,
    },
    pages::signed_in::{delay::days, question::Question},
    t,
    vault::{Attempt, Keys},
};

/// The card.
#[component]
pub(super) fn EmergencyContacts(security: Security) -> impl IntoView {
    let removing = Question::new();
    let refusing = Attempt::new();
    let list = move |links: Vec<EmergencyLink>| view! { <List security links refusing removing/> };
    view! {
        <Card title=t!(emergency.title).to_owned()>
            <div class="stack">
                <p>{t!(emergency.note)}</p>
                {move || refusing.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                {security.emergency.show(t!(security.failed), 1, list)}
                <div class="page-actions">
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Plus on_click=move |()| security.show(Screen::Emergency)>
                        {t!(emergency.add)}
                    </Button>
                    <LinkButton href="/trusted" kind=ButtonKind::Quiet>{t!(trusted.title)}</LinkButton>
                </div>
            </div>
        </Card>
        <Remove security question=removing/>
    }
}

#[component]
fn List(
    security: Security,
    links: Vec<EmergencyLink>,
    refusing: Attempt,
    removing: Question<EmergencyLink>,
) -> impl IntoView {
    if links.is_empty() {
        return view! { <p class="field-hint">{t!(emergency.none)}</p> }.into_any();
    }
    let notes = links.iter().filter(|link| asks(link.state) && link.given_at.is_some());
    let notes = notes.map(|link| t!(emergency.given_note, name = link.person.name));
    let notes = notes.map(|note| view! { <Banner tone=Tone::Warn>{note}</Banner> }).collect_view();
    let row = move |link| view! { <ContactRow security link refusing removing/> };
    let rows = links.into_iter().map(row).collect_view();
    view! { {notes} <div class="framed"><Rows label=t!(emergency.list).to_owned()>{rows}</Rows></div> }.into_any()
}

fn asks(state: EmergencyState) -> bool {
    matches!(state, EmergencyState::Asked | EmergencyState::Open)
}

#[component]
fn ContactRow(
    security: Security,
    link: EmergencyLink,
    refusing: Attempt,
    removing: Question<EmergencyLink>,
) -> impl IntoView {
    let name = link.person.name.clone();
    let (title, lead, of, shown) = (name.clone(), name.clone(), name.clone(), link.clone());
    let text = move || standing(&shown);
    let state = badge(link.state, link.given_at.is_some());
    let (asking, way_in) = (asks(link.state), link.way_in);
    let refuse = asking.then(|| {
        let name = name.clone();
        let click = move |()| refuse(security, refusing, way_in, name.clone());
        view! {
            <Button kind=ButtonKind::Danger class="btn-small" busy=refusing.busy on_click=click>
                {t!(emergency.refuse)}<span class="sr-only">" "{of}</span>
            </Button>
        }
    });
    view! {
        <Row lead=move || view! { <Avatar name=lead.clone()/> } title text>
            {state}
            {refuse}
            <Button kind=ButtonKind::DangerQuiet class="btn-small" on_click=move |()| removing.ask(link.clone())>
                {t!(emergency.remove)}<span class="sr-only">" "{name}</span>
            </Button>
        </Row>
    }
}

/// Since when, how long the delay is, what comes next.
fn standing(link: &EmergencyLink) -> AnyView {
    let next = match link.state {
        EmergencyState::Asked => link.opens_at.map(|at| (t!(emergency.opens), at)),
        EmergencyState::Open => link.opens_at.map(|at| (t!(emergency.opened), at)),
        _ => link.refused_at.map(|at| (t!(emergency.refused_at), at)),
    };
    let next = next.map(|(says, at)| view! { " · "{sentence(says, at)} });
    let delay = t!(emergency.delay_row, days = days(link.delay_days));
    view! { {sentence(t!(emergency.since), link.created_at)}" · "{delay}{next} }.into_any()
}

fn badge(state: EmergencyState, given: bool) -> AnyView {
    let (tone, says) = match state {
        EmergencyState::Offered => (Tone::Plain, t!(emergency.offered)),
        EmergencyState::Declined => (Tone::Warn, t!(emergency.declined)),
        EmergencyState::Accepted => (Tone::Good, t!(emergency.accepted)),
        EmergencyState::Asked => (Tone::Danger, t!(emergency.asked)),
        EmergencyState::Open if given => (Tone::Danger, t!(emergency.given)),
        EmergencyState::Open => (Tone::Danger, t!(emergency.open)),
    };
    view! { <Badge tone>{says}</Badge> }.into_any()
}

/// At once and without a question: it can be asked for again, and a moment may count.
fn refuse(security: Security, attempt: Attempt, way_in: api_types::WayInId, name: String) {
    let toasts = use_toasts();
    let work = move |open: Keys| async move { open.refuse_emergency(&way_in).await };
    security.proving.run(attempt, work, move |()| {
        toasts.done(t!(emergency.refused, name = name));
        security.emergency.again();
    });
}

/// "Remove?", and what that means.
#[component]
fn Remove(security: Security, question: Question<EmergencyLink>) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let name = move || question.about().map(|link| link.person.name).unwrap_or_default();
    let remove = move |()| {
        let Some(link) = question.about_untracked() else { return };
        let way_in = link.way_in;
        let work = move |open: Keys| async move { open.remove_emergency_contact(&way_in).await };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(emergency.removed, name = link.person.name));
            question.done();
            security.emergency.again();
        });
    };
    view! {
        <Confirm
            id="remove-emergency"
            open=question.open
            title=Signal::derive(move || t!(emergency.remove_title, name = name()))
            action=t!(emergency.remove)
            busy=attempt.busy
            on_confirm=remove
        >
            <p>{move || t!(emergency.remove_text, name = name())}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
