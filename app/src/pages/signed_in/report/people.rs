//! Who has access: read from the signed chain.

use api_types::grants::Right;
use client::{AccessRow, AccessStatus, AccessWho, Person, Verification};
use leptos::prelude::*;

use super::{handle::Handle, revoke::Revoke};
use crate::{
    components::{Avatar, Badge, Button, ButtonKind, Card, Dialog, Glyph, Time, TimeStyle, Tone},
    pages::signed_in::{key::CompareKey, question::Question},
    t,
    vault::{Keys, Loaded, use_vault},
};

/// What the dialogs of this card are about.
#[derive(Clone, Copy)]
pub(super) struct Asking {
    /// "Revoke?"
    pub revoke: Question<AccessRow>,
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
            {list.show(t!(report.offline), 3, move |rows| view! { <Rows rows old asking/> })}
        </Card>
        <Revoke handle question=asking.revoke again=move || list.again()/>
        <Compare question=asking.compare again=move || list.again()/>
    }
}

fn is_over(row: &AccessRow) -> bool {
    matches!(row.status, AccessStatus::Revoked | AccessStatus::Expired)
}

#[component]
fn Rows(rows: Vec<AccessRow>, old: RwSignal<bool>, asking: Asking) -> impl IntoView {
    let (over, now): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_over);
    let count = over.len();
    let over = StoredValue::new(over);
    let row = move |row: AccessRow| view! { <AccessLine row asking/> };
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

/// What a person is called in this card.
pub(super) fn name_of(row: &AccessRow) -> String {
    match &row.who {
        AccessWho::Person(person) => person.name.clone(),
        AccessWho::Account(id) => id.to_string().chars().take(8).collect(),
        AccessWho::Invitation(_) => t!(report.patient_to_come).to_owned(),
    }
}

fn right_word(right: Right) -> &'static str {
    match right {
        Right::View => t!(report.right_view),
        Right::Contribute => t!(report.right_contribute),
        Right::Reshare => t!(report.right_reshare),
        Right::Own => t!(report.right_own),
    }
}

fn state_badge(row: &AccessRow) -> impl IntoView + use<> {
    let invited = matches!(row.who, AccessWho::Invitation(_));
    let (tone, word) = match row.status {
        AccessStatus::Pending if invited => (Tone::Info, t!(report.state_invited)),
        AccessStatus::Pending => (Tone::Info, t!(report.state_pending)),
        AccessStatus::Live => (Tone::Good, t!(report.state_live)),
        AccessStatus::Expired => (Tone::Plain, t!(report.state_expired)),
        AccessStatus::Locked => (Tone::Danger, t!(report.state_locked)),
        AccessStatus::Revoked => (Tone::Plain, t!(report.state_revoked)),
    };
    view! { <Badge tone>{word}</Badge> }
}

/// A known purpose in words; another program's as it is.
pub(super) fn purpose_word(purpose: &str) -> String {
    match purpose {
        "treatment" => t!(share.purpose_treatment).to_owned(),
        "second-opinion" => t!(share.purpose_second_opinion).to_owned(),
        "referral" => t!(share.purpose_referral).to_owned(),
        "billing" => t!(share.purpose_billing).to_owned(),
        // Said by their right already.
        "own" | "author" | "patient" => String::new(),
        other => other.to_owned(),
    }
}

#[component]
fn AccessLine(row: AccessRow, asking: Asking) -> impl IntoView {
    let name = name_of(&row);
    let (since, until, over) = (row.granted_at, row.expires_at, is_over(&row));
    let purpose = Some(purpose_word(&row.purpose)).filter(|word| !word.is_empty() && row.right != Right::Own);
    let key = (!row.own && !over).then(|| view! { <KeyState who=row.who.clone() compare=asking.compare/> });
    let right = right_word(row.right);
    let own = row.own;
    let badge = state_badge(&row);
    let label = if own { t!(report.leave).to_owned() } else { t!(report.revoke).to_owned() };
    let of = t!(report.revoke_of, name = name.clone());
    let revoke = (row.may_revoke && !over).then(|| {
        let aria = if own { label.clone() } else { of };
        view! {
            <button type="button" class="btn btn-danger-quiet btn-small" aria-label=aria on:click=move |_| asking.revoke.ask(row.clone())>
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
                {purpose.map(|purpose| view! { <span class="row-text">{t!(report.purpose, purpose = purpose)}</span> })}
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
