//! Who can see what, since when, until when and why; and the way to take it back.

use std::collections::HashMap;

use api_types::ReportId;
use client::oversight::{HeldReport, PersonAccess, by_person};
use leptos::prelude::*;

use super::load::Load;
use crate::{
    components::{Avatar, Button, ButtonKind, Card, Time, TimeStyle},
    pages::signed_in::{
        access_line::{SignedMark, members_of, name_of, purpose_phrase, right_word, state_badge},
        question::Question,
        revoke::Ending,
    },
    t,
};

/// People shown at first, and more with each tap.
const STEP: usize = 10;

/// What a line needs beside its own.
#[derive(Clone, Copy)]
struct Around {
    titles: Memo<HashMap<ReportId, String>>,
    revoke: Question<Ending>,
}

/// The card.
#[component]
pub(super) fn People(load: Load, revoke: Question<Ending>) -> impl IntoView {
    let people =
        Memo::new(move |_| load.items.with(|items| by_person(items.iter().map(|item| item.overseen.as_ref()))));
    let titles = Memo::new(move |_| {
        load.items.with(|items| items.iter().map(|item| (item.overseen.report, item.title.clone())).collect())
    });
    let around = Around { titles, revoke };
    let now = move || people.with(|people| people.iter().filter(|person| !person.now.is_empty()).cloned().collect());
    let ended =
        move || people.with(|people| people.iter().filter(|person| !person.ended.is_empty()).cloned().collect());
    let (shown, old) = (RwSignal::new(STEP), RwSignal::new(false));
    let count = move || people.with(|people| people.iter().filter(|person| !person.now.is_empty()).count());
    let over = move || people.with(|people| people.iter().map(|person| person.ended.len()).sum::<usize>());
    let word =
        move || if old.get() { t!(report.less_access).to_owned() } else { t!(report.more_access, count = over()) };
    view! {
        <Card title=t!(access.people).to_owned() flush=true>
            <p class="card-note field-hint">{t!(access.people_note)}</p>
            {move || match count() {
                0 => {
                    let says = if load.is_whole() { t!(access.nobody) } else { t!(access.nobody_so_far) };
                    view! { <p class="card-note">{says}</p> }.into_any()
                }
                _ => view! { <List people=now() shown around over=false/> }.into_any(),
            }}
            {move || old.get().then(|| view! { <List people=ended() shown=RwSignal::new(usize::MAX) around over=true/> })}
            <div class="card-note form-end">
                {move || (count() > shown.get()).then(|| view! {
                    <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| shown.update(|shown| *shown += STEP)>
                        {t!(access.more_people)}
                    </Button>
                })}
                {move || (over() > 0).then(|| view! {
                    <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| old.update(|old| *old = !*old)>{word}</Button>
                })}
            </div>
        </Card>
    }
}

#[component]
fn List(people: Vec<PersonAccess>, shown: RwSignal<usize>, around: Around, over: bool) -> impl IntoView {
    let people = StoredValue::new(people);
    let label = if over { t!(access.people_ended) } else { t!(access.people) };
    let rows = move || {
        let row = |person: &PersonAccess| {
            let held = if over { person.ended.clone() } else { person.now.clone() };
            view! { <PersonRow name=name_of(&person.who) members=members_of(&person.who) held around/> }
        };
        people.with_value(|people| people.iter().take(shown.get()).map(row).collect_view())
    };
    view! { <ul class="rows holders" role="list" aria-label=label>{rows}</ul> }
}

#[component]
fn PersonRow(name: String, members: Option<String>, held: Vec<HeldReport>, around: Around) -> impl IntoView {
    let count = match held.len() {
        1 => t!(access.one_report).to_owned(),
        count => t!(access.reports, count = count),
    };
    let lines: Vec<_> = held.into_iter().map(|held| view! { <HeldLine name=name.clone() held around/> }).collect();
    view! {
        <li class="holder">
            <div class="holder-head">
                <Avatar name=name.clone()/>
                <div class="row-main"><span class="row-title">{name.clone()}</span><span class="row-text">{count}</span>
                {members.map(|members| view! { <span class="row-text">{members}</span> })}</div>
            </div>
            <ul class="holder-reports" role="list" aria-label=t!(access.reports_of, name = name)>{lines}</ul>
        </li>
    }
}

/// One report in somebody's hands.
#[component]
fn HeldLine(name: String, held: HeldReport, around: Around) -> impl IntoView {
    let HeldReport { report, row } = held;
    let title = move || around.titles.with(|titles| titles.get(&report).cloned().unwrap_or_default());
    let (since, until, over) = (row.granted_at, row.expires_at, row.is_over());
    let (right, purpose, badge) = (right_word(row.right), purpose_phrase([&row.purpose]), state_badge(&row));
    let aria = move || t!(access.revoke_of, name = name, title = title());
    let revoke = (row.may_revoke && !over).then(|| {
        let ask = move |_| around.revoke.ask(Ending { report, row: row.clone(), owner: true });
        view! {
            <button type="button" class="btn btn-danger-quiet btn-small" aria-label=aria on:click=ask>{t!(report.revoke)}</button>
        }
    });
    view! {
        <li class="held">
            <div class="row-main">
                <a class="row-title" href=format!("/reports/{report}")>{title}</a>
                <span class="row-text">
                    {right}" · "{t!(report.since, when = "")}<Time at=since/>
                    {(until > 0).then(|| view! { " · "{t!(report.until, when = "")}<Time at=until style=TimeStyle::DateTime/> })}
                    {purpose.map(|phrase| view! { " · "{phrase} })}
                </span>
            </div>
            <div class="held-end">{badge}<SignedMark/>{revoke}</div>
        </li>
    }
}
