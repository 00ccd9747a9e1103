//! `/settings/data`: space, all of one's data as an archive, what has been kept long enough.

mod download;
mod kept;

use api_types::accounts::Role;
use leptos::prelude::*;

use self::{download::Download, kept::Kept};
use super::SettingsFrame;
use crate::{
    components::Card,
    pages::signed_in::space::SpaceBar,
    t,
    vault::{Keys, Loaded, use_vault},
};

/// The page.
#[component]
pub fn DataPage() -> impl IntoView {
    let role = use_vault().who().map(|who| who.role);
    view! {
        <SettingsFrame>
            <UsedSpace/>
            <Download/>
            {(role != Some(Role::Administrator)).then(|| view! { <Kept/> })}
        </SettingsFrame>
    }
}

#[component]
fn UsedSpace() -> impl IntoView {
    let space = Loaded::new(use_vault(), |open: Keys| async move { open.space().await });
    view! {
        <Card title=t!(data.space).to_owned()>
            <div class="stack-s">
                {space.show(t!(settings.failed), 1, |space| view! { <SpaceBar space/> })}
                <p class="field-hint">{t!(data.space_note)}</p>
            </div>
        </Card>
    }
}
