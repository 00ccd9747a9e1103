//! How saving stands, and how many saves are under way.

use std::cell::Cell;

use crate::browser;

/// How saving stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Saving {
    /// Nothing to save yet.
    #[default]
    Nothing,
    /// Under way, or about to be.
    Running,
    /// Saved then.
    Saved(i64),
    /// Failed for now.
    Failed(String),
    /// Another device saved it.
    Moved,
}

thread_local! {
    /// How many saves are under way.
    static SAVES: Cell<u32> = const { Cell::new(0) };
}

/// A save, until it ends.
pub(super) struct UnderWay;

impl UnderWay {
    pub(super) fn begin() -> Self {
        SAVES.set(SAVES.get() + 1);
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        SAVES.set(SAVES.get() - 1);
    }
}

/// Waits for what a page that goes away now saves last, but not longer than so many milliseconds.
pub(in crate::vault) async fn saved_within(milliseconds: i32) {
    let end = browser::now() + i64::from(milliseconds);
    // It begins when the page goes, which is a moment from now.
    browser::sleep(0).await;
    while SAVES.get() > 0 && browser::now() < end {
        browser::sleep(20).await;
    }
}
