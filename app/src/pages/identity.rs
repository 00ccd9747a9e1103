//! Buttons that lead to identity providers. What comes back is told to the page in the fragment of its address.

use api_types::identities::IdentityProvider;
use leptos::prelude::*;

use crate::{
    components::{Button, ButtonKind, Glyph},
    t,
    vault::{Attempt, use_vault},
};

/// A button for each provider; nothing where there is none. What went wrong stands at the head of the form.
#[component]
pub fn IdentityButtons(
    /// Runs while the browser leaves, or while it came back.
    attempt: Attempt,
    /// Another way in that runs.
    #[prop(into)]
    other: Signal<bool>,
    /// Whether they are the first beside the form.
    first: bool,
    /// Before the browser leaves.
    #[prop(optional, into)]
    on_leave: Option<Callback<()>>,
) -> impl IntoView {
    let vault = use_vault();
    let providers = RwSignal::new(Vec::<IdentityProvider>::new());
    Effect::new(move |_| vault.identity_providers(providers));
    let button = move |provider: IdentityProvider| {
        let says = t!(identities.go, name = provider.name);
        let id = StoredValue::new(provider.id);
        let leave = move |()| {
            if let Some(on_leave) = on_leave {
                on_leave.run(());
            }
            vault.leave_for_identity(id.get_value(), attempt);
        };
        view! {
            <Button kind=ButtonKind::Secondary glyph=Glyph::Person busy=attempt.busy disabled=other class="btn-wide" on_click=leave>
                {says}
            </Button>
        }
    };
    move || {
        let providers = providers.get();
        if providers.is_empty() {
            return None;
        }
        let or = first.then(|| view! { <p class="or" aria-hidden="true">{t!(sign_in.or)}</p> });
        Some(view! { <div class="stack-s">{or}{providers.into_iter().map(button).collect_view()}</div> })
    }
}
