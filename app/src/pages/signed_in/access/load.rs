//! The reader's own reports with their access and events, fetched and verified a few at a time, the newest first.

use std::{collections::HashSet, sync::Arc};

use api_types::{ReportId, accounts::Role, grants::Right, live::LiveKind};
use client::{ClientError, ReportRow, Result, oversight::Overseen};
use futures::future::join_all;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    t,
    vault::{
        Keys, Vault, explain,
        index::{self, Index, Phase},
        reports::{is_end, title_of},
        use_vault,
    },
};

/// Reports fetched at first, and more with each tap.
const STEP: usize = 10;
/// Fetched at the same time.
const TOGETHER: usize = 3;
/// Events of each that this page looks through; the report's own page has all of them.
pub(super) const EVENTS: usize = 500;

/// A report that may be the reader's own.
#[derive(Clone, PartialEq)]
pub(super) struct Candidate {
    id: ReportId,
    title: String,
    kind: String,
}

/// A report with what it is called.
#[derive(Clone, PartialEq)]
pub(super) struct Item {
    pub overseen: Arc<Overseen>,
    pub title: String,
    pub kind: String,
}

impl Item {
    fn new(of: &Candidate, overseen: Overseen) -> Self {
        Self { overseen: Arc::new(overseen), title: of.title.clone(), kind: of.kind.clone() }
    }
}

/// `Copy` state of the page.
#[derive(Clone, Copy)]
pub(super) struct Load {
    /// What is there, the newest report first.
    pub items: RwSignal<Vec<Item>, LocalStorage>,
    /// Reports that didn't verify: title and reason.
    pub refused: RwSignal<Vec<(ReportId, String, String)>>,
    /// Why the last try ended.
    pub problem: RwSignal<Option<String>>,
    /// Is fetching.
    pub busy: RwSignal<bool>,
    wanted: RwSignal<usize>,
    /// Looked at, whatever came of it.
    seen: RwSignal<HashSet<ReportId>>,
    vault: Vault,
    index: Index,
}

/// The reports that may be the reader's own: the signed chain decides it when they are fetched. A patient's are looked at
/// all, so that the server can't hide one by saying that it is somebody else's; so are those that don't open, because who
/// has access to them shows all the same.
pub(super) fn candidates(index: Index, vault: Vault) -> Vec<Candidate> {
    let Some(who) = vault.who() else { return Vec::new() };
    let own = |row: &ReportRow| who.role == Role::Patient || row.owner == who.account_id || row.right == Right::Own;
    let candidate =
        |row: &ReportRow| Candidate { id: row.id, title: title_of(&row.fields), kind: row.fields.kind.clone() };
    let mut all: Vec<Candidate> =
        index.rows.with(|rows| rows.iter().filter(|row| own(&row.report)).map(|row| candidate(&row.report)).collect());
    let closed = |id: ReportId| Candidate { id, title: t!(report.untitled).to_owned(), kind: String::new() };
    all.extend(index.refused.with(|refused| refused.iter().map(|(id, _)| closed(*id)).collect::<Vec<_>>()));
    all
}

impl Load {
    pub(super) fn new() -> Self {
        let load = Self {
            items: RwSignal::new_local(Vec::new()),
            refused: RwSignal::new(Vec::new()),
            problem: RwSignal::new(None),
            busy: RwSignal::new(false),
            wanted: RwSignal::new(STEP),
            seen: RwSignal::new(HashSet::new()),
            vault: use_vault(),
            index: index::use_index(),
        };
        Effect::new(move |_| {
            load.index.rows.track();
            load.index.refused.track();
            load.wanted.track();
            untrack(move || load.go_on());
        });
        load.vault.on_live(move |event| match (event.kind, event.report_id) {
            (LiveKind::ReportChanged | LiveKind::ShareRedeemed, Some(id)) => load.again(id),
            (LiveKind::AccessEnded, Some(id)) => load.remove(id),
            _ => {}
        });
        load
    }

    /// Reports that were not looked at yet.
    pub(super) fn left(self) -> usize {
        let seen = self.seen.get();
        candidates(self.index, self.vault).iter().filter(|row| !seen.contains(&row.id)).count()
    }

    /// Whether nothing can come any more.
    pub(super) fn is_done(self) -> bool {
        self.index.phase.get() == Phase::Complete && !self.busy.get() && self.left() == 0
    }

    /// Whether all of the reader's own reports were looked at, and all of them verified.
    pub(super) fn is_whole(self) -> bool {
        let problem = self.problem.with(Option::is_some) || self.list_problem().is_some();
        self.is_done() && !problem && self.refused.with(Vec::is_empty)
    }

    /// Why the list of reports itself isn't there.
    pub(super) fn list_problem(self) -> Option<String> {
        self.index.problem.get()
    }

    pub(super) fn more(self) {
        self.wanted.update(|wanted| *wanted += STEP);
    }

    /// After a failure.
    pub(super) fn retry(self) {
        self.problem.set(None);
        self.index.refresh();
        self.go_on();
    }

    fn remove(self, id: ReportId) {
        self.items.update(|items| items.retain(|item| item.overseen.report != id));
    }

    fn go_on(self) {
        let Some(open) = self.vault.keys() else { return };
        if self.busy.get_untracked() || self.problem.with_untracked(Option::is_some) {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            loop {
                let next = self.next();
                if next.is_empty() {
                    break;
                }
                let fetched = join_all(next.iter().map(|row| open.oversee(&row.id, EVENTS))).await;
                self.vault.keep_memory();
                let mut failed = false;
                for (row, outcome) in next.iter().zip(fetched) {
                    failed |= !self.take(row, outcome);
                }
                if failed {
                    break;
                }
            }
            self.busy.try_set(false);
        });
    }

    /// The next reports to fetch; none when the page has what it wants, or is gone.
    fn next(self) -> Vec<Candidate> {
        let Some(wanted) = self.wanted.try_get_untracked() else { return Vec::new() };
        let there = self.items.with_untracked(Vec::len) + self.refused.with_untracked(Vec::len);
        let room = wanted.saturating_sub(there).min(TOGETHER);
        let seen = self.seen.get_untracked();
        untrack(|| candidates(self.index, self.vault))
            .into_iter()
            .filter(|row| !seen.contains(&row.id))
            .take(room)
            .collect()
    }

    /// Shows what came; says whether it is worth going on.
    fn take(self, row: &Candidate, outcome: Result<Option<Overseen>>) -> bool {
        match outcome {
            Ok(overseen) => {
                self.note(row.id);
                if let Some(overseen) = overseen {
                    self.put(Item::new(row, overseen));
                }
            }
            // It left the reader's view meanwhile.
            Err(error) if is_end(&error) => self.note(row.id),
            Err(error @ ClientError::Refused(_)) => {
                self.note(row.id);
                let refused = (row.id, row.title.clone(), explain(&error));
                self.refused.try_update(|list| list.push(refused));
            }
            Err(error) => {
                self.problem.try_set(Some(explain(&error)));
                return false;
            }
        }
        true
    }

    fn note(self, id: ReportId) {
        self.seen.try_update(|seen| seen.insert(id));
    }

    fn put(self, item: Item) {
        self.items.try_update(|items| match items.iter_mut().find(|old| old.overseen.report == item.overseen.report) {
            Some(old) => *old = item,
            None => items.push(item),
        });
    }

    /// Fetches one that is there anew.
    pub(super) fn again(self, id: ReportId) {
        let Some(open) = self.vault.keys() else { return };
        // What asks for it may outlive the page.
        let is_shown = |items: &Vec<Item>| items.iter().any(|item| item.overseen.report == id);
        let there = self.items.try_with_untracked(is_shown).unwrap_or_default();
        let row = untrack(|| candidates(self.index, self.vault)).into_iter().find(|row| row.id == id);
        let (true, Some(row)) = (there, row) else { return };
        spawn_local(async move {
            let outcome = open.oversee(&id, EVENTS).await;
            self.take(&row, outcome);
        });
    }
}

/// All of the reader's own reports with all of their events, one after the other; `progress` hears how many of how many.
pub(super) async fn all(open: &Keys, rows: &[Candidate], progress: impl Fn(usize)) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for (done, few) in rows.chunks(TOGETHER).enumerate() {
        progress(done * TOGETHER);
        for (row, outcome) in few.iter().zip(join_all(few.iter().map(|row| open.oversee(&row.id, usize::MAX))).await) {
            match outcome {
                Ok(Some(overseen)) => items.push(Item::new(row, overseen)),
                Ok(None) => {}
                Err(error) if is_end(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(items)
}

/// The reader's own reports that were erased, with all of their events, but for those that are `there` already. What they were
/// called is gone with them.
pub(super) async fn erased(open: &Keys, there: &[Item]) -> Result<Vec<Item>> {
    let there: Vec<_> = there.iter().map(|item| item.overseen.report).collect();
    let ids = open.erased_reports(&there).await?;
    let mut items = Vec::new();
    for few in ids.chunks(TOGETHER) {
        for outcome in join_all(few.iter().map(|id| open.oversee_erased(id, usize::MAX))).await {
            let Some(overseen) = outcome? else { continue };
            let title = t!(access.account_erased_report, id = overseen.report);
            items.push(Item { overseen: Arc::new(overseen), title, kind: String::new() });
        }
    }
    Ok(items)
}
