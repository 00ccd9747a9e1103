//! What the report page holds: the open report, or why it isn't open. Follows live events.

use api_types::{ReportId, live::LiveKind};
use client::{ClientError, OpenVersion};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    components::{Clock, Toasts},
    vault::{Attempt, Vault, explain, index, reports, use_vault},
};

/// What stands in the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// On its way.
    Waiting,
    /// Open.
    Open,
    /// No access, or not any more.
    Ended {
        /// It was open in this page.
        while_open: bool,
    },
    /// Its owner erased it, or left with it.
    Erased(String),
    /// It did not verify.
    Refused(String),
    /// No connection, or the server is down.
    Unreachable(String),
}

/// `Copy` handle of the page's report.
#[derive(Clone, Copy)]
pub struct Handle {
    /// Its id.
    pub id: ReportId,
    /// What is shown: changes only when the kind of what is shown changes, so parts keep their state.
    pub shown: RwSignal<Shown>,
    /// The open view; changes with each refresh.
    current: RwSignal<Option<reports::View>, LocalStorage>,
    /// Counts refreshes, for parts that fetch for themselves.
    pub changed: RwSignal<u32>,
    vault: Vault,
    index: index::Index,
}

impl Handle {
    /// Opens it, and closes it when access ends.
    pub fn new(id: ReportId) -> Self {
        let handle = Self {
            id,
            shown: RwSignal::new(Shown::Waiting),
            current: RwSignal::new_local(None),
            changed: RwSignal::new(0),
            vault: use_vault(),
            index: index::use_index(),
        };
        handle.load();
        use_vault().on_live(move |event| {
            let this = event.report_id == Some(id);
            match event.kind {
                LiveKind::AccessEnded if this => {
                    handle.end();
                    // Why is asked then: the report may be gone for everybody.
                    handle.refresh();
                }
                LiveKind::ReportChanged | LiveKind::ShareRedeemed | LiveKind::CodeRequested if this => handle.refresh(),
                LiveKind::Resync => handle.refresh(),
                _ => {}
            }
        });
        let clock = expect_context::<Clock>();
        Effect::new(move |_| {
            let now = clock.0.get();
            let over = handle.view(|view| view.ends_at().is_some_and(|end| now > 0 && end <= now));
            if over == Some(true) {
                handle.end();
            }
        });
        handle
    }

    /// Reads the open view; `None` while nothing is open.
    pub fn view<A>(self, read: impl FnOnce(&reports::View) -> A) -> Option<A> {
        self.current.with(|view| view.as_ref().map(read))
    }

    /// Reads the version that is shown; `None` while none is.
    pub fn version<A>(self, read: impl FnOnce(&reports::View, &OpenVersion) -> A) -> Option<A> {
        self.current.with(|view| {
            let view = view.as_ref()?;
            Some(read(view, view.version.as_deref()?))
        })
    }

    /// The open view, for events.
    pub fn view_untracked(self) -> Option<reports::View> {
        self.current.try_get_untracked().flatten()
    }

    /// Access ended: content, keys and fetched files leave the page now.
    pub fn end(self) {
        let while_open = self.current.try_with_untracked(Option::is_some) == Some(true);
        self.shown.try_set(Shown::Ended { while_open });
        self.current.try_set(None);
        self.index.remove(&self.id);
    }

    /// Opens it from the beginning.
    pub fn load(self) {
        self.shown.try_set(Shown::Waiting);
        self.refresh();
    }

    /// Fetches it anew and keeps the version that is shown. What is open stays open if the network fails.
    pub fn refresh(self) {
        let Some(open) = self.vault.keys() else { return };
        let version = self.view_untracked().and_then(|view| view.chosen);
        spawn_local(async move {
            match reports::open(&open, &self.id, version).await {
                Ok(view) => self.show(view),
                Err(error) => self.failed(&error),
            }
        });
    }

    /// Shows another of its versions.
    pub fn switch(self, version: u32, attempt: Attempt, toasts: Toasts) {
        let (Some(open), Some(view)) = (self.vault.keys(), self.view_untracked()) else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match reports::switch(&open, &view, version).await {
                Ok(view) => self.show(view),
                Err(error) if reports::is_end(&error) => self.end(),
                Err(error) => toasts.problem(explain(&error)),
            }
            attempt.done();
        });
    }

    /// Shows a view that was opened elsewhere, unless access ended meanwhile.
    pub fn show(self, view: reports::View) {
        let Some(shown) = self.shown.try_get_untracked() else { return };
        if matches!(shown, Shown::Ended { .. } | Shown::Erased(_)) {
            return;
        }
        self.current.try_set(Some(view));
        self.changed.try_update(|count| *count += 1);
        if !matches!(shown, Shown::Open) {
            self.shown.try_set(Shown::Open);
        }
    }

    fn failed(self, error: &ClientError) {
        if matches!(error, ClientError::Erased { .. }) {
            self.shown.try_set(Shown::Erased(explain(error)));
            self.current.try_set(None);
            self.index.remove(&self.id);
            return;
        }
        // What is over stays as it was said.
        if matches!(self.shown.try_get_untracked(), Some(Shown::Ended { .. } | Shown::Erased(_))) {
            return;
        }
        let was_open = self.current.try_with_untracked(Option::is_some) == Some(true);
        if reports::is_end(error) {
            self.end();
        } else if matches!(error, ClientError::Refused(_)) {
            self.shown.try_set(Shown::Refused(explain(error)));
            self.current.try_set(None);
        } else if !was_open {
            self.shown.try_set(Shown::Unreachable(explain(error)));
        }
    }
}
