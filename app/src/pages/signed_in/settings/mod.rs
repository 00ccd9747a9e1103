//! Settings: account and key, theme, lock; sessions and devices.

mod account;
mod sessions;
mod theme;

use leptos::prelude::*;

pub use account::SettingsPage;
pub use sessions::SessionsPage;

use crate::{
    components::{LinkTabs, Page},
    t,
};

/// The frame of both pages.
#[component]
fn SettingsFrame(
    /// The page's own content.
    children: Children,
) -> impl IntoView {
    let tabs = vec![
        ("/settings", t!(settings.tab_account).to_owned()),
        ("/settings/sessions", t!(settings.tab_sessions).to_owned()),
    ];
    view! {
        <Page title=t!(settings.title).to_owned()>
            <LinkTabs label=t!(settings.tabs) tabs/>
            {children()}
        </Page>
    }
}
