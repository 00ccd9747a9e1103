//! The entry of an account's sealed text in this browser's storage ([`unsaved::entry`]).

use api_types::AccountId;
use client::UnsavedDraft;

use crate::{browser, vault::unsaved};

/// Most of an account; the oldest go.
const MOST: usize = 50;

/// Those of an account, the oldest first.
pub(super) fn of(account: &AccountId) -> Vec<UnsavedDraft> {
    let stored = browser::stored(&unsaved::entry(account));
    stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Keeps more of them.
pub(super) fn add(account: &AccountId, sealed: impl IntoIterator<Item = UnsavedDraft>) {
    let mut sealed = sealed.into_iter().peekable();
    if sealed.peek().is_none() {
        return;
    }
    let all: Vec<UnsavedDraft> = of(account).into_iter().chain(sealed).collect();
    put(account, newest(&all));
}

/// It is saved, or nobody needs it any more.
pub(super) fn forget(account: &AccountId, gone: &UnsavedDraft) {
    let mut kept = of(account);
    let before = kept.len();
    kept.retain(|one| one != gone);
    if kept.len() < before {
        put(account, &kept);
    }
}

fn newest(all: &[UnsavedDraft]) -> &[UnsavedDraft] {
    &all[all.len().saturating_sub(MOST)..]
}

fn put(account: &AccountId, kept: &[UnsavedDraft]) {
    if kept.is_empty() {
        unsaved::remove(account);
    } else if let Ok(text) = serde_json::to_string(kept) {
        browser::store(&unsaved::entry(account), &text);
    }
}
