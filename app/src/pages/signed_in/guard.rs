//! Lets a page run only while the vault is open, and shows in its place what has to happen first.

use api_types::accounts::AccountStatus;
use leptos::prelude::*;

use super::locked::{NotActive, Opening, UnlockForm};
use crate::{
    components::Frame,
    pages::sign_in::SignInForm,
    vault::{VaultState, use_vault},
};

/// A page's content; called anew each time the vault opens.
pub type PageFn = fn() -> AnyView;

/// The page, or what stands before it. The first render is the same on server and browser: the frame's outline.
#[component]
pub fn Guard(
    /// The page.
    page: PageFn,
) -> impl IntoView {
    let vault = use_vault();
    // The same state said again must not begin the page anew.
    let kind = Memo::new(move |_| {
        let state = vault.state.get();
        let who = state.who().map(|who| (who.account_id, who.name.clone(), who.role, who.status));
        (std::mem::discriminant(&state), who)
    });
    move || {
        // Read, not only tracked: a memo that nobody reads never learns that it changed.
        kind.get();
        match vault.state.get_untracked() {
            VaultState::Unknown => view! { <Opening/> }.into_any(),
            VaultState::SignedOut => view! { <SignInForm/> }.into_any(),
            VaultState::Locked(who) => view! { <UnlockForm who/> }.into_any(),
            VaultState::Unlocked(who) if who.status != AccountStatus::Active => view! { <NotActive who/> }.into_any(),
            VaultState::Unlocked(who) => view! {
                <Frame
                    name=who.name
                    role=who.role
                    waiting=vault.waiting
                    online=vault.online
                    on_lock=move |()| vault.lock()
                    on_sign_out=move |()| vault.sign_out()
                >
                    {notices()}
                    {page()}
                </Frame>
            }
            .into_any(),
        }
    }
}

/// What live events say on every page.
fn notices() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    view! { <super::notices::LiveNotices/> }
}
