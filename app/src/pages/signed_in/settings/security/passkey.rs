//! Adding a passkey: its name, and then the browser asks.

use leptos::prelude::*;

use crate::{
    components::{Button, ButtonKind, Glyph},
    pages::signed_in::{prove::Proving, settings::name_form::NameForm},
    t,
    vault::{Attempt, BrowserPasskeys, Keys},
};

/// A passkey that was added, under the name that it was given.
#[derive(Debug, Clone)]
pub(super) struct Added {
    pub name: String,
    pub unlocks: bool,
    pub codes: Vec<String>,
}

/// The form.
#[component]
pub(super) fn AddPasskey(
    proving: Proving,
    /// While it runs there is no way but to answer: what comes of it is shown once.
    attempt: Attempt,
    #[prop(into)] added: Callback<Added>,
    /// Leaves it; where there is nowhere to go it isn't offered.
    #[prop(optional, into)]
    on_cancel: Option<Callback<()>>,
) -> impl IntoView {
    let name = RwSignal::new(t!(security.passkey_default).to_owned());
    let make = move |label: String| {
        let name = label.clone();
        let work = move |open: Keys| {
            let label = label.clone();
            async move { open.add_passkey(&label, &BrowserPasskeys).await }
        };
        proving.run(attempt, work, move |made| {
            let _ = added.try_run(Added { name, unlocks: made.unlocks, codes: made.codes });
        });
    };
    let cancel = on_cancel
        .map(|on_cancel| view! { <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=on_cancel>{t!(common.cancel)}</Button> });
    view! {
        <NameForm
            id="passkey-name"
            label=t!(security.passkey_name)
            hint=t!(security.passkey_name_hint)
            name
            attempt
            on_submit=make
        >
            <p class="field-hint">{t!(security.app_others)}</p>
            <div class="page-actions">
                <Button submit=true busy=attempt.busy glyph=Glyph::Key>{t!(security.passkey_make)}</Button>
                {cancel}
            </div>
            <p class="field-hint" role="status">{move || attempt.busy.get().then_some(t!(security.passkey_working))}</p>
        </NameForm>
    }
}
