//! Stands above every page while an administrator asks for this account out of escrow: whoever sees it may still refuse.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    components::{Banner, Tone, sentence},
    t,
    vault::{AskedFor, use_vault},
};

/// The message, where one asks.
#[component]
pub fn EscrowNotice() -> impl IntoView {
    let asked = use_vault().asked_escrow;
    move || asked.get().map(|asked| view! { <Asked asked/> })
}

#[component]
fn Asked(asked: AskedFor) -> impl IntoView {
    let (title, text) = match asked.open {
        true => (t!(escrow.open_title, name = asked.name), t!(escrow.open_text)),
        false => (t!(escrow.asked_title, name = asked.name), t!(escrow.asked_text)),
    };
    view! {
        <div class="mb-4">
            <Banner tone=Tone::Danger title>
                <p>{sentence(text, asked.opens_at)}</p>
                <p><A href="/settings/security">{t!(escrow.refuse_link)}</A></p>
            </Banner>
        </div>
    }
}
