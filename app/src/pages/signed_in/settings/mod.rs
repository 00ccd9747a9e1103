//! Settings: account and key, theme, lock; ways in; sessions and devices; API tokens; devices that send; one's own data;
//! witnesses of the log.

mod account;
mod data;
mod delete;
mod devices;
mod email;
mod email_change;
mod leaving;
mod name_form;
mod once;
mod security;
mod sessions;
mod theme;
mod tokens;
mod witnesses;

use leptos::prelude::*;

pub use account::SettingsPage;
pub use data::DataPage;
pub use delete::DeleteAccountPage;
pub use devices::DevicesPage;
pub use security::{EnrolPage, SecurityPage};
pub use sessions::SessionsPage;
pub use tokens::TokensPage;
pub use witnesses::WitnessesPage;

use crate::{
    components::{LinkTabs, Page},
    t,
};

/// The frame of its pages.
#[component]
fn SettingsFrame(
    /// The page's own content.
    children: Children,
) -> impl IntoView {
    let tabs = vec![
        ("/settings", t!(settings.tab_account).to_owned()),
        ("/settings/security", t!(security.tab).to_owned()),
        ("/settings/sessions", t!(settings.tab_sessions).to_owned()),
        ("/settings/tokens", t!(tokens.tab).to_owned()),
        ("/settings/devices", t!(devices.tab).to_owned()),
        ("/settings/data", t!(data.tab).to_owned()),
        ("/settings/witnesses", t!(witnesses.tab).to_owned()),
    ];
    view! {
        <Page title=t!(settings.title).to_owned()>
            <LinkTabs label=t!(settings.tabs) tabs/>
            {children()}
        </Page>
    }
}
