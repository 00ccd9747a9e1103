//! Adding a passkey: its name, and then the browser asks.

use leptos::prelude::*;

use crate::{
    components::{Banner, Button, ButtonKind, Card, Glyph, TextField, Tone},
    pages::signed_in::prove::Proving,
    t,
    vault::{Attempt, BrowserPasskeys, Keys},
};

/// Most characters of a name.
const NAME_MAX: usize = 100;

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
    let problem = RwSignal::new(None);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let label = name.get_untracked().trim().to_owned();
        if label.is_empty() {
            return problem.set(Some(t!(common.field_required).to_owned()));
        }
        problem.set(None);
        let (work_label, name) = (label.clone(), label);
        let work = move |open: Keys| {
            let label = work_label.clone();
            async move { open.add_passkey(&label, &BrowserPasskeys).await }
        };
        proving.run(attempt, work, move |made| {
            let _ = added.try_run(Added { name, unlocks: made.unlocks, codes: made.codes });
        });
    };
    let cancel = on_cancel
        .map(|on_cancel| view! { <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=on_cancel>{t!(common.cancel)}</Button> });
    view! {
        <Card>
            <form class="form form-narrow" method="dialog" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TextField
                    id="passkey-name"
                    label=t!(security.passkey_name)
                    value=name
                    hint=t!(security.passkey_name_hint)
                    error=problem
                    max=NAME_MAX
                    focus=true
                />
                <p class="field-hint">{t!(security.app_others)}</p>
                <div class="page-actions">
                    <Button submit=true busy=attempt.busy glyph=Glyph::Key>{t!(security.passkey_make)}</Button>
                    {cancel}
                </div>
                <p class="field-hint" role="status">{move || attempt.busy.get().then_some(t!(security.passkey_working))}</p>
            </form>
        </Card>
    }
}
