//! What stands in a page's place while the vault isn't open.

use api_types::{accounts::AccountStatus, sessions::WhoAmI};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    browser,
    components::{
        Avatar, Banner, Brand, Button, ButtonKind, Card, Gate, Glyph, Notices, PasswordField, Skeleton, SkeletonRows,
        Tone, sentence,
    },
    pages::{second_step::SecondStepForm, sign_in::PasskeyButton},
    t,
    vault::{Attempt, Stop, use_vault},
};

/// Name of the file that is saved.
const EVIDENCE: &str = "healthsecure-log-evidence.json";

/// The outline of the frame: what the server renders, and what shows while the session is asked for.
#[component]
pub fn Opening() -> impl IntoView {
    let vault = use_vault();
    let offline = move || {
        (!vault.online.get()).then(|| {
            view! { <div class="mb-4"><Banner tone=Tone::Warn title=t!(errors.offline_title)>{t!(errors.offline)}</Banner></div> }
        })
    };
    view! {
        <Title text=t!(common.product)/>
        <div class="frame" aria-busy="true">
            <header class="frame-side"><Brand/><Skeleton class="w-full h-10"/><Skeleton class="w-full h-10"/></header>
            <header class="frame-bar"><Brand/></header>
            <main id="main" class="frame-main" tabindex="-1">
                <Notices/>
                {offline}
                <div class="page-head"><Skeleton class="w-40 h-8"/></div>
                <Card flush=true><SkeletonRows/></Card>
            </main>
        </div>
    }
    .into_any()
}

/// The session lives, the vault is locked: ask for the password again.
#[component]
pub fn UnlockForm(
    /// Whose session it is.
    who: WhoAmI,
) -> impl IntoView {
    let vault = use_vault();
    let password = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let with_passkey = Attempt::new();
    let email = StoredValue::new(who.email);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        vault.sign_in(email.get_value(), password.get_untracked(), attempt);
    };
    // Whose e-mail it is, is known here: only the password can be wrong.
    let problem = Signal::derive(move || {
        let problem = attempt.problem.get()?;
        Some(if problem == t!(sign_in.wrong) { t!(sign_in.unlock_wrong).to_owned() } else { problem })
    });
    let name = who.name.clone();
    let second = vault.second_step.open();
    let title =
        Signal::derive(move || if second.get() { t!(second_step.title) } else { t!(sign_in.unlock_title) }.to_owned());
    let greeting = t!(sign_in.unlock_lead, name = who.name);
    let lead = Signal::derive(move || if second.get() { t!(second_step.lead).to_owned() } else { greeting.clone() });
    let password_step = move || {
        let name = name.clone();
        view! {
            {move || vault.notice.get().map(|notice| view! { <div class="mb-4"><Banner>{notice}</Banner></div> })}
            <form class="form" method="dialog" on:submit=submit>
                <UserName email=email.get_value()/>
                <div class="person"><Avatar name/><span class="person-name">{move || email.get_value()}</span></div>
                <PasswordField id="password" label=t!(sign_in.password) value=password error=problem focus=true/>
                <Button submit=true busy=attempt.busy disabled=with_passkey.busy class="btn-wide">{t!(sign_in.unlock_submit)}</Button>
            </form>
            {browser::has_passkeys().then(|| view! {
                <div class="mt-4">
                    <PasskeyButton attempt=with_passkey other=attempt says=t!(sign_in.passkey_unlock) on_click=move |()| vault.unlock_with_passkey(with_passkey)/>
                </div>
            })}
        }
        .into_any()
    };
    view! {
        <Title text=format!("{} · {}", t!(sign_in.unlock_title), t!(common.product))/>
        <Gate title lead>
            <Card>{move || if second.get() { view! { <SecondStepForm/> }.into_any() } else { password_step() }}</Card>
            <p class="gate-foot">
                <Button kind=ButtonKind::Quiet on_click=move |()| vault.sign_out()>{t!(sign_in.unlock_other)}</Button>
            </p>
        </Gate>
    }
    .into_any()
}

/// Tells a password manager whose password is asked for.
#[component]
pub fn UserName(
    /// Whose.
    email: String,
) -> impl IntoView {
    view! {
        <input class="sr-only" type="text" autocomplete="username" readonly tabindex="-1" aria-hidden="true" value=email/>
    }
}

/// Signed in, but the role needs a second factor that the account doesn't have: the page to add one, and nothing else.
#[component]
pub fn SecondFactorDue(
    /// The page.
    children: Children,
) -> impl IntoView {
    let vault = use_vault();
    view! {
        <Title text=format!("{} · {}", t!(second_step.due_title), t!(common.product))/>
        <Gate title=t!(second_step.due_title).to_owned() lead=t!(second_step.due_lead).to_owned() wide=true>
            {children()}
            <p class="gate-foot">
                <Button kind=ButtonKind::Quiet on_click=move |()| vault.sign_out()>{t!(sign_in.sign_out)}</Button>
            </p>
        </Gate>
    }
    .into_any()
}

/// Signed in, but the account may do nothing (yet).
#[component]
pub fn NotActive(
    /// Whose account it is.
    who: WhoAmI,
) -> impl IntoView {
    let vault = use_vault();
    let (tone, title, text) = match who.status {
        AccountStatus::Refused => (Tone::Danger, t!(sign_in.refused_title), t!(sign_in.refused)),
        AccountStatus::Disabled | AccountStatus::Deleted => {
            (Tone::Danger, t!(sign_in.disabled_title), t!(sign_in.disabled))
        }
        AccountStatus::Pending | AccountStatus::Active => (Tone::Info, t!(sign_in.pending_title), t!(sign_in.pending)),
    };
    let removal = who.removal_at.map(|at| view! { <p>{sentence(t!(sign_in.removal), at)}</p> });
    view! {
        <Title text=format!("{title} · {}", t!(common.product))/>
        <Gate title=title.to_owned() lead=who.name>
            <Banner tone><p>{text}</p>{removal}</Banner>
            <p class="gate-foot">
                <Button kind=ButtonKind::Secondary on_click=move |()| vault.sign_out()>{t!(sign_in.sign_out)}</Button>
            </p>
        </Gate>
    }
    .into_any()
}

/// The session was stopped: the server's public log, or a report's record, can't be relied on.
#[component]
pub fn Stopped(
    /// Why.
    stop: Stop,
) -> impl IntoView {
    let vault = use_vault();
    let evidence = StoredValue::new(stop.evidence);
    // A browser that can't save says so itself.
    let save = move |()| drop(browser::save_bytes(EVIDENCE, evidence.get_value().as_bytes()));
    view! {
        <Title text=format!("{} · {}", t!(log.stopped_title), t!(common.product))/>
        <Gate title=t!(log.stopped_title).to_owned() lead=t!(log.stopped_lead).to_owned()>
            <Card>
                <div class="stack">
                    <Banner tone=Tone::Danger title=t!(log.found)><p>{stop.why}</p></Banner>
                    <p>{t!(log.safe)}</p>
                    <h2>{t!(log.do_title)}</h2>
                    <ol class="to-do">
                        <li>{t!(log.do_save)}</li>
                        <li>{t!(log.do_ask)}</li>
                        <li>{t!(log.do_wait)}</li>
                    </ol>
                    <Button class="btn-wide" glyph=Glyph::Download on_click=save>{t!(log.save)}</Button>
                </div>
            </Card>
            <p class="gate-foot">
                <Button kind=ButtonKind::Quiet on_click=move |()| vault.stop.set(None)>{t!(log.again)}</Button>
                <Button kind=ButtonKind::Quiet on_click=move |()| vault.sign_out()>{t!(sign_in.sign_out)}</Button>
            </p>
        </Gate>
    }
    .into_any()
}
