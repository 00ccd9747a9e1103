//! Who can see what, since when, until when and why; and the way to take it back.
//!
//! A line stays the same line while its report is fetched anew: neither focus nor what is said there is lost.

use std::collections::HashMap;

use api_types::ReportId;
use client::{
    AccessRow,
    oversight::{HeldReport, PersonAccess, by_person},
};
use leptos::prelude::*;

use super::{
    ending::{EndButton, Endings, Line, Outcome},
    load::Load,
};
use crate::{
    components::{Avatar, Button, ButtonKind, Card, Time, TimeStyle},
    pages::signed_in::access_line::{SignedMark, members_of, name_of, purpose_phrase, right_word, state_badge},
    t,
};

/// People shown at first, and more with each tap.
const STEP: usize = 10;

/// What a line needs beside its own.
#[derive(Clone, Copy)]
struct Around {
    titles: Memo<HashMap<ReportId, String>>,
    endings: Endings,
    /// Whether what ended is shown.
    over: bool,
}

/// The card.
#[component]
pub(super) fn People(load: Load, endings: Endings) -> impl IntoView {
    let people =
        Memo::new(move |_| load.items.with(|items| by_person(items.iter().map(|item| item.overseen.as_ref()))));
    let titles = Memo::new(move |_| {
        load.items.with(|items| items.iter().map(|item| (item.overseen.report, item.title.clone())).collect())
    });
    let around = move |over| Around { titles, endings, over };
    let now = Memo::new(move |_| people.with(|people| endings.with_pressed(people)));
    let ended = Memo::new(move |_| {
        people.with(|people| people.iter().filter(|person| !person.ended.is_empty()).cloned().collect::<Vec<_>>())
    });
    let (shown, old) = (RwSignal::new(STEP), RwSignal::new(false));
    let count = move || now.with(Vec::len);
    let nobody = Memo::new(move |_| count() == 0);
    let over = move || ended.with(|people| people.iter().map(|person| person.ended.len()).sum::<usize>());
    let word =
        move || if old.get() { t!(report.less_access).to_owned() } else { t!(report.more_access, count = over()) };
    view! {
        <Card title=t!(access.people).to_owned() flush=true>
            <p class="card-note field-hint">{t!(access.people_note)}</p>
            {move || match nobody.get() {
                true => {
                    let says = move || if load.is_whole() { t!(access.nobody) } else { t!(access.nobody_so_far) };
                    view! { <p class="card-note">{says}</p> }.into_any()
                }
                false => view! { <List people=now shown around=around(false)/> }.into_any(),
            }}
            {move || old.get().then(|| view! {
                <List people=ended shown=RwSignal::new(usize::MAX) around=around(true)/>
            })}
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
fn List(people: Memo<Vec<PersonAccess>>, shown: RwSignal<usize>, around: Around) -> impl IntoView {
    let label = if around.over { t!(access.people_ended) } else { t!(access.people) };
    let keys = move || {
        let key = |person: &PersonAccess| person.key.clone();
        people.with(|people| people.iter().take(shown.get()).map(key).collect::<Vec<_>>())
    };
    view! {
        <ul class="rows holders" role="list" aria-label=label>
            <For each=keys key=|key: &String| key.clone() children=move |key: String| view! { <PersonRow who=key people around/> }/>
        </ul>
    }
}

#[component]
fn PersonRow(who: String, people: Memo<Vec<PersonAccess>>, around: Around) -> impl IntoView {
    let person = Memo::new(move |_| people.with(|people| people.iter().find(|person| person.key == who).cloned()));
    let name = Memo::new(move |_| {
        person.with(|person| person.as_ref().map(|person| name_of(&person.who)).unwrap_or_default())
    });
    let members = Memo::new(move |_| person.with(|person| members_of(&person.as_ref()?.who)));
    let held = Memo::new(move |_| {
        let of = |person: &PersonAccess| if around.over { person.ended.clone() } else { person.now.clone() };
        person.with(|person| person.as_ref().map(of).unwrap_or_default())
    });
    let count = move || match held.with(|held| held.iter().filter(|held| around.over || !held.row.is_over()).count()) {
        0 => t!(access.no_report).to_owned(),
        1 => t!(access.one_report).to_owned(),
        count => t!(access.reports, count = count),
    };
    let lines = move || held.with(|held| held.iter().map(|held| (held.report, held.row.grant)).collect::<Vec<_>>());
    view! {
        <li class="holder">
            <div class="holder-head">
                {move || view! { <Avatar name=name.get()/> }}
                <div class="row-main">
                    <span class="row-title">{move || name.get()}</span>
                    <span class="row-text">{count}</span>
                    {move || members.get().map(|members| view! { <span class="row-text">{members}</span> })}
                </div>
            </div>
            <ul class="holder-reports" role="list" aria-label=move || t!(access.reports_of, name = name.get())>
                <For each=lines key=|line: &Line| *line children=move |line: Line| view! { <HeldLine line name held around/> }/>
            </ul>
        </li>
    }
}

/// One report in somebody's hands.
#[component]
fn HeldLine(line: Line, name: Memo<String>, held: Memo<Vec<HeldReport>>, around: Around) -> impl IntoView {
    let Around { titles, endings, over } = around;
    let report = line.0;
    let title = Signal::derive(move || titles.with(|titles| titles.get(&report).cloned().unwrap_or_default()));
    let held =
        Memo::new(move |_| held.with(|all| all.iter().find(|held| (held.report, held.row.grant) == line).cloned()));
    let text = move || held.get().map(|held| view! { <HeldText row=held.row/> });
    let badge = move || held.with(|held| held.as_ref().map(|held| state_badge(&held.row)));
    let may = move || held.with(|held| held.as_ref().is_some_and(|held| held.row.may_revoke && !held.row.is_over()));
    let offered = Memo::new(move |_| !over && may() && !endings.is_done(line));
    view! {
        <li class="held">
            <div class="row-main">
                <a class="row-title" href=format!("/reports/{report}")>{move || title.get()}</a>
                {text}
                {(!over).then(|| view! { <Outcome line held name endings/> })}
            </div>
            <div class="held-end">
                {badge}<SignedMark/>
                {move || offered.get().then(|| view! { <EndButton line name title endings/> })}
            </div>
        </li>
    }
}

/// What they may do, since when, until when and why.
#[component]
fn HeldText(row: AccessRow) -> impl IntoView {
    let (since, until) = (row.granted_at, row.expires_at);
    let (right, purpose) = (right_word(row.right), purpose_phrase([&row.purpose]));
    view! {
        <span class="row-text">
            {right}" · "{t!(report.since, when = "")}<Time at=since/>
            {(until > 0).then(|| view! { " · "{t!(report.until, when = "")}<Time at=until style=TimeStyle::DateTime/> })}
            {purpose.map(|phrase| view! { " · "{phrase} })}
        </span>
    }
}
