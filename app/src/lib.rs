//! The HealthSecure page: one Leptos application, rendered on the server (feature `ssr`) and taken over in the browser
//! (feature `hydrate`). This file holds the document's shell and the route table, nothing else.
//!
//! Public pages work before and without the program. Signed-in pages exist in the browser only: the server renders
//! their locked frame, because it has nothing to put in it. The crate does no cryptography of its own (`vault/` calls
//! `client`) and never talks to the server in any way but the REST API.
#![recursion_limit = "256"]

pub mod assets;
pub mod browser;
pub mod components;
#[path = "../locales/mod.rs"]
pub mod locales;
pub mod pages;
pub mod vault;

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use components::{FocusMain, ToastRegion, provide_clock, provide_toasts};
use pages::*;

/// The HTML document. The server provides [`assets::Assets`]; the options serve hot reload alone (`make dev`).
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let assets = use_context::<assets::Assets>().unwrap_or_default();
    let nonce = leptos::nonce::use_nonce();
    let text = locales::text();
    view! {
        <!DOCTYPE html>
        <html lang=text.tag dir=text.dir>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="theme-color" content="#f5f4ef" media="(prefers-color-scheme: light)"/>
                <meta name="theme-color" content="#0d1311" media="(prefers-color-scheme: dark)"/>
                <script type="importmap" nonce=nonce.clone()>{assets.import_map()}</script>
                // Without CORS mode an integrity policy counts no hash, not even on the page's own origin.
                <script src=assets.url("theme.js") integrity=assets.integrity("theme.js") crossorigin="anonymous"></script>
                <link rel="stylesheet" href=assets.url("pkg/healthsecure.css") integrity=assets.integrity("pkg/healthsecure.css")/>
                <link rel="icon" href=assets.url("favicon.svg") type="image/svg+xml"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <link rel="modulepreload" href=assets.url("pkg/healthsecure.js") integrity=assets.integrity("pkg/healthsecure.js")/>
                <link
                    id="program"
                    rel="preload"
                    r#as="fetch"
                    crossorigin="anonymous"
                    href=assets.url("pkg/healthsecure.wasm")
                    data-integrity=assets.integrity("pkg/healthsecure.wasm")
                />
                <script type="module" src=assets.url("boot.js") integrity=assets.integrity("boot.js")></script>
                <AutoReload options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
    .into_any()
}

/// The application. Also runs at the server's start to list the routes: no side effects here.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_toasts();
    provide_clock();
    vault::provide_vault();
    view! {
        <Router>
            <FocusMain/>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=Landing/>
                <Route path=path!("/sign-in") view=SignIn/>
                <Route path=path!("/sign-up") view=SignUp/>
                <Route path=path!("/recover") view=Recover/>
                <Route path=path!("/recover/lost") view=Lost/>
                <Route path=path!("/recover/shares") view=RecoverShares/>
                <Route path=path!("/verify-email") view=VerifyEmail/>
                <Route path=path!("/change-email") view=ChangeEmail/>
                <Route path=path!("/reports") view=Reports/>
                <Route path=path!("/reports/new") view=NewReport/>
                <Route path=path!("/drafts/:id") view=EditDraft/>
                <Route path=path!("/reports/:id") view=Report/>
                <Route path=path!("/reports/:id/share") view=Share/>
                <Route path=path!("/reports/:id/edit") view=EditReport/>
                <Route path=path!("/reports/:id/versions") view=ReportVersions/>
                <Route path=path!("/shared") view=Shared/>
                <Route path=path!("/contacts") view=Contacts/>
                <Route path=path!("/trusted") view=Trusted/>
                <Route path=path!("/teams") view=Teams/>
                <Route path=path!("/access") view=Access/>
                <Route path=path!("/access/disclosures") view=Disclosures/>
                <Route path=path!("/administration") view=Administration/>
                <Route path=path!("/administration/invitations") view=Invitations/>
                <Route path=path!("/administration/policies") view=Policies/>
                <Route path=path!("/administration/escrow") view=Escrows/>
                <Route path=path!("/administration/backups") view=Backups/>
                <Route path=path!("/administration/audit") view=Audit/>
                <Route path=path!("/settings") view=Settings/>
                <Route path=path!("/settings/delete") view=DeleteAccount/>
                <Route path=path!("/settings/security") view=Security/>
                <Route path=path!("/settings/sessions") view=Sessions/>
                <Route path=path!("/settings/tokens") view=Tokens/>
                <Route path=path!("/settings/devices") view=Devices/>
                <Route path=path!("/settings/data") view=Data/>
                <Route path=path!("/settings/witnesses") view=Witnesses/>
                <Route path=path!("/alarms") view=Alarms/>
            </Routes>
        </Router>
        <ToastRegion/>
    }
    .into_any()
}
