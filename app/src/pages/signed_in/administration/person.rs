//! One person of the list.

use api_types::accounts::{AccountStatus, Role};
use leptos::prelude::*;

use super::people::{Decisions, unconfirmed};
use crate::{
    components::{Avatar, Badge, Button, ButtonKind, Glyph, Row, Tone, role_name, sentence},
    t,
    vault::{admin::PersonRow, use_vault},
};

/// Name, e-mail, role, where they stand, what can be decided.
#[component]
pub(super) fn AdminPerson(person: PersonRow, decisions: Decisions) -> impl IntoView {
    let id = person.account.account.id;
    let busy = Signal::derive(move || decisions.approving.get() == Some(id));
    let name = person.account.account.name.clone();
    let pending = person.account.account.status == AccountStatus::Pending;
    let decide = (pending || unconfirmed(&person)).then(|| decide(person.clone(), decisions, busy));
    let (email, created) = (person.account.email.clone(), person.account.created_at);
    let role = role_name(person.account.account.role);
    let came = if pending { t!(administration.asked) } else { t!(administration.joined) };
    let seen = person.account.last_seen_at;
    let text = move || {
        view! {
            <span>{email.clone()}</span>" · "{role}" · "{sentence(came, created)}
            {seen.map(|seen| view! { " · "{sentence(t!(administration.seen), seen)} })}
        }
    };
    view! {
        <Row lead=move || view! { <Avatar name=name.clone()/> } title=person.account.account.name.clone() text>
            {person.account.email_verified_at.map(|_| view! {
                <Badge tone=Tone::Good glyph=Glyph::Mail>{t!(administration.address_verified)}</Badge>
            })}
            {person.account.second_factor.then(|| second_factor(&person, decisions))}
            {status_badge(&person)}
            {space(&person, decisions)}
            {switch(&person, decisions)}
            {removal(&person, decisions)}
            {decide}
        </Row>
    }
}

fn status_badge(person: &PersonRow) -> impl IntoView + use<> {
    let (tone, word) = match person.account.account.status {
        AccountStatus::Pending => (Tone::Warn, t!(common.status_pending)),
        AccountStatus::Active if unconfirmed(person) => (Tone::Warn, t!(administration.unconfirmed)),
        AccountStatus::Active => (Tone::Good, t!(common.status_active)),
        AccountStatus::Refused => (Tone::Danger, t!(common.status_refused)),
        AccountStatus::Disabled => (Tone::Plain, t!(common.status_disabled)),
        AccountStatus::Deleted => (Tone::Plain, t!(common.status_deleted)),
    };
    view! { <Badge tone>{word}</Badge> }
}

/// That there is one; others' can be taken away, one's own is in Settings.
fn second_factor(person: &PersonRow, decisions: Decisions) -> impl IntoView + use<> {
    let own = use_vault().who().is_some_and(|who| who.account_id == person.account.account.id);
    let asked = person.clone();
    let name = person.account.account.name.clone();
    view! {
        <Badge tone=Tone::Good glyph=Glyph::Shield>{t!(administration.factor)}</Badge>
        {(!own).then(|| view! {
            <Button kind=ButtonKind::DangerQuiet class="btn-small" on_click=move |()| decisions.removing.ask(asked.clone())>
                {t!(administration.factor_remove)}<span class="sr-only">" "{name}</span>
            </Button>
        })}
    }
}

/// How much they store, and may; administrators have no reports.
fn space(person: &PersonRow, decisions: Decisions) -> impl IntoView + use<> {
    let account = &person.account.account;
    if account.role == Role::Administrator || account.status == AccountStatus::Deleted {
        return None;
    }
    let (asked, name) = (person.clone(), account.name.clone());
    Some(view! {
        <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| decisions.spacing.ask(asked.clone())>
            {t!(data.quota_open)}<span class="sr-only">" "{name}</span>
        </Button>
    })
}

/// Out, or in again; nobody does that to themselves.
fn switch(person: &PersonRow, decisions: Decisions) -> impl IntoView + use<> {
    let own = use_vault().who().is_some_and(|who| who.account_id == person.account.account.id);
    let (kind, word, question) = match person.account.account.status {
        AccountStatus::Active if !own => (ButtonKind::DangerQuiet, t!(administration.disable), decisions.disabling),
        AccountStatus::Disabled => (ButtonKind::Secondary, t!(administration.enable), decisions.enabling),
        _ => return None,
    };
    let (asked, name) = (person.clone(), person.account.account.name.clone());
    Some(view! {
        <Button kind class="btn-small" on_click=move |()| question.ask(asked.clone())>
            {word}<span class="sr-only">" "{name}</span>
        </Button>
    })
}

/// For a disabled account: when it is deleted, or the way to that.
fn removal(person: &PersonRow, decisions: Decisions) -> impl IntoView + use<> {
    if person.account.account.status != AccountStatus::Disabled {
        return None;
    }
    if let Some(due) = person.account.removal_at {
        return Some(
            view! { <Badge tone=Tone::Danger>{sentence(t!(administration.remove_due), due)}</Badge> }.into_any(),
        );
    }
    let (asked, name) = (person.clone(), person.account.account.name.clone());
    let button = view! {
        <Button kind=ButtonKind::DangerQuiet class="btn-small" on_click=move |()| decisions.deleting.ask(asked.clone())>
            {t!(administration.remove)}<span class="sr-only">" "{name}</span>
        </Button>
    };
    Some(button.into_any())
}

/// "Approve" and "Refuse", or "Confirm" for somebody who came by invitation.
fn decide(person: PersonRow, decisions: Decisions, busy: Signal<bool>) -> impl IntoView {
    let pending = person.account.account.status == AccountStatus::Pending;
    let word = if pending { t!(administration.approve) } else { t!(administration.confirm) };
    let name = person.account.account.name.clone();
    let refused = person.clone();
    let refused_name = name.clone();
    view! {
        <Button class="btn-small" busy on_click=move |()| decisions.approve.run(person.clone())>
            {word}<span class="sr-only">" "{name.clone()}</span>
        </Button>
        {pending.then(|| view! {
            <Button
                kind=ButtonKind::DangerQuiet
                class="btn-small"
                disabled=busy
                on_click=move |()| decisions.refusing.ask(refused.clone())
            >
                {t!(administration.refuse)}<span class="sr-only">" "{refused_name.clone()}</span>
            </Button>
        })}
    }
}
