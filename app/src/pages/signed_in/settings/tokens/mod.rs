//! `/settings/tokens`: personal API tokens. One is made on a screen of its own and shown once.

mod form;
mod list;

use api_types::tokens::{ApiToken, ApiTokenCreated};
use leptos::prelude::*;

use super::SettingsFrame;
use crate::{
    browser,
    components::{Banner, Button, Card, CopyButton, Page, Tone},
    pages::signed_in::prove::{ProveDialog, Proving},
    t,
    vault::{Keys, Loaded, use_vault},
};

/// What the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Screen {
    List,
    New,
    Shown,
}

/// What the screens share.
#[derive(Clone, Copy)]
struct Tokens {
    screen: RwSignal<Screen>,
    proving: Proving,
    list: Loaded<Vec<ApiToken>>,
    /// The one just made: gone from here as soon as its screen is left.
    made: StoredValue<Option<ApiTokenCreated>>,
}

impl Tokens {
    /// Another screen; its beginning gets the focus, unless a field of it takes it.
    fn show(self, screen: Screen) {
        // After an answer that came when the page was left already.
        if self.screen.try_set(screen).is_none() && screen != Screen::New {
            request_animation_frame(|| browser::focus("main"));
        }
    }

    fn back(self) {
        self.made.try_set_value(None);
        self.list.again();
        self.show(Screen::List);
    }

    fn made(self, made: ApiTokenCreated) {
        self.made.try_set_value(Some(made));
        self.show(Screen::Shown);
    }
}

/// API tokens.
#[component]
pub fn TokensPage() -> impl IntoView {
    let vault = use_vault();
    let tokens = Tokens {
        screen: RwSignal::new(Screen::List),
        proving: Proving::new(vault),
        list: Loaded::new(vault, |open: Keys| async move { open.api_tokens().await }),
        made: StoredValue::new(None),
    };
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
