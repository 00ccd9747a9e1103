//! What is kept because it could not be saved: taken back, or offered to whoever typed it.

use std::rc::Rc;

use api_types::ReportId;
use client::{TakenBack, UnsavedDraft, content::ReportFields};
use leptos::prelude::*;

use super::{Drafts, kept};
use crate::{t, vault::Keys};

thread_local! {
    /// One at a time takes back what wasn't saved.
    static TAKING: Rc<futures::lock::Mutex<()>> = Rc::default();
}

/// Text that could not be saved when it was typed, for whoever typed it to take what they need of.
#[derive(Clone, PartialEq)]
pub struct Offered {
    kept: UnsavedDraft,
    /// What was typed.
    pub fields: ReportFields,
}

impl Offered {
    /// The draft that it was typed into.
    pub fn id(&self) -> ReportId {
        self.kept.id()
    }
}

impl Drafts {
    /// What was typed and not saved, into drafts that somebody saved since. Follow it in views.
    pub fn offered(self) -> RwSignal<Vec<Offered>, LocalStorage> {
        self.offered
    }

    /// Nobody needs that any more.
    pub fn settle(self, offered: &Offered) {
        kept::forget(&offered.kept.account(), &offered.kept);
        self.offered.update(|all| all.retain(|one| one != offered));
    }

    /// Saves what is kept because it could not be saved before; offers what somebody saved another text of meanwhile. What can't be
    /// saved now stays kept, and what is being written here saves itself.
    pub(super) async fn take_back(self, open: &Keys) {
        let account = open.account_id();
        if kept::of(&account).is_empty() {
            return;
        }
        let taking = TAKING.with(Rc::clone);
        let _one_at_a_time = taking.lock().await;
        for one in kept::of(&account) {
            let is_offered = self.offered.with_untracked(|all| all.iter().any(|offered| offered.kept == one));
            if is_offered || self.is_written(&one.id()) {
                continue;
            }
            match open.take_back(&one).await {
                Ok(TakenBack::Saved(_)) => {
                    kept::forget(&account, &one);
                    self.toasts.done(t!(draft.typed_saved));
                }
                Ok(TakenBack::Known | TakenBack::Unreadable) => kept::forget(&account, &one),
                Ok(TakenBack::Moved(fields)) => {
                    self.offered.update(|all| all.push(Offered { kept: one, fields: *fields }));
                    self.toasts.problem(t!(draft.typed_waits));
                }
                // It is tried again when the drafts are looked at the next time.
                Err(_) => {}
            }
        }
    }
}
