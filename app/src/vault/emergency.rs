//! Whether somebody asks for this account as its emergency contact: looked at when the vault opens, and whenever the server
//! says that something about it changed.

use api_types::{UnixMillis, accounts::WayInKind, emergency::EmergencyState};
use client::EmergencyLink;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Keys, Vault};

/// An emergency contact who asked, and wasn't refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedFor {
    /// Who.
    pub name: String,
    /// When the delay is over, or was.
    pub opens_at: UnixMillis,
    /// Whether it is over.
    pub open: bool,
}

impl AskedFor {
    fn of(link: EmergencyLink) -> Option<Self> {
        let open = match link.state {
            EmergencyState::Asked => false,
            EmergencyState::Open => true,
            _ => return None,
        };
        Some(Self { name: link.person.name, opens_at: link.opens_at.unwrap_or_default(), open })
    }
}

/// Asks the server. Without an answer, what is shown stays.
pub(super) fn look(vault: Vault, keys: Keys) {
    spawn_local(async move {
        match asked_for(&keys).await {
            // Nothing is shown of a vault that locked meanwhile.
            Ok(asked) if vault.keys().is_some() => drop(vault.asked_for.try_set(asked)),
            Ok(_) => {}
            Err(error) => vault.heed(&error),
        }
    });
}

async fn asked_for(keys: &Keys) -> client::Result<Vec<AskedFor>> {
    let account = keys.api().get_account().await?;
    // Most trust nobody: then no more is asked.
    if !account.ways_in.iter().any(|way| way.kind == WayInKind::EmergencyContact) {
        return Ok(Vec::new());
    }
    Ok(keys.emergency_contacts().await?.into_iter().filter_map(AskedFor::of).collect())
}
