//! One file per route. Public pages render on both sides; signed-in pages exist in the browser only and stand behind
//! [`Guard`], which shows their locked frame until the vault is open.

mod change_email;
mod identity;
mod landing;
mod lost;
mod new_password;
mod not_found;
mod phone;
mod recover;
mod recover_shares;
mod second_step;
mod sign_in;
mod sign_up;
mod verify_email;

pub mod signed_in;

pub use change_email::ChangeEmail;
pub use landing::Landing;
pub use lost::Lost;
pub use not_found::NotFound;
pub use recover::Recover;
pub use recover_shares::RecoverShares;
pub use sign_in::SignIn;
#[cfg(feature = "hydrate")]
pub(crate) use sign_up::INVITATION;
pub use sign_up::{Door, SignUp};
pub use signed_in::*;
pub use verify_email::VerifyEmail;

use api_types::accounts::Role;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::vault::Vault;

/// Where a role's day begins.
pub fn home_of(role: Role) -> &'static str {
    match role {
        Role::Administrator => "/administration",
        Role::Doctor | Role::Patient => "/reports",
    }
}

/// False until the program has taken over: buttons that need it stay disabled, so that nobody submits into nothing. What
/// the form leads to is fetched meanwhile.
fn use_ready() -> ReadSignal<bool> {
    let (ready, set_ready) = signal(false);
    Effect::new(move |_| {
        set_ready.set(true);
        signed_in::fetch_ahead(signed_in::first_page());
    });
    ready
}

/// Leaves a public page for the reader's own as soon as somebody is signed in.
fn go_home_when_signed_in(vault: Vault) {
    let navigate = use_navigate();
    Effect::new(move |_| {
        if let Some(who) = vault.state.get().who() {
            navigate(home_of(who.role), NavigateOptions { replace: true, ..Default::default() });
        }
    });
}
