//! A new emergency contact: who, and how long the delay is.

use api_types::accounts::AccountStatus;
use client::{Person, Verification};
use leptos::prelude::*;

use super::Security;
use crate::{
    components::{Banner, Button, ButtonKind, Card, Glyph, SelectField, Tone, use_toasts},
    pages::signed_in::{
        delay::days,
        find_person::{Candidate, FindPerson},
        key::NotCompared,
        person_facts::PersonFacts,
    },
    t,
    vault::{Attempt, Keys, Loaded, use_vault},
};

/// Days that can be chosen.
const DELAYS: [u8; 5] = [1, 3, 7, 14, 30];
/// Where nothing else is chosen.
const USUAL: u8 = 7;

/// First somebody is found, then the delay is chosen.
#[component]
pub(in super::super) fn TrustSomebody(security: Security) -> impl IntoView {
    let chosen = RwSignal::new(None::<Person>);
    let scanned = RwSignal::new(None::<String>);
    move || match chosen.get() {
        Some(person) => view! { <Trust security person chosen scanned=scanned.get_untracked()/> }.into_any(),
        None => view! { <Find security chosen scanned/> }.into_any(),
    }
}

#[component]
fn Find(security: Security, chosen: RwSignal<Option<Person>>, scanned: RwSignal<Option<String>>) -> impl IntoView {
    view! {
        <Card>
            <div class="stack">
                <FindPerson chosen scanned label=t!(emergency.who) hint=t!(emergency.who_hint)/>
                <Known chosen/>
                <div>
                    <Button kind=ButtonKind::Quiet on_click=move |()| security.back()>{t!(common.cancel)}</Button>
                </div>
            </div>
        </Card>
    }
}

/// People whose keys this account remembers.
#[component]
pub(in super::super) fn Known(chosen: RwSignal<Option<Person>>) -> impl IntoView {
    let known = Loaded::new(use_vault(), |open: Keys| async move {
        let people = open.contacts().await?.into_iter().filter_map(|contact| contact.person.ok().flatten());
        Ok(people.filter(|person| person.status == AccountStatus::Active).collect::<Vec<_>>())
    });
    let list = move |people: Vec<Person>| {
        if people.is_empty() {
            return ().into_any();
        }
        let one = move |person| view! { <li><Candidate person chosen/></li> };
        view! {
            <div class="stack-s">
                <h2>{t!(emergency.known)}</h2>
                <ul class="found-list" role="list" aria-label=t!(emergency.known)>
                    {people.into_iter().map(one).collect_view()}
                </ul>
            </div>
        }
        .into_any()
    };
    known.show(t!(contacts.failed), 2, list)
}

fn delays() -> Vec<(String, String)> {
    DELAYS.map(|delay| (delay.to_string(), days(delay))).into()
}

#[component]
fn Trust(
    security: Security,
    person: Person,
    chosen: RwSignal<Option<Person>>,
    /// The code by which they were found, if it was one.
    scanned: Option<String>,
) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let delay = RwSignal::new(USUAL.to_string());
    let (id, name) = (person.id, person.name.clone());
    let unverified = person.verification != Verification::Verified;
    let means = means(&name);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let delay = delay.get_untracked().parse().unwrap_or(USUAL);
        let name = name.clone();
        let work = move |open: Keys| async move { open.add_emergency_contact(&id, delay).await };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(emergency.added, name = name));
            security.back();
        });
    };
    view! {
        <Card>
            <form class="form" method="dialog" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <div class="share-person">
                    <PersonFacts person=person.clone()/>
                    <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| chosen.set(None)>{t!(share.change)}</Button>
                </div>
                {unverified.then(|| view! { <NotCompared person chosen scanned note=t!(emergency.not_compared)/> })}
                <SelectField id="emergency-delay" label=t!(emergency.delay) value=delay hint=t!(emergency.delay_hint) options=delays()/>
                {means}
                <div class="page-actions">
                    <Button submit=true busy=attempt.busy glyph=Glyph::Shield>{t!(emergency.trust)}</Button>
                    <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=move |()| security.back()>
                        {t!(common.cancel)}
                    </Button>
                </div>
            </form>
        </Card>
    }
}

/// What trusting means: who gets what, when, and who could do otherwise.
fn means(name: &str) -> AnyView {
    view! {
        <div class="stack-s">
            <h2>{t!(emergency.means)}</h2>
            <p>{t!(emergency.means_ask, name = name)}</p>
            <p>{t!(emergency.means_all, name = name)}</p>
            <p>{t!(emergency.means_factor, name = name)}</p>
            <p>{t!(emergency.means_server, name = name)}</p>
        </div>
    }
    .into_any()
}
