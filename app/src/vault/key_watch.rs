//! Reads what is new in the log of keys while the vault is open, a piece at a time, and keeps what is alarming about it.

use client::{Alarm, ClientError};
use leptos::prelude::*;

use super::{Keys, Vault, explain};
use crate::browser;

/// Entries of one piece: 16 bundles of 22 KiB.
const PIECE: u64 = 4_096;
/// Milliseconds between pieces, so that the page stays quick and the server isn't asked too often.
const BETWEEN: i32 = 1_000;
/// Milliseconds between looks at what is new.
const LOOK: i32 = 5 * 60_000;

/// What the log of keys has that it shouldn't.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings {
    /// All alarms, those not acknowledged first.
    pub alarms: Vec<Alarm>,
    /// Why the log itself was refused.
    pub refused: Option<String>,
    /// Entries that are not read yet.
    pub left: u64,
}

impl Warnings {
    /// Whether there is an alarm that nobody has acknowledged.
    pub fn open(&self) -> bool {
        self.alarms.iter().any(|alarm| !alarm.acknowledged)
    }
}

impl Vault {
    /// Shows what the account remembers of alarms.
    pub fn show_alarms(self, keys: &Keys) {
        let alarms = keys.alarms();
        self.warnings.try_update(|warnings| warnings.alarms = alarms);
    }
}

/// Watches until aborted.
pub(super) async fn watch(vault: Vault, keys: Keys) {
    vault.warnings.try_set(Warnings::default());
    loop {
        vault.show_alarms(&keys);
        let pause = match keys.scan_keys(PIECE).await {
            Ok(scanned) => {
                vault.warnings.try_update(|warnings| warnings.left = scanned.left);
                if scanned.left > 0 { BETWEEN } else { LOOK }
            }
            Err(error) => {
                refused(vault, &error);
                LOOK
            }
        };
        vault.show_alarms(&keys);
        vault.keep_memory();
        browser::sleep(pause).await;
    }
}

/// Says why above every page.
fn refused(vault: Vault, error: &ClientError) {
    if matches!(error, ClientError::Refused(_)) {
        let why = explain(error);
        vault.warnings.try_update(|warnings| warnings.refused = Some(why));
    }
}
