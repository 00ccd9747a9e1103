//! Who has access: read from the signed chain.

use api_types::grants::Right;
use client::{AccessRow, AccessWho, Person, Verification};
use leptos::prelude::*;

use super::handle::Handle;
use crate::{
    components::{Avatar, Badge, Button, ButtonKind, Card, Dialog, Glyph, Time, TimeStyle, Tone},
    pages::signed_in::{
        access_line::{members_of, name_of, purpose_phrase, right_word, state_badge},
        key::CompareKey,
        question::Question,
        revoke::{Ending, Revoke},
    },
    t,
    vault::{Keys, Loaded, use_vault},
};

/// What the dialogs of this card are about.
#[derive(Clone, Copy)]
pub(super) struct Asking {
    /// "Revoke?"
    pub revoke: Question<Ending>,
    /// "Are these the words?"
    pub compare: Question<Person>,
}

/// Everyone, those whose access ended behind a tap.
#[component]
pub(super) fn People(handle: Handle) -> impl IntoView {
    let id = handle.id;
    let list = Loaded::new(use_vault(), move |open: Keys| async move { open.access(&id).await });
    Effect::new(move |before: Option<u32>| {
        let now = handle.changed.get();
        if before.is_some_and(|before| before != now) {
            list.again();
        }
        now
    });
    let asking = Asking { revoke: Question::new(), compare: Question::new() };
    let old = RwSignal::new(false);
    view! {
        <Card title=t!(report.access).to_owned() flush=true>
            <p class="card-note field-hint">{t!(report.access_note)}</p>
            {list.show(t!(report.offline), 3, move |rows| view! { <Rows handle rows old asking/> })}
        </Card>
        <Revoke
            question=asking.revoke
            left=move |_| handle.end()
            changed=move |_| {
                list.again();
                handle.refresh();
            }
        />
        <Compare question=asking.compare again=move || list.again()/>
    }
}

#[component]
fn Rows(handle: Handle, rows: Vec<AccessRow>, old: RwSignal<bool>, asking: Asking) -> impl IntoView {
    let (over, now): (Vec<_>, Vec<_>) = rows.into_iter().partition(AccessRow::is_over);
    let count = over.len();
    let over = StoredValue::new(over);
    let row = move |row: AccessRow| view! { <AccessLine handle row asking/> };
    let word =
        move || if old.get() { t!(report.less_access).to_owned() } else { t!(report.more_access, count = count) };
    view! {
        <ul class="rows" role="list" aria-label=t!(report.access)>
            {now.into_iter().map(row).collect_view()}
            {move || old.get().then(|| over.get_value().into_iter().map(row).collect_view())}
        </ul>
        {(count > 0).then(|| view! {
            <p class="card-note">
                <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| old.update(|old| *old = !*old)>{word}</Button>
            </p>
        })}
    }
}

#[component]
fn AccessLine(handle: Handle, row: AccessRow, asking: Asking) -> impl IntoView {
    let name = name_of(&row.who);
    let members = members_of(&row.who);
    let (since, until, over) = (row.granted_at, row.expires_at, row.is_over());
    // Said by the right already.
    let said = row.right == Right::Own || row.purpose == "author";
    let purpose = if said { None } else { purpose_phrase([&row.purpose]) };
    let key = (!row.own && !over).then(|| view! { <KeyState who=row.who.clone() compare=asking.compare/> });
    let right = right_word(row.right);
    let own = row.own;
    let badge = state_badge(&row);
    let label = if own { t!(report.leave).to_owned() } else { t!(report.revoke).to_owned() };
    let of = t!(report.revoke_of, name = name.clone());
    let ask = move |row: AccessRow| {
        let owner = handle.view_untracked().is_some_and(|view| view.is_owner());
        asking.revoke.ask(Ending { report: handle.id, row, owner });
    };
    let revoke = (row.may_revoke && !over).then(|| {
        let aria = if own { label.clone() } else { of };
        view! {
            <button type="button" class="btn btn-danger-quiet btn-small" aria-label=aria on:click=move |_| ask(row.clone())>
                {label}
            </button>
        }
    });
    view! {
        <li class="row row-stack">
            <div><Avatar name=name.clone()/></div>
            <div class="row-main">
                <span class="row-title">{name}{own.then(|| view! { " ("{t!(report.you)}")" })}</span>
                <span class="row-text">
                    {right}" · "{t!(report.since, when = "")}<Time at=since/>
                    {(until > 0).then(|| view! { " · "{t!(report.until, when = "")}<Time at=until style=TimeStyle::DateTime/> })}
                </span>
                {members.map(|members| view! { <span class="row-text">{members}</span> })}
                {purpose.map(|purpose| view! { <span class="row-text">{purpose}</span> })}
            </div>
            <div class="row-badges">{badge}{key}{revoke}</div>
        </li>
    }
}

/// Whether the key was compared; a tap compares it.
#[component]
fn KeyState(who: AccessWho, compare: Question<Person>) -> impl IntoView {
    let AccessWho::Person(person) = who else { return ().into_any() };
    if person.verification == Verification::Verified {
        return view! { <Badge tone=Tone::Good glyph=Glyph::Shield>{t!(report.key_verified)}</Badge> }.into_any();
    }
    let name = person.name.clone();
    view! {
        <button type="button" class="badge badge-warn badge-button" title=t!(report.key_unverified_hint) on:click=move |_| compare.ask((*person).clone())>
            {t!(report.key_unverified)}<span class="sr-only">": "{name}</span>
        </button>
    }
    .into_any()
}

#[component]
fn Compare(question: Question<Person>, again: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let title =
        Signal::derive(move || t!(share.key_words, name = question.about().map(|p| p.name).unwrap_or_default()));
    let verified = move |()| {
        question.done();
        again();
    };
    view! {
        <Dialog id="compare-key" open=question.open title>
            {move || question.about().map(|person| view! { <CompareKey person on_verified=verified/> })}
        </Dialog>
    }
}
