//! For those whose role needs a second factor and who have none: adding one, in the place of every page.

use leptos::prelude::*;

use super::{
    authenticator::AddAuthenticator,
    codes::Codes,
    passkey::{AddPasskey, Added},
};
use crate::{
    browser,
    components::{Button, ButtonKind},
    pages::signed_in::prove::{ProveDialog, Proving},
    t,
    vault::{Attempt, use_vault},
};

/// The flow; after it the page that was asked for shows.
#[component]
pub fn EnrolPage() -> impl IntoView {
    let vault = use_vault();
    let proving = Proving::new(vault);
    let codes = RwSignal::new(None::<Vec<String>>);
    let by_passkey = RwSignal::new(false);
    let attempt = Attempt::new();
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
    let keep = move |made: Vec<String>| {
        if made.is_empty() {
            return go_on();
        }
        codes.try_set(Some(made));
        request_animation_frame(|| browser::focus("main"));
    };
    let app_added = move |(_, made): (String, Vec<String>)| keep(made);
    let passkey_added = move |made: Added| keep(made.codes);
    let other = move || {
        let says = move || if by_passkey.get() { t!(security.app_instead) } else { t!(security.passkey_instead) };
        browser::has_passkeys().then(|| {
            view! {
                <p class="gate-foot">
                    <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=move |()| by_passkey.update(|by| *by = !*by)>
                        {says}
                    </Button>
                </p>
            }
        })
    };
    view! {
        {move || match (codes.get(), by_passkey.get()) {
            (None, false) => view! { <AddAuthenticator proving added=app_added on_gone=move |()| go_on()/> {other()} }.into_any(),
            (None, true) => view! { <AddPasskey proving attempt added=passkey_added/> {other()} }.into_any(),
            (Some(codes), _) => view! {
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
