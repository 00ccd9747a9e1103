//! The form that begins with a name: of a token, a device, an authenticator app, a passkey.

use leptos::prelude::*;

use crate::{
    components::{Banner, Card, TextField, Tone},
    t,
    vault::Attempt,
};

/// Most characters of a name.
const NAME_MAX: usize = 100;

/// The name's field, and what of the form differs below it.
#[component]
pub(super) fn NameForm(
    /// The field's: unique in the page.
    id: &'static str,
    #[prop(into)] label: String,
    #[prop(into)] hint: String,
    #[prop(default = NAME_MAX)] max: usize,
    name: RwSignal<String>,
    attempt: Attempt,
    /// Whether the other fields are complete; says there what is missing.
    #[prop(optional, into)]
    others: Option<Callback<(), bool>>,
    /// Gets the name without spaces around it; never an empty one.
    #[prop(into)]
    on_submit: Callback<String>,
    /// Other fields, and the buttons.
    children: Children,
) -> impl IntoView {
    let no_name = RwSignal::new(None::<String>);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = name.get_untracked().trim().to_owned();
        no_name.set(typed.is_empty().then(|| t!(common.field_required).to_owned()));
        let complete = others.is_none_or(|others| others.run(()));
        if complete && !typed.is_empty() {
            on_submit.run(typed);
        }
    };
    view! {
        <Card>
            <form class="form form-narrow" method="dialog" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TextField id label value=name hint error=no_name max focus=true/>
                {children()}
            </form>
        </Card>
    }
}
