//! What an administrator does to somebody's account, asked back, with the password proved where that is wanted.

use std::future::Future;

use leptos::prelude::*;

use crate::{
    components::{Banner, Confirm, Tone, use_toasts},
    pages::signed_in::{prove::Proving, question::Question},
    t,
    vault::{Attempt, Keys, admin::PersonRow},
};

/// One such thing: how it is asked, and how it is said when it is done. Each has the name at its `{name}`.
#[derive(Clone, Copy)]
pub(super) struct Deed {
    id: &'static str,
    action: &'static str,
    text: &'static str,
    title: fn(String) -> String,
    done: fn(String) -> String,
}

impl Deed {
    /// Second factors and recovery codes stop counting.
    pub(super) fn remove_second_factor() -> Self {
        Self {
            id: "remove-second-factor",
            action: t!(administration.factor_remove),
            text: t!(administration.factor_remove_text),
            title: |name| t!(administration.factor_remove_title, name = name),
            done: |name| t!(administration.factor_removed, name = name),
        }
    }

    /// The account is out until it is enabled.
    pub(super) fn disable() -> Self {
        Self {
            id: "disable",
            action: t!(administration.disable),
            text: t!(administration.disable_text),
            title: |name| t!(administration.disable_title, name = name),
            done: |name| t!(administration.disabled, name = name),
        }
    }

    /// The account is deleted in a month.
    pub(super) fn remove() -> Self {
        Self {
            id: "remove-account",
            action: t!(administration.remove),
            text: t!(administration.remove_text),
            title: |name| t!(administration.remove_title, name = name),
            done: |name| t!(administration.removing, name = name),
        }
    }

    /// Takes that back.
    pub(super) fn enable() -> Self {
        Self {
            id: "enable",
            action: t!(administration.enable),
            text: t!(administration.enable_text),
            title: |name| t!(administration.enable_title, name = name),
            done: |name| t!(administration.enabled, name = name),
        }
    }
}

/// Asks, does it, says so.
#[component]
pub(super) fn Sure<F>(
    /// Of the page, which shows its dialog once.
    proving: Proving,
    deed: Deed,
    question: Question<PersonRow>,
    /// The request.
    work: fn(Keys, api_types::AccountId) -> F,
    again: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView
where
    F: Future<Output = client::Result<()>> + 'static,
{
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let name = move || question.about().map(|person| person.account.account.name).unwrap_or_default();
    let act = move |()| {
        let Some(person) = question.about_untracked() else { return };
        let id = person.account.account.id;
        proving.run(
            attempt,
            move |open| work(open, id),
            move |()| {
                toasts.done((deed.done)(person.account.account.name));
                question.done();
                again();
            },
        );
    };
    view! {
        <Confirm
            id=deed.id
            open=question.open
            title=Signal::derive(move || (deed.title)(name()))
            action=deed.action
            busy=attempt.busy
            on_confirm=act
        >
            <p>{deed.text}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
