//! The single column of sign-in, sign-up, recovery and unlock; and the honest notices for browsers that can't run it.

use leptos::prelude::*;

use super::Brand;

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
                <h2>"This page needs JavaScript"</h2>
                <p>
                    "Reports are encrypted and decrypted in your browser, so that the server never sees them. Without \
                    JavaScript nothing can be opened here. You can switch it on for this address, or use the command line program hs."
                </p>
            </div>
        </noscript>
        <div class="missing mb-4" role="alert">
            <div class="missing-box">
                <div class="missing-text missing-context">
                    <h2>"This connection isn't secure"</h2>
                    <p>
                        "Browsers offer encryption only to pages that came over https. Open this address with https://, or \
                        as http://localhost on the machine itself. Don't type your password here."
                    </p>
                </div>
                <div class="missing-text missing-wasm">
                    <h2>"This browser can't run HealthSecure"</h2>
                    <p>
                        "It lacks WebAssembly or web encryption, or they are switched off (Lockdown mode does that). Use a \
                        current Firefox, Chrome, Edge or Safari, or the command line program hs."
                    </p>
                </div>
                <div class="missing-text missing-failed">
                    <h2>"The program didn't load"</h2>
                    <p>
                        "The connection broke, or what arrived isn't what the server announced; then it isn't run. Reload \
                        the page. If it stays, tell your administrator."
                    </p>
                </div>
            </div>
        </div>
    }
    .into_any()
}
