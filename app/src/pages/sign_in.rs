//! Sign in. The same form stands in a signed-in page's place when nobody is signed in.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    identity::IdentityButtons,
    phone::{ByPhone, PhoneButton, PhoneForm},
    second_step::SecondStepForm,
};
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, Gate, Glyph, PasswordField, TextField, Tone},
    t,
    vault::{Attempt, VaultState, use_vault},
};

/// `/sign-in`; goes on to the reader's own start page.
#[component]
pub fn SignIn() -> impl IntoView {
    let vault = use_vault();
    super::go_home_when_signed_in(vault);
    view! { <SignInForm arrives=true/> }
}

/// The other way in, below the form for the password.
#[component]
pub fn PasskeyButton(
    /// What came of it.
    attempt: Attempt,
    /// The password's: one at a time.
    other: Attempt,
    /// What it says.
    says: &'static str,
    /// What a click does.
    #[prop(into)]
    on_click: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="stack-s">
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <p class="or" aria-hidden="true">{t!(sign_in.or)}</p>
            <Button kind=ButtonKind::Secondary glyph=Glyph::Key busy=attempt.busy disabled=other.busy class="btn-wide" on_click>
                {says}
            </Button>
            <p class="field-hint" role="status">{move || attempt.busy.get().then_some(t!(sign_in.passkey_working))}</p>
        </div>
    }
}

/// E-mail and password.
#[component]
pub fn SignInForm(
    /// Identity providers send browsers back to here.
    #[prop(optional)]
    arrives: bool,
) -> impl IntoView {
    let vault = use_vault();
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let ready = super::use_ready();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = email.get_untracked().trim().to_owned();
        if typed.is_empty() || password.with_untracked(String::is_empty) {
            attempt.problem.set(Some(t!(sign_in.wrong).to_owned()));
        } else {
            vault.sign_in(typed, password.get_untracked(), attempt);
        }
    };
    let with_passkey = Attempt::new();
    let with_identity = Attempt::new();
    let by_phone = ByPhone::new();
    let verified = RwSignal::new(false);
    Effect::new(move |_| {
        if arrives && vault.came_back(with_identity) {
            verified.set(true);
        }
    });
    // Who is signed in is asked for at the same time; its answer must not come last.
    Effect::new(move |_| {
        if verified.get() && vault.state.with(|state| *state == VaultState::SignedOut) {
            verified.set(false);
            vault.sign_in_with_identity(with_identity);
        }
    });
    let has_passkeys = move || ready.get() && browser::has_passkeys();
    let second = vault.second_step.open();
    let title = Signal::derive(move || if second.get() { t!(second_step.title) } else { t!(sign_in.title) }.to_owned());
    let lead = Signal::derive(move || if second.get() { t!(second_step.lead) } else { t!(sign_in.lead) }.to_owned());
    let password_step = move || {
        view! {
            <div class="stack">
                {move || vault.notice.get().map(|notice| view! { <Banner>{notice}</Banner> })}
                {move || attempt.problem.get().or_else(|| with_identity.problem.get()).map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <form class="form" method="dialog" on:submit=submit>
                    <TextField id="email" label=t!(sign_in.email) value=email kind="email" autocomplete="username" focus=true/>
                    <PasswordField id="password" label=t!(sign_in.password) value=password/>
                    <Button submit=true busy=attempt.busy disabled=Signal::derive(move || !ready.get() || with_passkey.busy.get() || with_identity.busy.get()) class="btn-wide">
                        {t!(sign_in.submit)}
                    </Button>
                    <p class="field-hint" role="status">
                        {move || {
                            let leaving = with_identity.busy.get().then_some(t!(identities.working));
                            attempt.busy.get().then_some(t!(sign_in.working)).or(leaving)
                        }}
                    </p>
                </form>
                {move || has_passkeys().then(|| view! {
                    <PasskeyButton attempt=with_passkey other=attempt says=t!(sign_in.passkey) on_click=move |()| vault.sign_in_with_passkey(with_passkey)/>
                })}
                {move || ready.get().then(|| view! {
                    <IdentityButtons attempt=with_identity other=attempt.busy first=!browser::has_passkeys()/>
                    <PhoneButton by=by_phone other=attempt.busy/>
                })}
            </div>
        }
        .into_any()
    };
    let step = move || match (second.get(), by_phone.open.get()) {
        (true, _) => view! { <SecondStepForm/> }.into_any(),
        (false, true) => view! { <PhoneForm by=by_phone/> }.into_any(),
        (false, false) => password_step(),
    };
    view! {
        <Title text=t!(sign_in.page_title)/>
        <Gate title lead>
            <Card>{step}</Card>
            {move || (!second.get()).then(|| view! {
                <p class="gate-foot">
                    <a href="/recover">{t!(sign_in.forgot)}</a>
                </p>
                <p class="gate-foot">{t!(sign_in.no_account)}" "<a href="/sign-up">{t!(sign_in.create)}</a></p>
            })}
        </Gate>
    }
    .into_any()
}
