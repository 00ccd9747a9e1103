//! One try at something: is it running, and what went wrong the last time.

use leptos::prelude::*;

/// `Copy` state of a form's submission.
#[derive(Clone, Copy)]
pub struct Attempt {
    /// Running.
    pub busy: RwSignal<bool>,
    /// What went wrong, in a sentence.
    pub problem: RwSignal<Option<String>>,
}

impl Attempt {
    /// Nothing tried yet.
    pub fn new() -> Self {
        Self { busy: RwSignal::new(false), problem: RwSignal::new(None) }
    }

    /// Begins, unless it is running already.
    pub fn begin(self) -> bool {
        if self.busy.get_untracked() {
            return false;
        }
        self.busy.set(true);
        self.problem.set(None);
        true
    }

    /// It worked.
    pub fn done(self) {
        self.busy.try_set(false);
    }

    /// It didn't.
    pub fn failed(self, problem: impl Into<String>) {
        self.busy.try_set(false);
        self.problem.try_set(Some(problem.into()));
    }
}

impl Default for Attempt {
    fn default() -> Self {
        Self::new()
    }
}
