//! Splitting the recovery: among whom, and how many of them open the account.

use client::{Person, SHARE_HOLDERS, SHARE_THRESHOLD_MIN, Verification};
use leptos::prelude::*;

use super::Security;
use crate::{
    components::{Avatar, Badge, Banner, Button, ButtonKind, Card, Glyph, Row, Rows, SelectField, Tone, use_toasts},
    pages::signed_in::{find_person::FindPerson, settings::security::emergency::Known},
    t,
    vault::{Attempt, Keys},
};

/// People are found one after the other; then the number is chosen.
#[component]
pub(in super::super) fn SplitRecovery(security: Security) -> impl IntoView {
    let people = RwSignal::new(Vec::<Person>::new());
    let chosen = RwSignal::new(None::<Person>);
    let scanned = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        let Some(person) = chosen.get() else { return };
        chosen.set(None);
        people.update(|people| {
            let known = people.iter().any(|known| known.id == person.id);
            if !known && people.len() < *SHARE_HOLDERS.end() {
                people.push(person);
            }
        });
    });
    view! {
        <Card>
            <div class="stack">
                <FindPerson chosen scanned label=t!(recovery_shares.who) hint=t!(recovery_shares.who_hint)/>
                <Known chosen/>
            </div>
        </Card>
        <Choice security people/>
    }
}

fn numbers(all: usize) -> Vec<(String, String)> {
    let least = usize::from(SHARE_THRESHOLD_MIN);
    let option = |count: usize| (count.to_string(), t!(recovery_shares.of, count = count, all = all));
    (least..=all.max(least)).map(option).collect()
}

/// Who was chosen, and how many it takes.
#[component]
fn Choice(security: Security, people: RwSignal<Vec<Person>>) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let threshold = RwSignal::new(SHARE_THRESHOLD_MIN.to_string());
    let enough = Signal::derive(move || people.with(Vec::len) >= *SHARE_HOLDERS.start());
    Effect::new(move |_| {
        // Somebody was taken out: no more than there are.
        let all = people.with(Vec::len).max(usize::from(SHARE_THRESHOLD_MIN));
        if threshold.get().parse::<usize>().is_ok_and(|count| count > all) {
            threshold.set(all.to_string());
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let ids: Vec<_> = people.with_untracked(|people| people.iter().map(|person| person.id).collect());
        let threshold = threshold.get_untracked().parse().unwrap_or(SHARE_THRESHOLD_MIN);
        let work = move |open: Keys| {
            let ids = ids.clone();
            async move { open.split_recovery(&ids, threshold).await }
        };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(recovery_shares.done));
            security.back();
        });
    };
    view! {
        <Card title=t!(recovery_shares.chosen).to_owned()>
            <form class="form" method="dialog" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                {move || view! { <Chosen people=people.get() from=people/> }}
                <SelectField
                    id="share-threshold"
                    label=t!(recovery_shares.threshold)
                    value=threshold
                    hint=t!(recovery_shares.threshold_hint)
                    options=Signal::derive(move || numbers(people.with(Vec::len)))
                />
                {means()}
                <div class="page-actions">
                    <Button
                        submit=true
                        busy=attempt.busy
                        disabled=Signal::derive(move || !enough.get())
                        glyph=Glyph::Shield
                    >
                        {t!(recovery_shares.split_do)}
                    </Button>
                    <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=move |()| security.back()>
                        {t!(common.cancel)}
                    </Button>
                </div>
            </form>
        </Card>
    }
}

#[component]
fn Chosen(people: Vec<Person>, from: RwSignal<Vec<Person>>) -> impl IntoView {
    if people.is_empty() {
        return view! { <p class="field-hint">{t!(recovery_shares.chosen_none)}</p> }.into_any();
    }
    let unverified = people.iter().any(|person| person.verification != Verification::Verified);
    let note = unverified.then(|| view! { <Banner tone=Tone::Warn>{t!(recovery_shares.not_compared_note)}</Banner> });
    let rows = people.into_iter().map(|person| view! { <ChosenRow person from/> }).collect_view();
    view! {
        {note}
        <div class="framed"><Rows label=t!(recovery_shares.chosen).to_owned()>{rows}</Rows></div>
    }
    .into_any()
}

#[component]
fn ChosenRow(person: Person, from: RwSignal<Vec<Person>>) -> impl IntoView {
    let (id, title, lead, of) = (person.id, person.name.clone(), person.name.clone(), person.name);
    let unverified = person.verification != Verification::Verified;
    let badge = unverified.then(|| view! { <Badge tone=Tone::Warn>{t!(recovery_shares.not_compared)}</Badge> });
    let take_out = move |()| from.update(|people| people.retain(|person| person.id != id));
    view! {
        <Row lead=move || view! { <Avatar name=lead.clone()/> } title>
            {badge}
            <Button kind=ButtonKind::Quiet class="btn-small" on_click=take_out>
                {t!(recovery_shares.take_out)}<span class="sr-only">" "{of}</span>
            </Button>
        </Row>
    }
}

/// What splitting means: who could do what, and what protects.
fn means() -> AnyView {
    view! {
        <div class="stack-s">
            <h2>{t!(recovery_shares.means)}</h2>
            <p>{t!(recovery_shares.means_together)}</p>
            <p>{t!(recovery_shares.means_factor)}</p>
            <p>{t!(recovery_shares.means_server)}</p>
        </div>
    }
    .into_any()
}
