//! Whether somebody asks for this account as its emergency contact or out of escrow, or opened a share of its recovery, and
//! whether it is in escrow: looked at when the vault opens, and whenever the server says that something about it changed.

use api_types::{UnixMillis, accounts::WayInKind, emergency::EmergencyState, escrow::EscrowState};
use client::{EmergencyLink, Escrow, Holder, Result, Split};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Keys, Vault};
use crate::t;

/// An emergency contact, or an administrator, who asked and wasn't refused.
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

impl AskedFor {
    fn out_of_escrow(escrow: &Escrow) -> Option<Self> {
        let open = match escrow.state {
            EscrowState::Asked => false,
            EscrowState::Open => true,
            EscrowState::On | EscrowState::Ended => return None,
        };
        let name = escrow.asked_by.as_ref().map_or(t!(escrow.somebody), |person| person.name.as_str()).to_owned();
        Some(Self { name, opens_at: escrow.opens_at.unwrap_or_default(), open })
    }
}

/// A share of this account's recovery that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedShare {
    /// By whom.
    pub name: String,
    /// When.
    pub at: UnixMillis,
}

impl OpenedShare {
    fn of(holder: Holder) -> Option<Self> {
        holder.opened_at.map(|at| Self { name: holder.person.name, at })
    }
}

/// What is said of it, each apart from the others: what is refused of one hides nobody who is told of by another.
struct Known {
    asked_for: Result<Vec<AskedFor>>,
    opened_shares: Result<Vec<OpenedShare>>,
    escrowed: bool,
    asked_escrow: Result<Option<AskedFor>>,
}

/// Asks the server. Without an answer, what is shown stays.
pub(super) fn look(vault: Vault, keys: Keys) {
    spawn_local(async move {
        let Ok(known) = known(&keys).await else { return };
        // Nothing is shown of a vault that locked meanwhile.
        if vault.keys().is_some() {
            vault.escrowed.try_set(known.escrowed);
            show(vault.asked_for, known.asked_for);
            show(vault.opened_shares, known.opened_shares);
            show(vault.asked_escrow, known.asked_escrow);
        }
    });
}

fn show<T: Send + Sync + 'static>(shown: RwSignal<T>, known: Result<T>) {
    if let Ok(known) = known {
        shown.try_set(known);
    }
}

async fn known(keys: &Keys) -> Result<Known> {
    let account = keys.api().get_account().await?;
    // Most trust nobody: then no more is asked.
    let has = |kind: WayInKind| account.ways_in.iter().any(|way| way.kind == kind);
    let contacts = if has(WayInKind::EmergencyContact) { keys.emergency_contacts().await } else { Ok(Vec::new()) };
    let split = if has(WayInKind::RecoveryShares) { keys.recovery_split().await } else { Ok(None) };
    let escrowed = has(WayInKind::Escrow);
    let escrow = if escrowed { keys.escrow().await.map(|standing| standing.own) } else { Ok(None) };
    Ok(Known {
        asked_for: contacts.map(|contacts| contacts.into_iter().filter_map(AskedFor::of).collect()),
        opened_shares: split.map(opened),
        escrowed,
        asked_escrow: escrow.map(|escrow| escrow.as_ref().and_then(AskedFor::out_of_escrow)),
    })
}

fn opened(split: Option<Split>) -> Vec<OpenedShare> {
    split.into_iter().flat_map(|split| split.holders).filter_map(OpenedShare::of).collect()
}
