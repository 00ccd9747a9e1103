//! What stood in a session's place when something was done, said beside the event. A token's name is its owner's word, and is
//! shown to its owner alone.

use std::collections::BTreeMap;

use api_types::{SessionId, audit::AuditEvent};
use client::Via;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    t,
    vault::{Vault, reports::device_name, use_vault},
};

/// The names of the reader's own API tokens, asked for with the first event that one of them made.
#[derive(Clone, Copy)]
pub struct TokenNames {
    names: RwSignal<BTreeMap<SessionId, String>>,
    asked: StoredValue<bool>,
    vault: Vault,
}

impl TokenNames {
    /// None yet.
    pub fn of_reader() -> Self {
        Self { names: RwSignal::new(BTreeMap::new()), asked: StoredValue::new(false), vault: use_vault() }
    }

    fn ask(self) {
        let Some(open) = self.vault.keys().filter(|_| !self.asked.get_value()) else { return };
        self.asked.set_value(true);
        spawn_local(async move {
            // Without the names the events say that a token made them.
            if let Ok(found) = open.token_names().await {
                self.names.try_set(found);
            }
        });
    }

    /// "API token", with its name where it is the reader's.
    pub fn beside(self, event: &AuditEvent) -> Signal<Option<String>> {
        let by_token = Via::of(event) == Some(Via::ApiToken);
        let own = event.actor.is_some() && event.actor == self.vault.who().map(|who| who.account_id);
        if by_token && own {
            self.ask();
        }
        let (names, session) = (self.names, event.session.filter(|_| own));
        Signal::derive(move || {
            let name = session.and_then(|session| names.with(|names| names.get(&session).cloned()));
            let says =
                || name.map_or_else(|| t!(report.by_token).to_owned(), |name| t!(report.by_token_named, name = name));
            by_token.then(says)
        })
    }

    /// The device that made an event, as its reader knows it, else under the name `named`.
    pub fn device(self, event: &AuditEvent, named: Option<String>) -> Option<String> {
        if Via::of(event) != Some(Via::Device) {
            return None;
        }
        let known = event.actor.and_then(|id| self.vault.keys()?.sent_by(&id));
        known.map(|by| device_name(&by)).or_else(|| named.map(|name| t!(report.device, name = name)))
    }
}
