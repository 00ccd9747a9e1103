//! Adding an authenticator app: its name, the code to scan, its first code.

use api_types::{ErrorCode, second_factors::TotpStarted};
use leptos::prelude::*;

use crate::{
    browser,
    components::{Button, ButtonKind, Card, CopyButton, QrCode, use_toasts},
    pages::{
        second_step::{CodeField, digits},
        signed_in::{prove::Proving, settings::name_form::NameForm},
    },
    t,
    vault::{Attempt, Keys},
};

/// Name, then code; says the app's name and the recovery codes that came with it.
#[component]
pub(super) fn AddAuthenticator(
    proving: Proving,
    #[prop(into)] added: Callback<(String, Vec<String>)>,
    /// Leaves it; where there is nowhere to go it isn't offered.
    #[prop(optional, into)]
    on_cancel: Option<Callback<()>>,
    /// What was begun is there no more: it was added already, or begun anew elsewhere.
    #[prop(optional, into)]
    on_gone: Option<Callback<()>>,
) -> impl IntoView {
    let toasts = use_toasts();
    let name = RwSignal::new(t!(security.app_default).to_owned());
    let started = RwSignal::new(None::<TotpStarted>);
    let cancel = move || {
        on_cancel
            .map(|on_cancel| view! { <Button kind=ButtonKind::Quiet on_click=on_cancel>{t!(common.cancel)}</Button> })
    };
    let gone = move |()| {
        started.try_set(None);
        toasts.problem(t!(security.app_gone));
        if let Some(on_gone) = on_gone {
            let _ = on_gone.try_run(());
        }
    };
    move || match started.get() {
        None => view! { <Name proving name started cancel/> }.into_any(),
        Some(app) => view! { <Scan proving name app added gone cancel/> }.into_any(),
    }
}

#[component]
fn Name(
    proving: Proving,
    name: RwSignal<String>,
    started: RwSignal<Option<TotpStarted>>,
    #[prop(into)] cancel: ViewFn,
) -> impl IntoView {
    let attempt = Attempt::new();
    let start = move |label: String| {
        let work = move |open: Keys| {
            let label = label.clone();
            async move { open.start_totp(&label).await }
        };
        proving.run(attempt, work, move |app| drop(started.try_set(Some(app))));
    };
    view! {
        <NameForm id="app-name" label=t!(security.app_name) hint=t!(security.app_name_hint) name attempt on_submit=start>
            <div class="page-actions">
                <Button submit=true busy=attempt.busy>{t!(security.app_next)}</Button>
                {cancel.run()}
            </div>
        </NameForm>
    }
}

#[component]
fn Scan(
    proving: Proving,
    name: RwSignal<String>,
    app: TotpStarted,
    added: Callback<(String, Vec<String>)>,
    #[prop(into)] gone: Callback<()>,
    #[prop(into)] cancel: ViewFn,
) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let shape = RwSignal::new(None);
    let error = Signal::derive(move || shape.get().or_else(|| attempt.problem.get()));
    let id = app.id;
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(typed) = code.with_untracked(|typed| digits(typed)) else {
            shape.set(Some(t!(second_step.code_shape).to_owned()));
            return browser::focus("first-code");
        };
        shape.set(None);
        let work = move |open: Keys| {
            let typed = typed.clone();
            async move {
                match open.confirm_totp(&id, &typed).await {
                    Err(error) if error.problem() == Some(ErrorCode::NotFound) => Ok(None),
                    made => made.map(Some),
                }
            }
        };
        proving.run(attempt, work, move |made| {
            let Some(made) = made else {
                let _ = gone.try_run(());
                return;
            };
            let name = name.try_get_untracked().unwrap_or_default();
            let _ = added.try_run((name.trim().to_owned(), made.codes));
        });
    };
    let secret = app.secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
    view! {
        <Card>
            <form class="form" method="dialog" on:submit=submit novalidate>
                <ol class="setup" role="list">
                    <li class="stack-s">
                        <h2>{t!(security.app_scan)}</h2>
                        <p>{t!(security.app_scan_text)}</p>
                        <QrCode text=app.uri label=t!(security.app_qr)/>
                        <p class="field-hint">{t!(security.app_secret)}</p>
                        <div class="with-badge">
                            <code class="secret" translate="no" data-testid="totp-secret">{secret}</code>
                            <CopyButton text=app.secret kind=ButtonKind::Quiet label=t!(security.app_secret_copy).to_owned()/>
                        </div>
                        <p class="field-hint">{t!(security.app_once)}</p>
                    </li>
                    <li class="stack-s">
                        <h2>{t!(security.app_first)}</h2>
                        <div class="form-narrow"><CodeField id="first-code" code error/></div>
                        <p class="field-hint">{t!(security.app_others)}</p>
                        <div class="page-actions">
                            <Button submit=true busy=attempt.busy>{t!(security.app_save)}</Button>
                            {cancel.run()}
                        </div>
                    </li>
                </ol>
            </form>
        </Card>
    }
}
