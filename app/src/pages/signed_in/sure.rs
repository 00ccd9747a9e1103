//! "Really?": something that is asked back before it is done, with the password proved where that is wanted, and said when it
//! is done.

use std::future::Future;

use leptos::prelude::*;

use super::{prove::Proving, question::Question};
use crate::{
    components::{Banner, Confirm, Tone, use_toasts},
    vault::{Attempt, Keys},
};

/// How it is asked, what it means, and how it is said when it is done: in words of what the question is about.
pub struct Deed<T: 'static, A: 'static = ()> {
    /// Of the dialog, unique in the page.
    pub id: &'static str,
    /// What the button says that does it.
    pub action: &'static str,
    /// The question.
    pub title: fn(T) -> String,
    /// What it means, in paragraphs.
    pub text: fn(T) -> Vec<String>,
    /// Said when it is done, with what came of it.
    pub done: fn(T, A) -> String,
}

impl<T, A> Clone for Deed<T, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, A> Copy for Deed<T, A> {}

/// Asks, does it, says so.
#[component]
pub fn Sure<T, A, F>(
    /// Of the page, which shows its dialog once.
    proving: Proving,
    deed: Deed<T, A>,
    question: Question<T>,
    /// The request.
    work: fn(Keys, T) -> F,
    /// What is shown is asked for anew.
    again: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    A: 'static,
    F: Future<Output = client::Result<A>> + 'static,
{
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let title = Signal::derive(move || question.about().map(deed.title).unwrap_or_default());
    let act = move |()| {
        let Some(about) = question.about_untracked() else { return };
        let of = about.clone();
        proving.run(
            attempt,
            move |open| work(open, of.clone()),
            move |answer| {
                toasts.done((deed.done)(about, answer));
                question.done();
                again();
            },
        );
    };
    let paragraphs = move || {
        let said = question.about().map(deed.text).unwrap_or_default();
        said.into_iter().map(|text| view! { <p>{text}</p> }).collect_view()
    };
    view! {
        <Confirm id=deed.id open=question.open title action=deed.action busy=attempt.busy on_confirm=act>
            {paragraphs}
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
