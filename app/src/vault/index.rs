//! The reader's reports, opened: from the sealed copy that this browser keeps, then what changed since, then live.
//!
//! One index for the page; it empties when the vault locks. Rows are opened a few at a time, so that the page answers
//! while a thousand of them arrive.

use std::{collections::HashSet, sync::Arc};

use api_types::{
    ReportId,
    accounts::{AccountStatus, Role},
    live::LiveKind,
};
use client::{ListPage, ReportRow, Result, api::ListQuery};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Keys, Vault, VaultState, drafts::DraftItem, explain, program, store};
use crate::browser::sleep;

/// Rows asked for at a time.
const PAGE: u32 = 500;
/// The first page is smaller, so that something shows soon.
const FIRST: u32 = 100;
/// Rows opened before the page gets its turn: about 20 ms.
const SLICE: usize = 12;
/// Rows made searchable before it does.
const FOLDED: usize = 200;

/// A report with the text that a search looks at.
#[derive(Clone)]
pub struct Row {
    /// The report.
    pub report: Arc<ReportRow>,
    /// Its fields, folded.
    folded: Arc<str>,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.report, &other.report)
    }
}

impl Row {
    fn new(report: ReportRow) -> Self {
        let f = &report.fields;
        let all = [
            &f.report_number,
            &f.title,
            &f.patient_name,
            &f.patient_id,
            &f.kind,
            &f.diagnosis,
            &f.treatment_plan,
            &f.prescription,
        ];
        let text =
            all.into_iter().chain(report.files.iter().map(|file| &file.name)).map(String::as_str).collect::<Vec<_>>();
        Self { folded: fold(&text.join("\n")).into(), report: Arc::new(report) }
    }

    /// Whether every word of a folded search is in it.
    pub fn matches(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.folded.contains(word.as_str()))
    }
}

/// Rows as they are searched, a few at a time.
async fn folded(reports: Vec<ReportRow>) -> Vec<Row> {
    let mut rows = Vec::with_capacity(reports.len());
    let mut reports = reports.into_iter();
    while !reports.as_slice().is_empty() {
        if !rows.is_empty() {
            sleep(0).await;
        }
        rows.extend(reports.by_ref().take(FOLDED).map(Row::new));
    }
    rows
}

/// Lower case without the marks of Latin letters, so that "uberweisung" finds "Überweisung".
pub fn fold(text: &str) -> String {
    let decomposed: String = js_sys::JsString::from(text).normalize("NFD").into();
    decomposed.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).flat_map(char::to_lowercase).collect()
}

/// How far the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Nothing to show yet.
    #[default]
    Waiting,
    /// Rows of the sealed copy, or the first of many.
    Partial,
    /// As the server has it.
    Complete,
}

/// `Copy`, from [`use_index`].
#[derive(Clone, Copy)]
pub struct Index {
    /// Reports, newest change first.
    pub rows: RwSignal<Arc<Vec<Row>>, LocalStorage>,
    /// Drafts, newest first.
    pub drafts: RwSignal<Vec<DraftItem>>,
    /// Reports that were refused, and why.
    pub refused: RwSignal<Vec<(ReportId, String)>>,
    /// How far it is.
    pub phase: RwSignal<Phase>,
    /// Why the last try to fetch failed.
    pub problem: RwSignal<Option<String>>,
    /// Whether keys are being changed after a revocation.
    pub rekeying: RwSignal<bool>,
    head: StoredValue<u64>,
    running: StoredValue<Running>,
    /// Reports whose keys were tried to be changed since the vault opened: once each, unless asked for again.
    tried: StoredValue<HashSet<Tried>>,
    vault: Vault,
}

/// A report and the head of its access chain.
type Tried = (ReportId, Vec<u8>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Running {
    No,
    Once,
    Again,
}

/// Makes [`use_index`] work below here and follows the vault and the live events.
pub fn provide_index(vault: Vault) {
    let index = Index {
        rows: RwSignal::new_local(Arc::default()),
        drafts: RwSignal::new(Vec::new()),
        refused: RwSignal::new(Vec::new()),
        phase: RwSignal::new(Phase::Waiting),
        problem: RwSignal::new(None),
        rekeying: RwSignal::new(false),
        head: StoredValue::new(0),
        running: StoredValue::new(Running::No),
        tried: StoredValue::new(HashSet::new()),
        vault,
    };
    provide_context(index);
    Effect::new(move |_| {
        match vault.state.get() {
            VaultState::Unlocked(who)
                if who.role != Role::Administrator && who.status == AccountStatus::Active && !who.second_factor_due =>
            {
                index.refresh()
            }
            VaultState::Unlocked(_) => {}
            VaultState::SignedOut => {
                index.empty();
                // Whoever signs in here next need not find it, sealed as it is.
                spawn_local(store::clear());
            }
            VaultState::Unknown | VaultState::Locked(_) => index.empty(),
        }
    });
    vault.on_live(move |event| match event.kind {
        LiveKind::AccessEnded => {
            if let Some(id) = event.report_id {
                index.remove(&id);
            }
            index.refresh();
        }
        LiveKind::ReportChanged | LiveKind::ShareRedeemed | LiveKind::Resync => index.refresh(),
        _ => {}
    });
}

/// The page's index.
pub fn use_index() -> Index {
    expect_context()
}

/// Removes the sealed copy from this browser.
pub async fn clear_cache() {
    store::clear().await;
}

/// Fetches what changed until nothing asks for more, then changes the keys that are due.
pub(super) async fn refresh(index: Index, open: Keys) {
    loop {
        index.running.set_value(Running::Once);
        match index.load(&open).await {
            Ok(()) => index.problem.set(None),
            Err(error) => index.problem.set(Some(explain(&error))),
        }
        if index.running.get_value() != Running::Again || !index.open_still(&open) {
            break;
        }
    }
    index.running.set_value(Running::No);
    if index.open_still(&open) {
        index.rekey(&open).await;
    } else {
        // Unlocked anew while the old account's answer was on its way.
        index.empty_unless_unlocked();
    }
}

impl Index {
    fn empty(self) {
        self.rows.set(Arc::default());
        self.drafts.set(Vec::new());
        self.refused.set(Vec::new());
        self.phase.set(Phase::Waiting);
        self.problem.set(None);
        self.head.set_value(0);
        self.tried.update_value(HashSet::clear);
    }

    /// Access to an own report was revoked: changes its keys now. Says whether they are new; if not, they stay due.
    pub async fn revoked(self, open: &Keys, id: &ReportId) -> bool {
        self.rekeying.set(true);
        let done = super::reports::rekey(open, id).await.is_ok();
        self.rekeying.set(false);
        self.refresh();
        done
    }

    /// Fetches what changed. Calls while it runs make it run once more.
    pub fn refresh(self) {
        let Some(open) = self.vault.keys() else { return };
        if self.running.get_value() != Running::No {
            self.running.set_value(Running::Again);
            return;
        }
        self.running.set_value(Running::Once);
        spawn_local(async move {
            match program::refresh(self, open).await {
                Ok(running) => running.await,
                Err(_) => self.running.set_value(Running::No),
            }
        });
    }

    fn empty_unless_unlocked(self) {
        match self.vault.keys() {
            Some(_) => self.refresh(),
            None => self.empty(),
        }
    }

    /// Whether all reports are there, as the server had them when it was last asked. Follow it in views.
    pub fn is_complete(self) -> bool {
        self.phase.get() == Phase::Complete
    }

    /// Whether the vault that a task began with is still the open one.
    fn open_still(self, open: &Keys) -> bool {
        self.vault.keys().is_some_and(|now| now.session().id == open.session().id)
    }

    async fn load(self, open: &Keys) -> Result<()> {
        if self.phase.get_untracked() == Phase::Waiting {
            self.load_cache(open).await;
        }
        let (drafts, reports) = futures::join!(super::drafts::list(open), self.load_changes(open));
        if self.open_still(open) {
            self.drafts.set(drafts?);
        }
        reports
    }

    async fn load_cache(self, open: &Keys) {
        let Some(sealed) = store::get(&open.account_id().to_string()).await else { return };
        // Another program's, or damaged: it is fetched anew.
        let Ok((rows, head)) = open.import_cache(&sealed) else { return };
        let rows = folded(rows).await;
        if self.open_still(open) && !rows.is_empty() {
            self.rows.set(Arc::new(rows));
            self.head.set_value(head);
            self.phase.set(Phase::Partial);
        }
    }

    async fn load_changes(self, open: &Keys) -> Result<()> {
        let since = Some(self.head.get_value()).filter(|head| *head > 0);
        let (mut before, mut head, mut changed) = (None, None, false);
        loop {
            let limit = if before.is_none() { FIRST } else { PAGE };
            let mut sealed = open.list_sealed(&ListQuery { before, since, limit: Some(limit) }).await?;
            while sealed.remaining() > 0 {
                open.open_rows(&mut sealed, SLICE);
                // The browser paints and hears input.
                sleep(0).await;
            }
            if !self.open_still(open) {
                return Ok(());
            }
            let mut page = sealed.into_page();
            head = head.or(Some(page.head));
            changed |= !page.rows.is_empty() || !page.gone.is_empty();
            let next = page.next.filter(|_| !page.is_empty());
            let rows = folded(std::mem::take(&mut page.rows)).await;
            if !self.open_still(open) {
                return Ok(());
            }
            self.take(page, rows);
            match next {
                // Each page must go further down, or a server could keep us here for ever.
                Some(next) if before.is_none_or(|before| next < before) => before = Some(next),
                _ => break,
            }
        }
        self.phase.set(Phase::Complete);
        if let Some(head) = head {
            self.head.set_value(head);
        }
        if changed {
            // What has come is drawn before all of it is sealed.
            sleep(0).await;
            if self.open_still(open) {
                self.keep(open).await;
            }
        }
        Ok(())
    }

    /// Puts a page's rows among those that are there.
    fn take(self, page: ListPage, fresh_rows: Vec<Row>) {
        let fresh: HashSet<ReportId> = fresh_rows.iter().map(|row| row.report.id).collect();
        let bad: Vec<(ReportId, String)> = page.refused.into_iter().map(|(id, error)| (id, explain(&error))).collect();
        self.refused.update(|refused| {
            refused.retain(|(id, _)| !fresh.contains(id) && bad.iter().all(|(other, _)| other != id));
            refused.extend(bad);
        });
        if !fresh_rows.is_empty() || !page.gone.is_empty() {
            let mut rows: Vec<Row> = self.rows.get_untracked().as_ref().clone();
            rows.retain(|row| !fresh.contains(&row.report.id) && !page.gone.contains(&row.report.id));
            rows.extend(fresh_rows);
            rows.sort_by_key(|row| std::cmp::Reverse(row.report.cursor));
            self.rows.set(Arc::new(rows));
        }
        if self.phase.get_untracked() == Phase::Waiting {
            self.phase.set(Phase::Partial);
        }
    }

    pub(super) async fn keep(self, open: &Keys) {
        let rows: Vec<ReportRow> = self.rows.get_untracked().iter().map(|row| row.report.as_ref().clone()).collect();
        if let Ok(sealed) = open.export_cache(&rows, self.head.get_value()) {
            store::put(&open.account_id().to_string(), &sealed).await;
        }
    }

    /// Takes a report out at once: its access ended.
    pub fn remove(self, id: &ReportId) {
        let rows: Vec<Row> = self.rows.get_untracked().iter().filter(|row| row.report.id != *id).cloned().collect();
        self.rows.set(Arc::new(rows));
        if let Some(open) = self.vault.keys() {
            spawn_local(async move {
                // The copy is only as fresh as it could be made.
                if let Ok(keeping) = program::keep(self, open).await {
                    keeping.await;
                }
            });
        }
    }

    /// Changes the keys of the reader's own reports where access was revoked; looks at each once for each state of its
    /// access, so that a server's word alone makes no work without end.
    async fn rekey(self, open: &Keys) {
        let due: Vec<Tried> = self.tried.with_value(|tried| {
            let rows = self.rows.get_untracked();
            let wanted = rows.iter().map(|row| &row.report).filter(|row| open.may_need_rekey(row));
            // A team that ends is in no entry of the report's own: the server's hint is a state as well.
            let state = |row: &ReportRow| [&row.access_head.0[..], &[u8::from(row.rekey_pending)]].concat();
            let wanted = wanted.map(|row| (row.id, state(row)));
            let hidden = open.remembered_rekeys().into_iter().filter(|id| rows.iter().all(|row| row.report.id != *id));
            wanted.chain(hidden.map(|id| (id, Vec::new()))).filter(|one| !tried.contains(one)).collect()
        });
        if due.is_empty() || self.rekeying.get_untracked() {
            return;
        }
        self.rekeying.set(true);
        for (id, head) in due {
            self.tried.update_value(|tried| {
                tried.insert((id, head));
            });
            if !self.open_still(open) {
                break;
            }
            // What fails stays due: the report's own page says so and offers to try again.
            let _ = super::reports::rekey(open, &id).await;
        }
        self.rekeying.set(false);
        self.refresh();
    }
}
