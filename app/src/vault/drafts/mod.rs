//! Drafts of the page: the list, and the ones being written with their uploads. A draft goes on uploading while its author
//! looks at another page; locking stops it, and nothing of what is stored is lost.

mod file;
mod kept;
mod list;
mod offered;
mod saving;
mod session;
mod uploads;

use std::{cell::Cell, collections::HashMap};

use api_types::ReportId;
use client::{PatientChoice, Result, content::ReportFields};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Keys, Vault, VaultState, unsaved};
use crate::{browser, components::Toasts, t};

pub(super) use saving::saved_within;
pub use {
    file::{FileState, Stage},
    list::{DraftItem, list},
    offered::Offered,
    saving::Saving,
    session::Session,
};

thread_local! {
    static DRAFTS: Cell<Option<Drafts>> = const { Cell::new(None) };
}

/// The drafts being written; `Copy`, from [`use_drafts`].
#[derive(Clone, Copy)]
pub struct Drafts {
    sessions: StoredValue<HashMap<ReportId, Session>, LocalStorage>,
    /// Files that were dropped elsewhere and wait for a new draft.
    dropped: StoredValue<Vec<web_sys::File>, LocalStorage>,
    /// What is typed into a draft that nobody has tried to begin yet.
    unbegun: StoredValue<Option<(PatientChoice, ReportFields)>, LocalStorage>,
    /// What was typed and not saved, into drafts that somebody saved since.
    offered: RwSignal<Vec<Offered>, LocalStorage>,
    toasts: Toasts,
}

/// Makes [`use_drafts`] work below here; locking ends every draft being written.
pub fn provide_drafts(vault: Vault) {
    let drafts = Drafts {
        sessions: StoredValue::new_local(HashMap::new()),
        dropped: StoredValue::new_local(Vec::new()),
        unbegun: StoredValue::new_local(None),
        offered: RwSignal::new_local(Vec::new()),
        toasts: vault.toasts,
    };
    provide_context(drafts);
    DRAFTS.set(Some(drafts));
    Effect::new(move |_| {
        if !matches!(vault.state.get(), VaultState::Unlocked(_)) {
            for (_, session) in drafts.sessions.try_update_value(std::mem::take).unwrap_or_default() {
                session.end();
            }
            drafts.dropped.set_value(Vec::new());
            drafts.unbegun.set_value(None);
            drafts.offered.set(Vec::new());
        }
    });
}

/// The page's drafts.
pub fn use_drafts() -> Drafts {
    expect_context()
}

impl Drafts {
    /// Keeps files for the draft that is about to begin.
    pub fn drop_files(self, files: Vec<web_sys::File>) {
        self.dropped.set_value(files);
    }

    /// The files that were dropped, once.
    pub fn take_dropped(self) -> Vec<web_sys::File> {
        self.dropped.try_update_value(std::mem::take).unwrap_or_default()
    }

    /// A draft of a new report, which [`Session::begin`] stores. It has its id from now on, so that a lock which comes between keeps
    /// no second one.
    ///
    /// # Errors
    /// A patient whom this account doesn't know.
    pub fn begin(self, open: &Keys, patient: PatientChoice, fields: ReportFields) -> Result<Session> {
        let session = Session::new(open.new_report(patient, fields)?, open);
        self.unbegun.set_value(None);
        self.keep(&session);
        Ok(session)
    }

    /// Opens a draft to go on with: the one being written already, else the stored one.
    ///
    /// # Errors
    /// `not_found`, a forged draft, no connection.
    pub async fn open(self, open: &Keys, id: &ReportId) -> Result<Session> {
        if let Some(session) = self.sessions.with_value(|sessions| sessions.get(id).cloned()) {
            return Ok(session);
        }
        self.take_back(open).await;
        let session = Session::new(open.open_draft(id).await?, open);
        self.keep(&session);
        Ok(session)
    }

    /// Changes a report: goes on with what is being written, or was stored, else begins with its newest version.
    ///
    /// # Errors
    /// [`client::ClientError::NotAllowed`], [`client::ClientError::NewestUnseen`], a refusal, no connection.
    pub async fn edit(self, open: &Keys, id: &ReportId) -> Result<Session> {
        if let Some(session) = self.sessions.with_value(|sessions| sessions.get(id).cloned()) {
            if session.is_stored() || session.is_unsaved() {
                return Ok(session);
            }
            // Looked at before and left as it was: the report may have another version by now.
            self.forget(id);
        }
        self.take_back(open).await;
        let session = Session::new(open.edit_report(id).await?, open);
        self.keep(&session);
        Ok(session)
    }

    /// Forgets what was typed here and opens the stored copy.
    ///
    /// # Errors
    /// As [`Drafts::open`].
    pub async fn reload(self, open: &Keys, id: &ReportId) -> Result<Session> {
        self.forget(id);
        self.open(open, id).await
    }

    /// Changes whom a draft is about; that makes another draft of it.
    ///
    /// # Errors
    /// As [`Drafts::begin`]; no connection.
    pub async fn set_patient(self, open: &Keys, session: &Session, patient: PatientChoice) -> Result<Session> {
        let moved = Session::new(open.set_patient(&session.0.draft, patient).await?, open);
        self.forget(&session.id());
        moved.0.saving.set(Saving::Saved(browser::now()));
        self.keep(&moved);
        Ok(moved)
    }

    /// Deletes a draft with what was uploaded for it.
    ///
    /// # Errors
    /// No connection.
    pub async fn delete(self, open: &Keys, id: &ReportId) -> Result<()> {
        open.delete_draft(id).await?;
        self.forget(id);
        Ok(())
    }

    /// A draft became a report.
    pub fn forget(self, id: &ReportId) {
        if let Some(session) = self.sessions.try_update_value(|sessions| sessions.remove(id)).flatten() {
            session.end();
        }
    }

    /// Something is typed into a draft that isn't begun yet, or nothing any more.
    pub fn type_unbegun(self, typed: Option<(PatientChoice, ReportFields)>) {
        if typed.is_some() {
            unsaved::begin(self);
        }
        self.unbegun.try_set_value(typed);
    }

    /// What was typed into a draft that nobody has tried to begin yet, once.
    pub fn take_unbegun(self) -> Option<ReportFields> {
        let (_, fields) = self.unbegun.try_update_value(Option::take).flatten()?;
        Some(fields)
    }

    /// Saves what was typed last into a draft whose page was left. What can't even be begun is kept, sealed, as when the vault locks:
    /// nothing else shows it, and the browser may close before there is a connection.
    pub async fn leave(self, session: &Session) {
        let (id, account) = (session.id(), session.0.account);
        // Where the vault has locked, that has taken care of it.
        if session.is_unbegun() && self.is_written(&id) {
            kept::add(&account, session.seal());
        }
        session.save(session.fields()).await;
        let is_kept = session.is_unbegun() && kept::of(&account).iter().any(|one| one.id() == id);
        if is_kept && self.is_written(&id) {
            self.forget(&id);
            self.toasts.problem(t!(draft.typed_kept));
        }
    }

    fn is_written(self, id: &ReportId) -> bool {
        self.sessions.try_with_value(|sessions| sessions.contains_key(id)).unwrap_or_default()
    }

    fn keep(self, session: &Session) {
        unsaved::begin(self);
        self.sessions.update_value(|sessions| {
            sessions.insert(session.id(), session.clone());
        });
    }
}

impl unsaved::Writing for Drafts {
    fn keep(&self, keys: &Keys) {
        let seal = |sessions: &HashMap<_, Session>| sessions.values().filter_map(Session::seal).collect::<Vec<_>>();
        let mut sealed = self.sessions.try_with_value(seal).unwrap_or_default();
        let unbegun = self.unbegun.try_update_value(Option::take).flatten();
        sealed.extend(unbegun.and_then(|(patient, fields)| keys.unsaved_draft(patient, fields).ok()));
        kept::add(&keys.account_id(), sealed);
    }

    fn save(&self, keys: &Keys) {
        if let Some((patient, fields)) = self.unbegun.try_update_value(Option::take).flatten() {
            // It is among the others from now on.
            let _ = self.begin(keys, patient, fields);
        }
        let sessions = self.sessions.try_with_value(|sessions| sessions.values().cloned().collect::<Vec<_>>());
        for session in sessions.unwrap_or_default().into_iter().filter(|session| session.0.draft.is_unsaved()) {
            spawn_local(async move { session.save(session.fields()).await });
        }
    }
}
