//! Where mail is sent, before the recovery kit: the code that was mailed to the address.

use leptos::prelude::*;

use super::{Form, Step};
use crate::{
    components::{Banner, Button, ButtonKind, Card, TextField, Tone},
    pages::second_step::digits_of,
    t,
    vault::{Attempt, use_vault},
};

/// Digits of a code.
const DIGITS: usize = 8;

/// Asks for the code.
#[component]
pub(super) fn Code(form: Form) -> impl IntoView {
    let vault = use_vault();
    let code = RwSignal::new(String::new());
    let shape = RwSignal::new(None);
    let sent_again = RwSignal::new(false);
    let (checking, sending) = (Attempt::new(), Attempt::new());
    let error = Signal::derive(move || shape.get().or_else(|| checking.problem.get()));
    let busy = Signal::derive(move || checking.busy.get() || sending.busy.get());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        match code.with_untracked(|typed| digits_of(typed, DIGITS)) {
            Some(typed) => {
                shape.set(None);
                vault.prove_address(typed, checking, Callback::new(move |()| form.step.set(Step::Kit)));
            }
            None => shape.set(Some(t!(sign_up.code_shape).to_owned())),
        }
    };
    let again = move |()| {
        code.set(String::new());
        checking.problem.set(None);
        sent_again.set(false);
        form.ask_code(vault, sending, Callback::new(move |()| sent_again.set(true)));
    };
    view! {
        <Card>
            <form class="form" method="dialog" on:submit=submit novalidate>
                {move || sending.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TextField
                    id="sign-up-code"
                    label=t!(sign_up.code)
                    value=code
                    hint=t!(sign_up.code_hint)
                    error
                    autocomplete="one-time-code"
                    inputmode="numeric"
                    max=16
                    class="otp"
                    focus=true
                />
                <Button submit=true busy=checking.busy class="btn-wide">{t!(sign_up.submit)}</Button>
                <p class="field-hint" role="status">{move || sent_again.get().then_some(t!(sign_up.code_sent_again))}</p>
                <div class="page-actions">
                    <Button kind=ButtonKind::Quiet class="btn-small" disabled=busy on_click=again>{t!(phones.another)}</Button>
                    <Button kind=ButtonKind::Quiet class="btn-small" disabled=busy on_click=move |()| form.step.set(Step::Account)>
                        {t!(common.back)}
                    </Button>
                </div>
            </form>
        </Card>
    }
}
