//! The single column of sign-in, sign-up, recovery and unlock; and the honest notices for browsers that can't run it.

use leptos::prelude::*;

use super::Brand;
use crate::t;

/// A page with one task.
#[component]
pub fn Gate(
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// A sentence below it.
    #[prop(optional, into)]
    lead: Signal<String>,
    /// Room for more than a column.
    #[prop(optional)]
    wide: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="gate">
            <header class="top no-print"><Brand/></header>
            <main id="main" tabindex="-1" class=if wide { "gate-main gate-wide" } else { "gate-main" }>
                <Notices/>
                <div class="gate-head">
                    <h1>{move || title.get()}</h1>
                    <p>{move || lead.get()}</p>
                </div>
                {children()}
            </main>
        </div>
    }
    .into_any()
}

/// Where JavaScript, WebAssembly or a secure connection is missing the page says so, and why it needs them.
/// Plain HTML and CSS: boot.js only sets `data-missing` on the root element.
#[component]
pub fn Notices() -> impl IntoView {
    view! {
        <noscript>
            <div class="missing-box mb-4">
                <h2>{t!(notices.script_title)}</h2>
                <p>{t!(notices.script)}</p>
            </div>
        </noscript>
        <div class="missing mb-4" role="alert">
            <div class="missing-box">
                <div class="missing-text missing-context">
                    <h2>{t!(notices.context_title)}</h2>
                    <p>{t!(notices.context)}</p>
                </div>
                <div class="missing-text missing-wasm">
                    <h2>{t!(notices.wasm_title)}</h2>
                    <p>{t!(notices.wasm)}</p>
                </div>
                <div class="missing-text missing-failed">
                    <h2>{t!(notices.failed_title)}</h2>
                    <p>{t!(notices.failed)}</p>
                </div>
            </div>
        </div>
    }
    .into_any()
}
