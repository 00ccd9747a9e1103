//! For those whose role needs a second factor and who have none: adding one, in the place of every page.

use leptos::prelude::*;

use super::{authenticator::AddAuthenticator, codes::Codes};
use crate::{
    browser,
    pages::signed_in::prove::{ProveDialog, Proving},
    t,
    vault::use_vault,
};

/// The flow; after it the page that was asked for shows.
#[component]
pub fn EnrolPage() -> impl IntoView {
    let vault = use_vault();
    let proving = Proving::new(vault);
    let codes = RwSignal::new(None::<Vec<String>>);
    // The server says at once that the account changed; the recovery codes have to be kept before this page goes.
    vault.enrolling.set(true);
    on_cleanup(move || {
        vault.enrolling.try_set(false);
    });
    let go_on = move || {
        vault.enrolling.set(false);
        if let Some(keys) = vault.keys() {
            vault.refresh(keys);
        }
    };
    let added = move |(_, made): (String, Vec<String>)| {
        if made.is_empty() {
            return go_on();
        }
        codes.try_set(Some(made));
        request_animation_frame(|| browser::focus("main"));
    };
    view! {
        {move || match codes.get() {
            None => view! { <AddAuthenticator proving added/> }.into_any(),
            Some(codes) => view! {
                <div class="stack">
                    <div class="stack-s">
                        <h2>{t!(security.codes_title)}</h2>
                        <p>{t!(security.codes_lead)}</p>
                    </div>
                    <Codes codes on_kept=move |()| go_on()/>
                </div>
            }
            .into_any(),
        }}
        <ProveDialog proving/>
    }
}
