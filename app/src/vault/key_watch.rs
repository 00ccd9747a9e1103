//! Reads what is new in the log of keys while the vault is open, a piece at a time, and keeps what is alarming about it.

use std::pin::pin;

use client::{Alarm, ClientError, KeysRead};
use futures::future::{Either, select};
use leptos::prelude::*;

use super::{Keys, Vault, explain};
use crate::browser;

/// Entries of one piece: 16 bundles of 22 KiB.
const PIECE: u64 = 4_096;
/// Milliseconds that a piece may take: three kilobytes a second bring it in time, and what came counts all the same.
const LONGEST: i32 = 2 * 60_000;
/// Milliseconds between pieces, so that the page stays quick and the server isn't asked too often.
const BETWEEN: i32 = 1_000;
/// Milliseconds between looks at what is new.
const LOOK: i32 = 5 * 60_000;
/// Readings that fail in a row before every page says so: one may be a server that begins anew.
const TRIES: u32 = 3;
/// Milliseconds between these.
const AGAIN: i32 = 10_000;
/// Milliseconds between those after them.
const STILL: i32 = 60_000;

/// What the log of keys has that it shouldn't.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings {
    /// All alarms, those not acknowledged first.
    pub alarms: Vec<Alarm>,
    /// Why the log itself was refused.
    pub refused: Option<String>,
    /// How far the log was read: without that, no alarm means nothing.
    pub read: KeysRead,
}

impl Warnings {
    /// Whether there is an alarm that nobody has acknowledged.
    pub fn open(&self) -> bool {
        self.alarms.iter().any(|alarm| !alarm.acknowledged)
    }

    /// Whether the log could not be read for so long that every page says so.
    pub fn unread(&self) -> bool {
        matches!(self.read, KeysRead::Failed { times } if times >= TRIES)
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
        match select(pin!(keys.scan_keys(PIECE)), pin!(browser::sleep(LONGEST))).await {
            Either::Left((Ok(_), _)) => {}
            Either::Left((Err(error), _)) => refused(vault, &error),
            Either::Right(_) => keys.gave_up_reading_keys(),
        }
        let read = keys.keys_read();
        vault.warnings.try_update(|warnings| warnings.read = read);
        vault.show_alarms(&keys);
        vault.keep_memory();
        browser::sleep_or_online(pause_after(read)).await;
    }
}

/// Milliseconds until the next reading.
fn pause_after(read: KeysRead) -> i32 {
    match read {
        KeysRead::UpTo { left: 0 } => LOOK,
        KeysRead::UpTo { .. } => BETWEEN,
        KeysRead::Failed { times } if times < TRIES => AGAIN,
        KeysRead::Failed { .. } | KeysRead::NotYet => STILL,
    }
}

/// Says above every page why the log was refused. One that could not be read may be whole: that is said by how far it was read.
fn refused(vault: Vault, error: &ClientError) {
    if matches!(error, ClientError::Refused(_)) {
        let why = explain(error);
        vault.warnings.try_update(|warnings| warnings.refused = Some(why));
    }
}
