//! Says on every page that the account was signed in somewhere else.

use api_types::{
    SessionId,
    live::{LiveEvent, LiveKind},
    sessions::Place,
};
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen_futures::spawn_local;

use super::place::place;
use crate::{
    components::{Toasts, use_toasts},
    t,
    vault::{Vault, use_vault},
};

/// Listens.
#[component]
pub fn SignInNotice() -> impl IntoView {
    let (vault, toasts) = (use_vault(), use_toasts());
    let navigate = use_navigate();
    let show = Callback::new(move |()| navigate("/settings/sessions", NavigateOptions::default()));
    vault.on_live(move |event: LiveEvent| {
        let own = vault.who().map(|who| who.session.id);
        if let (LiveKind::SessionBegan, Some(id)) = (event.kind, event.session_id)
            && own.is_some_and(|own| own != id)
        {
            say(vault, toasts, id, show);
        }
    });
}

/// Where it was, by the list; without an answer only that it was.
fn say(vault: Vault, toasts: Toasts, id: SessionId, show: Callback<()>) {
    let Some(open) = vault.keys() else { return };
    spawn_local(async move {
        let listed = open.sessions().await.unwrap_or_default();
        let text = match listed.into_iter().find(|session| session.id == id) {
            Some(session) => {
                let place = place(session.place.unwrap_or(Place::Internet), session.same_network);
                t!(settings.session_began, device = session.device, place = place)
            }
            None => t!(settings.session_began_any).to_owned(),
        };
        toasts.notice_with(text, t!(settings.session_show), show);
    });
}
