//! A question about one of many things: what it is about, and whether its dialog is open.

use leptos::prelude::*;

/// `Copy`; give `open` to a dialog.
pub struct Question<T: 'static> {
    about: RwSignal<Option<T>>,
    /// Whether it is being asked.
    pub open: RwSignal<bool>,
}

impl<T> Clone for Question<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Question<T> {}

impl<T: Clone + Send + Sync + 'static> Question<T> {
    /// Not asked.
    pub fn new() -> Self {
        Self { about: RwSignal::new(None), open: RwSignal::new(false) }
    }

    /// Asks about this.
    pub fn ask(self, about: T) {
        self.about.set(Some(about));
        self.open.set(true);
    }

    /// What it is about.
    pub fn about(self) -> Option<T> {
        self.about.get()
    }

    /// What it is about, for events.
    pub fn about_untracked(self) -> Option<T> {
        self.about.get_untracked()
    }

    /// Answered.
    pub fn done(self) {
        self.open.try_set(false);
    }
}
