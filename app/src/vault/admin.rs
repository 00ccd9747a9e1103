//! What Administration asks of the client.

use api_types::{
    AccountId,
    accounts::{AccountStatus, AdminAccount, Role},
    audit::{Action, Outcome},
    invitations::CreateInvitation,
};
use client::Result;

use super::Opened;

/// The sign-up link of an invitation; the token stands in the fragment, so it never reaches a server's log.
pub fn invitation_link(token: &str, secret: Option<&str>) -> String {
    let origin = leptos::prelude::window().location().origin().unwrap_or_default();
    match secret {
        Some(secret) => format!("{origin}/sign-up#invite={token}&secret={secret}"),
        None => format!("{origin}/sign-up#invite={token}"),
    }
}
