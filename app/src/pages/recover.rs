//! Forgot password: the recovery kit, or an emergency contact's words, opens the account and sets a new password.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{new_password::NewPassword, second_step::SecondStepForm};
use crate::{
    components::{Card, Gate, TextArea, TextField},
    t,
    vault::use_vault,
};

/// `/recover`.
#[component]
pub fn Recover() -> impl IntoView {
    let vault = use_vault();
    let email = RwSignal::new(String::new());
    let words = RwSignal::new(String::new());
    let password = NewPassword::new(email);
    super::go_home_when_signed_in(vault);
    let submit = move |event: leptos::ev::SubmitEvent| {
        password.submit(event, move |new| {
            let email = email.get_untracked().trim().to_owned();
            vault.recover(email, words.get_untracked(), new, password.attempt);
        });
    };
    let count = move || t!(recover.words_count, count = words.with(|words| words.split_whitespace().count()));
    let second = vault.second_step.open();
    let title = Signal::derive(move || if second.get() { t!(second_step.title) } else { t!(recover.title) }.to_owned());
    let lead = Signal::derive(move || if second.get() { t!(second_step.lead) } else { t!(recover.lead) }.to_owned());
    let kit_step = move || {
        view! {
            <div class="stack">
                {password.refusal()}
                <form class="form" method="dialog" on:submit=submit>
                    <TextField id="email" label=t!(recover.email) value=email kind="email" autocomplete="username"/>
                    <div class="stack-s">
                        <TextArea
                            id="words"
                            label=t!(recover.words)
                            value=words
                            hint=t!(recover.words_hint)
                            rows=4
                            spellcheck=false
                        />
                        <p class="field-hint" aria-live="polite">{count}</p>
                        <p class="field-hint">{t!(recover.words_trusted)}</p>
                    </div>
                    {password.fields()}
                </form>
            </div>
        }
        .into_any()
    };
    view! {
        <Title text=t!(recover.page_title)/>
        <Gate title lead>
            <Card>{move || if second.get() { view! { <SecondStepForm/> }.into_any() } else { kit_step() }}</Card>
            {move || (!second.get()).then(|| view! {
                <p class="gate-foot"><a href="/recover/shares">{t!(recovery_shares.have)}</a></p>
                <p class="gate-foot">{t!(recover.no_kit)}" "<a href="/recover/lost">{t!(recover.lost)}</a></p>
                <p class="gate-foot"><a href="/sign-in">{t!(recover.back)}</a></p>
            })}
        </Gate>
    }
    .into_any()
}
