//! Stands above every page while an emergency contact asks for this account: whoever sees it may still refuse.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    components::{Banner, Tone, sentence},
    t,
    vault::{AskedFor, use_vault},
};

/// One message for each who asks.
#[component]
pub fn EmergencyNotice() -> impl IntoView {
    let asked_for = use_vault().asked_for;
    move || asked_for.get().into_iter().map(|asked| view! { <Asked asked/> }).collect_view()
}

#[component]
fn Asked(asked: AskedFor) -> impl IntoView {
    let (title, text) = match asked.open {
        true => (t!(emergency.open_title, name = asked.name), t!(emergency.open_text)),
        false => (t!(emergency.asked_title, name = asked.name), t!(emergency.asked_text)),
    };
    view! {
        <div class="mb-4">
            <Banner tone=Tone::Danger title>
                <p>{sentence(text, asked.opens_at)}</p>
                <p><A href="/settings/security">{t!(emergency.refuse_link)}</A></p>
            </Banner>
        </div>
    }
}
