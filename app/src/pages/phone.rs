//! Signing in with a phone, in the place of the form for the password; and the field for a code that was sent.

use leptos::prelude::*;

use super::second_step::digits;
use crate::{
    components::{Banner, Button, ButtonKind, Glyph, TextField, Tone},
    t,
    vault::{Attempt, use_vault},
};

/// Longest number that is typed.
pub(super) const NUMBER_MAX: usize = 40;

/// How far signing in with a phone has come; outside of the form, which gives way to the second step.
#[derive(Clone, Copy)]
pub struct ByPhone {
    /// Whether the form stands in the place of the password's.
    pub open: RwSignal<bool>,
    number: RwSignal<String>,
    sent: RwSignal<bool>,
    attempt: Attempt,
}

impl ByPhone {
    /// Not begun.
    pub fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            number: RwSignal::new(String::new()),
            sent: RwSignal::new(false),
            attempt: Attempt::new(),
        }
    }
}

impl Default for ByPhone {
    fn default() -> Self {
        Self::new()
    }
}

/// The way there; nothing where the server sends no codes.
#[component]
pub fn PhoneButton(
    /// What it opens.
    by: ByPhone,
    /// Another way in that runs.
    #[prop(into)]
    other: Signal<bool>,
) -> impl IntoView {
    let vault = use_vault();
    let offered = RwSignal::new(false);
    Effect::new(move |_| vault.offers_phone(offered));
    move || {
        offered.get().then(|| {
            view! {
                <Button kind=ButtonKind::Quiet glyph=Glyph::Device disabled=other class="btn-wide" on_click=move |()| by.open.set(true)>
                    {t!(phones.go)}
                </Button>
            }
        })
    }
}

/// The field for a code that was sent: a phone shows digits, and offers the message's code.
#[component]
pub fn SentCodeField(
    /// Unique in the page.
    id: &'static str,
    /// What stands in it.
    code: RwSignal<String>,
    /// What is wrong with it.
    #[prop(into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <TextField
            id
            label=t!(phones.code)
            value=code
            hint=t!(phones.code_hint)
            error
            autocomplete="one-time-code"
            inputmode="numeric"
            max=16
            class="otp"
            focus=true
        />
    }
}

/// The field for a number.
#[component]
pub fn NumberField(
    /// Unique in the page.
    id: &'static str,
    /// What stands in it.
    number: RwSignal<String>,
    /// What is wrong with it.
    #[prop(into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <TextField
            id
            label=t!(phones.number)
            value=number
            hint=t!(phones.number_hint)
            error
            kind="tel"
            autocomplete="tel"
            inputmode="tel"
            max=NUMBER_MAX
            focus=true
        />
    }
}

/// The number, then the code.
#[component]
pub fn PhoneForm(by: ByPhone) -> impl IntoView {
    move || match by.sent.get() {
        false => view! { <NumberStep by/> }.into_any(),
        true => view! { <CodeStep by/> }.into_any(),
    }
}

#[component]
fn NumberStep(by: ByPhone) -> impl IntoView {
    let vault = use_vault();
    let shape = RwSignal::new(None);
    let error = Signal::derive(move || shape.get().or_else(|| by.attempt.problem.get()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = by.number.get_untracked().trim().to_owned();
        if typed.is_empty() {
            return shape.set(Some(t!(common.field_required).to_owned()));
        }
        shape.set(None);
        vault.start_phone(typed, by.attempt, by.sent);
    };
    view! {
        <form class="form" method="dialog" on:submit=submit novalidate>
            <p>{t!(phones.sign_in_lead)}</p>
            <NumberField id="phone-number" number=by.number error/>
            <Button submit=true busy=by.attempt.busy class="btn-wide">{t!(phones.send)}</Button>
            <Back by/>
        </form>
    }
}

#[component]
fn CodeStep(by: ByPhone) -> impl IntoView {
    let vault = use_vault();
    let code = RwSignal::new(String::new());
    let shape = RwSignal::new(None);
    let sending = Attempt::new();
    let error = Signal::derive(move || shape.get().or_else(|| by.attempt.problem.get()));
    let busy = Signal::derive(move || by.attempt.busy.get() || sending.busy.get());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        match code.with_untracked(|typed| digits(typed)) {
            Some(typed) => {
                shape.set(None);
                vault.sign_in_with_phone(typed, by.attempt);
            }
            None => shape.set(Some(t!(second_step.code_shape).to_owned())),
        }
    };
    let again = move |()| {
        code.set(String::new());
        by.attempt.problem.set(None);
        vault.start_phone(by.number.get_untracked().trim().to_owned(), sending, by.sent);
    };
    let other = move |()| {
        by.attempt.problem.set(None);
        by.sent.set(false);
    };
    view! {
        <form class="form" method="dialog" on:submit=submit novalidate>
            <p role="status">{t!(phones.sent_maybe)}</p>
            {move || sending.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <SentCodeField id="phone-code" code error/>
            <Button submit=true busy class="btn-wide">{t!(phones.submit)}</Button>
            <p class="field-hint" role="status">{move || by.attempt.busy.get().then_some(t!(phones.working))}</p>
            <div class="page-actions">
                <Button kind=ButtonKind::Quiet class="btn-small" disabled=busy on_click=again>{t!(phones.another)}</Button>
                <Button kind=ButtonKind::Quiet class="btn-small" disabled=busy on_click=other>{t!(phones.other_number)}</Button>
            </div>
            <Back by/>
        </form>
    }
}

#[component]
fn Back(by: ByPhone) -> impl IntoView {
    let back = move |()| {
        by.attempt.problem.set(None);
        by.sent.set(false);
        by.open.set(false);
    };
    view! {
        <Button kind=ButtonKind::Quiet disabled=by.attempt.busy class="btn-small" on_click=back>{t!(phones.back)}</Button>
    }
}
