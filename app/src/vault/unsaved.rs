//! What was typed and isn't saved when the vault locks or its page goes: sealed by then, and kept in this browser until its account is open again.
//! The sealing is the drafts' (`drafts/kept.rs`), which aren't loaded before one is written.

use std::{cell::RefCell, rc::Rc};

use api_types::AccountId;

use super::Keys;
use crate::browser;

/// Whoever has drafts that are being written.
pub(super) trait Writing {
    /// Keeps, sealed, what of them isn't saved.
    fn keep(&self, keys: &Keys);
    /// Begins to save it.
    fn save(&self, keys: &Keys);
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
pub(super) fn save(keys: &Keys) {
    if let Some(writing) = writing() {
        writing.save(keys);
    }
}

/// Keeps what isn't saved, before the keys go.
pub(super) fn keep(keys: &Keys) {
    if let Some(writing) = writing() {
        writing.keep(keys);
    }
}

/// Where this browser keeps an account's. There is no such entry where nothing is kept.
pub(super) fn entry(account: &AccountId) -> String {
    format!("unsaved-drafts/{account}")
}

/// Whether anything of an account is kept.
pub(super) fn is_any(account: &AccountId) -> bool {
    browser::stored(&entry(account)).is_some()
}

/// Removes all of an account.
pub(super) fn remove(account: &AccountId) {
    browser::forget(&entry(account));
}
