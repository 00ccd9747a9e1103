//! The password once more, where the server wants it proved before a change: a session left open isn't enough for it.

use std::future::Future;

use api_types::ErrorCode;
use client::ClientError;
use futures::{
    channel::oneshot,
    future::{AbortHandle, abortable},
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::locked::UserName;
use crate::{
    browser,
    components::{Button, ButtonKind, Dialog, PasswordField},
    pages::{second_step::SecondStepForm, sign_in::PasskeyButton},
    t,
    vault::{Attempt, BrowserPasskeys, Keys, Vault, explain, use_vault},
};

/// `Copy`; the page that has it shows its [`ProveDialog`].
#[derive(Clone, Copy)]
pub struct Proving {
    vault: Vault,
    open: RwSignal<bool>,
    proved: StoredValue<Option<oneshot::Sender<()>>>,
}

impl Proving {
    /// Nothing to prove yet.
    pub fn new(vault: Vault) -> Self {
        Self { vault, open: RwSignal::new(false), proved: StoredValue::new(None) }
    }

    /// As [`Vault::run`]; where the password has to be proved first, asks for it and does the thing again.
    pub fn run<A, F>(self, attempt: Attempt, work: impl Fn(Keys) -> F + 'static, done: impl FnOnce(A) + 'static)
    where
        F: Future<Output = client::Result<A>> + 'static,
        A: 'static,
    {
        let Some(keys) = self.vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            let mut result = work(keys).await;
            if result.as_ref().is_err_and(wants_proof) {
                if !self.ask().await {
                    return attempt.done();
                }
                // Asked for anew: a vault that locked meanwhile has none.
                let Some(keys) = self.vault.keys() else { return attempt.done() };
                result = work(keys).await;
            }
            self.vault.conclude(attempt, result, done);
        });
    }

    /// Whether the password was proved; false where the person turned away.
    async fn ask(self) -> bool {
        let (sender, proved) = oneshot::channel();
        self.proved.try_set_value(Some(sender));
        self.open.try_set(true);
        proved.await.is_ok()
    }

    fn proved(self) {
        if let Some(waiting) = self.proved.try_update_value(Option::take).flatten() {
            // Whoever asked may have gone.
            let _ = waiting.send(());
        }
        self.open.try_set(false);
    }
}

fn wants_proof(error: &ClientError) -> bool {
    error.problem() == Some(ErrorCode::ConfirmationRequired)
}

/// Where it asks.
#[component]
pub fn ProveDialog(
    /// Who asks.
    proving: Proving,
) -> impl IntoView {
    Effect::new(move |_| {
        if !proving.open.get() {
            // Closed by whatever way: nobody waits on.
            proving.proved.try_set_value(None);
        }
    });
    view! {
        <Dialog id="prove" open=proving.open title=t!(second_step.prove_title).to_owned()><ProveForm proving/></Dialog>
    }
}

#[component]
fn ProveForm(proving: Proving) -> impl IntoView {
    let vault = use_vault();
    let password = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let second = vault.second_step.open();
    let running = StoredValue::new(None::<AbortHandle>);
    // Closed while the password is checked: nobody is asked for anything any more.
    on_cleanup(move || {
        if let Some(running) = running.try_update_value(Option::take).flatten() {
            running.abort();
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(keys) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        let typed = password.get_untracked();
        let confirming = async move { keys.confirm(&typed, &vault.second_step).await };
        let (confirming, handle) = abortable(confirming);
        running.set_value(Some(handle));
        spawn_local(async move {
            let Ok(proved) = confirming.await else { return };
            let gave_up = vault.second_step.end();
            match proved {
                Ok(()) => {
                    attempt.done();
                    proving.proved();
                }
                Err(_) if gave_up => attempt.done(),
                Err(ClientError::WrongPassword) => attempt.failed(t!(sign_in.unlock_wrong)),
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    let with_passkey = Attempt::new();
    let use_passkey = move |()| {
        let Some(keys) = vault.keys() else { return };
        if !with_passkey.begin() {
            return;
        }
        let confirming = async move { keys.confirm_with_passkey(&BrowserPasskeys).await };
        let (confirming, handle) = abortable(confirming);
        running.set_value(Some(handle));
        spawn_local(async move {
            let Ok(confirmed) = confirming.await else { return };
            match confirmed {
                Ok(()) => {
                    with_passkey.done();
                    proving.proved();
                }
                Err(error) => with_passkey.failed(explain(&error)),
            }
        });
    };
    let email = vault.who().map(|who| who.email).unwrap_or_default();
    let password_step = move || {
        // A dialog that opens gives the focus to its first button.
        request_animation_frame(|| browser::focus("prove-password"));
        view! {
            <form class="form" method="dialog" on:submit=submit novalidate>
                <p>{t!(second_step.prove_text)}</p>
                <UserName email=email.clone()/>
                <PasswordField id="prove-password" label=t!(sign_in.password) value=password error=attempt.problem/>
                <div class="dialog-actions">
                    <Button kind=ButtonKind::Secondary on_click=move |()| proving.open.set(false)>{t!(common.cancel)}</Button>
                    <Button submit=true busy=attempt.busy disabled=with_passkey.busy>{t!(second_step.prove_submit)}</Button>
                </div>
                <p class="field-hint" role="status">{move || attempt.busy.get().then_some(t!(second_step.prove_working))}</p>
            </form>
            {browser::has_passkeys().then(|| view! {
                <PasskeyButton attempt=with_passkey other=attempt says=t!(second_step.use_passkey) on_click=use_passkey/>
            })}
        }
        .into_any()
    };
    move || if second.get() { view! { <SecondStepForm/> }.into_any() } else { password_step() }
}
