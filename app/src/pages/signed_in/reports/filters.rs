//! Search and filters over what is open in this browser.

use std::collections::BTreeSet;

use leptos::prelude::*;

use crate::{
    components::{SearchField, SelectField},
    t,
    vault::index::{Index, Row, fold},
};

/// What is looked for; `Copy`.
#[derive(Clone, Copy)]
pub(super) struct Search {
    text: RwSignal<String>,
    status: RwSignal<String>,
    kind: RwSignal<String>,
    /// The search's words, folded once.
    words: Memo<Vec<String>>,
}

const DRAFT: &str = "draft";
const COMPLETED: &str = "completed";

impl Search {
    pub fn new() -> Self {
        let text = RwSignal::new(String::new());
        let words = Memo::new(move |_| fold(&text.get()).split_whitespace().map(str::to_owned).collect());
        Self { text, status: RwSignal::new(String::new()), kind: RwSignal::new(String::new()), words }
    }

    /// Whether a row is looked for.
    pub fn takes(self, row: &Row) -> bool {
        let kind = self.kind.get();
        (kind.is_empty() || row.report.fields.kind == kind) && self.words.with(|words| row.matches(words))
    }

    /// Whether a draft with these texts is looked for.
    pub fn takes_draft(self, texts: &[&str], kind: &str) -> bool {
        let wanted = self.kind.get();
        let folded = fold(&texts.join("\n"));
        (wanted.is_empty() || wanted == kind)
            && self.words.with(|words| words.iter().all(|word| folded.contains(word.as_str())))
    }

    pub fn shows_drafts(self) -> bool {
        self.status.get() != COMPLETED
    }

    pub fn shows_completed(self) -> bool {
        self.status.get() != DRAFT
    }

    pub fn clear(self) {
        self.text.set(String::new());
        self.status.set(String::new());
        self.kind.set(String::new());
    }
}

/// The controls.
#[component]
pub(super) fn Filters(search: Search, index: Index) -> impl IntoView {
    let option = |key: &str, text: &str| (key.to_owned(), text.to_owned());
    let status = Signal::derive(move || {
        vec![
            option("", t!(reports.status_all)),
            option(DRAFT, t!(reports.status_draft)),
            option(COMPLETED, t!(reports.status_completed)),
        ]
    });
    let kinds = Memo::new(move |_| {
        let rows = index.rows.get();
        let kinds: BTreeSet<&str> =
            rows.iter().map(|row| row.report.fields.kind.as_str()).filter(|kind| !kind.is_empty()).collect();
        kinds.into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    let kind = Signal::derive(move || {
        let all = (String::new(), t!(reports.kind_all).to_owned());
        std::iter::once(all).chain(kinds.get().into_iter().map(|kind| (kind.clone(), kind))).collect::<Vec<_>>()
    });
    view! {
        <div class="filters" role="search">
            <SearchField id="search" label=t!(reports.search) value=search.text/>
            <SelectField id="status" label=t!(reports.status) value=search.status options=status/>
            <SelectField id="kind" label=t!(reports.kind) value=search.kind options=kind/>
        </div>
    }
}
