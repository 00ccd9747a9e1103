//! Another e-mail address: asking for it, and the change that waits for both addresses.

use api_types::email_change::PendingEmailChange;
use leptos::prelude::*;

use crate::{
    components::{Banner, Button, ButtonKind, Dialog, Glyph, TextField, Time, TimeStyle, Tone, use_toasts},
    pages::signed_in::prove::{ProveDialog, Proving},
    t,
    vault::{Attempt, Keys, use_vault},
};

/// What waits, or the way to ask.
#[component]
pub(super) fn Change(
    pending: Option<PendingEmailChange>,
    asking: RwSignal<bool>,
    #[prop(into)] again: Callback<()>,
) -> impl IntoView {
    match pending {
        Some(change) => view! { <Pending change again/> }.into_any(),
        None => view! {
            <div>
                <Button kind=ButtonKind::Secondary glyph=Glyph::Mail on_click=move |()| asking.set(true)>
                    {t!(change_email.change)}
                </Button>
            </div>
        }
        .into_any(),
    }
}

#[component]
fn Pending(change: PendingEmailChange, again: Callback<()>) -> impl IntoView {
    let (vault, toasts) = (use_vault(), use_toasts());
    let attempt = Attempt::new();
    let cancel = move |()| {
        let work = |open: Keys| async move { open.cancel_email_change().await };
        vault.run(attempt, work, move |()| {
            toasts.done(t!(change_email.cancelled));
            again.run(());
        });
    };
    let old = if change.old_confirmed { t!(change_email.old_done) } else { t!(change_email.old_open) };
    let new = if change.new_confirmed { t!(change_email.new_done) } else { t!(change_email.new_open) };
    let (title, ends) = (t!(change_email.pending, email = change.email), change.expires_at);
    view! {
        <div class="stack-s">
            <Banner tone=Tone::Info title>
                <p>{t!(change_email.pending_note)}" "<Time at=ends style=TimeStyle::DateTime/></p>
                <ul><li>{old}</li><li>{new}</li></ul>
            </Banner>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Warn>{problem}</Banner> })}
            <div>
                <Button kind=ButtonKind::Secondary busy=attempt.busy on_click=cancel>{t!(change_email.cancel)}</Button>
            </div>
        </div>
    }
}

/// Asks for the new address.
#[component]
pub(super) fn ChangeDialog(open: RwSignal<bool>, #[prop(into)] again: Callback<()>) -> impl IntoView {
    let proving = Proving::new(use_vault());
    view! {
        <Dialog id="change-email" open title=t!(change_email.dialog_title).to_owned()>
            <Ask open proving again/>
        </Dialog>
        <ProveDialog proving/>
    }
}

#[component]
fn Ask(open: RwSignal<bool>, proving: Proving, again: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let email = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = email.get_untracked().trim().to_owned();
        let to = typed.clone();
        let work = move |keys: Keys| {
            let typed = typed.clone();
            async move { keys.change_email(&typed).await }
        };
        proving.run(attempt, work, move |()| {
            toasts.done(t!(change_email.sent, email = to));
            open.try_set(false);
            again.run(());
        });
    };
    view! {
        <form class="form" method="dialog" on:submit=submit novalidate>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <p>{t!(change_email.dialog_text)}</p>
            <TextField
                id="new-address"
                label=t!(change_email.new)
                value=email
                kind="email"
                autocomplete="email"
                focus=true
            />
            <div class="dialog-actions">
                <Button submit=true busy=attempt.busy>{t!(change_email.submit)}</Button>
            </div>
        </form>
    }
}
