//! What was typed and isn't saved when the vault locks: sealed by then, and kept in this browser until its account is open again.
//! The sealing is the drafts', which aren't loaded before one is written.

use std::{cell::RefCell, rc::Rc};

use api_types::AccountId;
use client::UnsavedDraft;

use super::Keys;
use crate::browser;

/// Where this browser keeps them.
const KEY: &str = "unsaved-drafts";
/// Most of all accounts; the oldest go.
const MOST: usize = 50;

/// Whoever has drafts that are being written.
pub(super) trait Writing {
    /// What of them isn't saved, sealed.
    fn unsaved(&self, keys: &Keys) -> Vec<UnsavedDraft>;
    /// Begins to save it.
    fn save(&self);
}

thread_local! {
    static WRITING: RefCell<Option<Rc<dyn Writing>>> = const { RefCell::new(None) };
}

/// From now on something is being written.
pub(super) fn begin(writing: impl Writing + 'static) {
    WRITING.set(Some(Rc::new(writing)));
}

fn writing() -> Option<Rc<dyn Writing>> {
    WRITING.with_borrow(Option::clone)
}

/// Begins to save what was typed last, while there are keys.
pub(super) fn save() {
    if let Some(writing) = writing() {
        writing.save();
    }
}

/// Keeps what isn't saved, before the keys go.
pub(super) fn keep(keys: &Keys) {
    let unsaved = writing().map(|writing| writing.unsaved(keys)).unwrap_or_default();
    if unsaved.is_empty() {
        return;
    }
    let mut kept = all();
    kept.extend(unsaved);
    let newest = kept.split_off(kept.len().saturating_sub(MOST));
    put(&newest);
}

/// Those of an account, the oldest first.
pub(super) fn of(account: &AccountId) -> Vec<UnsavedDraft> {
    all().into_iter().filter(|one| one.account() == *account).collect()
}

/// They are saved, or nobody needs them any more.
pub(super) fn forget(gone: impl Fn(&UnsavedDraft) -> bool) {
    let mut kept = all();
    let before = kept.len();
    kept.retain(|one| !gone(one));
    if kept.len() < before {
        put(&kept);
    }
}

fn all() -> Vec<UnsavedDraft> {
    browser::stored(KEY).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn put(kept: &[UnsavedDraft]) {
    if kept.is_empty() {
        browser::forget(KEY);
    } else if let Ok(text) = serde_json::to_string(kept) {
        browser::store(KEY, &text);
    }
}
