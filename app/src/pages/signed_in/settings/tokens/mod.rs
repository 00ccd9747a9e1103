//! `/settings/tokens`: personal API tokens. One is made on a screen of its own and shown once.

mod form;
mod list;

use api_types::tokens::{ApiToken, ApiTokenCreated};
use leptos::prelude::*;

use super::{
    SettingsFrame,
    once::{Screen, Screens},
};
use crate::{
    components::{Banner, Button, Card, CopyButton, Page, Tone},
    pages::signed_in::prove::{ProveDialog, Proving},
    t,
    vault::{Keys, Loaded, use_vault},
};

type Tokens = Screens<ApiToken, ApiTokenCreated>;

/// API tokens.
#[component]
pub fn TokensPage() -> impl IntoView {
    let vault = use_vault();
    let list = Loaded::new(vault, |open: Keys| async move { open.api_tokens().await });
    let tokens = Tokens::new(Proving::new(vault), list);
    let screen = move || match tokens.screen.get() {
        Screen::List => view! { <SettingsFrame><list::List tokens/></SettingsFrame> }.into_any(),
        Screen::New => view! {
            <Page title=t!(tokens.add_title).to_owned() lead=t!(tokens.lead).to_owned()><form::NewToken tokens/></Page>
        }
        .into_any(),
        Screen::Shown => view! { <Shown tokens/> }.into_any(),
    };
    view! { {screen} <ProveDialog proving=tokens.proving/> }
}

/// The token's text, this once.
#[component]
fn Shown(tokens: Tokens) -> impl IntoView {
    let Some(made) = tokens.made.get_value() else { return ().into_any() };
    let copied = made.secret.clone();
    view! {
        <Page title=t!(tokens.shown_title).to_owned() lead=t!(tokens.made, name = made.token.name)>
            <Card>
                <div class="stack">
                    <Banner tone=Tone::Warn>{t!(tokens.shown_lead)}</Banner>
                    <p class="break-all" translate="no"><code data-testid="api-token">{made.secret}</code></p>
                    <div class="page-actions">
                        <CopyButton text=copied class="" label=t!(tokens.copy)/>
                        <Button on_click=move |()| tokens.back()>{t!(tokens.kept)}</Button>
                    </div>
                </div>
            </Card>
        </Page>
    }
    .into_any()
}
