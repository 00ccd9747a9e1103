//! Locks when nobody has touched the page for a while, also when the machine slept meanwhile.

use std::{cell::Cell, time::Duration};

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};

use super::{Vault, VaultState};
use crate::browser;

/// Minutes where the reader chose nothing else.
pub const DEFAULT_MINUTES: u32 = 15;
/// What the reader may choose.
pub const CHOICES: [u32; 5] = [1, 5, 15, 30, 60];
const KEY: &str = "lock-after";

thread_local! {
    static LAST: Cell<i64> = const { Cell::new(0) };
}

/// Minutes until the page locks.
pub fn minutes() -> u32 {
    let chosen = browser::stored(KEY).and_then(|text| text.parse().ok());
    chosen.filter(|minutes| CHOICES.contains(minutes)).unwrap_or(DEFAULT_MINUTES)
}

/// Chooses the minutes until the page locks, on this device.
pub fn set_minutes(minutes: u32) {
    browser::store(KEY, &minutes.to_string());
}

/// Something happened.
pub(super) fn touch() {
    LAST.set(browser::now());
}

/// Long work (an upload under way) counts as use; call it now and then while it runs.
pub fn stay_awake() {
    touch();
}

/// Longest that one piece of a download counts as use while nothing of it is done.
const WAITS: i64 = 60 * 60_000;
/// What says twice a second that it goes on, a minute apart in a page that isn't seen, and then nothing for so long, has slept.
const ASLEEP: i64 = 150_000;

/// Work that was asked for and waits, for a lost line or for slow bytes. It counts as use for an hour, and not any more once the
/// machine slept meanwhile: whoever wakes it may be somebody else.
pub(super) struct Waiting {
    begun: i64,
    last: Cell<i64>,
}

impl Waiting {
    /// Begins now.
    pub(super) fn begin() -> Self {
        let now = browser::now();
        Self { begun: now, last: Cell::new(now) }
    }

    /// Call it about twice a second.
    pub(super) fn stay_awake(&self) {
        let now = browser::now();
        if now - self.last.get() > ASLEEP {
            return;
        }
        self.last.set(now);
        if now - self.begun < WAITS {
            touch();
        }
    }
}

/// Whether somebody has touched the page in the last so many milliseconds.
pub(super) fn touched_within(milliseconds: i64) -> bool {
    browser::now() - LAST.get() < milliseconds
}

pub(super) fn watch(vault: Vault) {
    touch();
    let moved = Closure::<dyn Fn()>::new(touch);
    for event in ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] {
        // Fails for no event name.
        let _ = window().add_event_listener_with_callback(event, moved.as_ref().unchecked_ref());
    }
    // Lives as long as the page.
    moved.forget();
    set_interval(move || check(vault), Duration::from_secs(5));
}

fn check(vault: Vault) {
    let minutes = minutes();
    let idle = browser::now() - LAST.get();
    if idle >= i64::from(minutes) * 60_000
        && vault.state.with_untracked(|state| matches!(state, VaultState::Unlocked(_)))
    {
        vault.lock_idle(minutes);
    }
}
