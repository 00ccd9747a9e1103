//! A draft being written: what is typed, how it is saved, what it becomes.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use api_types::{AccountId, ReportId};
use client::{
    ClientError, Conflict, FieldConflict, PatientChoice, Result, Side, UnsavedDraft,
    bulk::{Cancel, Control},
    content::ReportFields,
};
use leptos::prelude::*;

use super::{
    file::{FileState, state_of},
    kept,
    saving::{Saving, UnderWay},
};
use crate::{
    browser,
    vault::{Keys, WebPlatform, explain, idle},
};

type OpenDraft = client::OpenDraft<WebPlatform>;

/// A draft being written; clones share it.
#[derive(Clone)]
pub struct Session(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub(super) account: AccountId,
    pub(super) draft: OpenDraft,
    pub(super) files: ArcRwSignal<Vec<FileState>>,
    pub(super) saving: ArcRwSignal<Saving>,
    pub(super) sources: RefCell<HashMap<u32, web_sys::File>>,
    pub(super) running: RefCell<HashMap<u32, Cancel>>,
    /// How often the server failed, of each file, since somebody asked for it.
    pub(super) failures: RefCell<HashMap<u32, u32>>,
    /// What isn't saved of it, as it is kept sealed: the vault locked, or its page was left before it began.
    kept: RefCell<Option<UnsavedDraft>>,
    pub(super) ended: Cell<bool>,
}

impl Session {
    pub(super) fn new(draft: OpenDraft, open: &Keys) -> Self {
        let files = draft.files().iter().map(state_of).collect();
        Self(Rc::new(Inner {
            account: open.account_id(),
            draft,
            files: ArcRwSignal::new(files),
            saving: ArcRwSignal::new(Saving::Nothing),
            sources: RefCell::default(),
            running: RefCell::default(),
            failures: RefCell::default(),
            kept: RefCell::default(),
            ended: Cell::new(false),
        }))
    }

    /// The id that the report will have.
    pub fn id(&self) -> ReportId {
        self.0.draft.id()
    }

    /// What was typed before.
    pub fn fields(&self) -> ReportFields {
        self.0.draft.fields()
    }

    /// Whom it is about.
    pub fn patient(&self) -> PatientChoice {
        self.0.draft.patient()
    }

    /// Its files. Follow it in views.
    pub fn files(&self) -> ArcRwSignal<Vec<FileState>> {
        self.0.files.clone()
    }

    /// How saving stands. Follow it in views.
    pub fn saving(&self) -> ArcRwSignal<Saving> {
        self.0.saving.clone()
    }

    /// Takes what is typed, at each change: where the vault locks before it is saved it is kept.
    pub fn type_in(&self, fields: &ReportFields) {
        self.0.draft.type_in(fields.clone());
    }

    /// Takes the fields and saves them. What fails is tried again with the next change, or by the page.
    pub async fn save(&self, fields: ReportFields) {
        self.0.draft.type_in(fields);
        // It shows.
        let _ = self.store().await;
    }

    /// Whether it is a new report's, and nothing of it is stored.
    pub fn is_unbegun(&self) -> bool {
        !self.is_stored() && self.base().is_none()
    }

    /// Saves it for the first time, if that is still to be done. However often that is tried, it is one draft.
    ///
    /// # Errors
    /// No connection, a draft that is too large.
    pub async fn begin(&self) -> Result<()> {
        if self.is_unbegun() { self.store().await } else { Ok(()) }
    }

    /// Saves what it holds, and shows how that stands.
    async fn store(&self) -> Result<()> {
        let _under_way = UnderWay::begin();
        self.0.saving.set(Saving::Running);
        let outcome = self.0.draft.save().await;
        if outcome.is_ok() && !self.0.draft.is_unsaved() {
            // It arrived after it was sealed.
            self.let_go();
        }
        self.0.saving.set(match &outcome {
            Ok(()) => Saving::Saved(browser::now()),
            Err(ClientError::DraftMoved) if !self.is_unbegun() => Saving::Moved,
            Err(error) => Saving::Failed(explain(error)),
        });
        outcome
    }

    /// What of it isn't saved, sealed, to be kept in the place of what was kept before.
    pub(super) fn seal(&self) -> Option<UnsavedDraft> {
        let sealed = self.0.draft.unsaved()?;
        self.let_go();
        *self.0.kept.borrow_mut() = Some(sealed.clone());
        Some(sealed)
    }

    /// What was kept of it is needed no more.
    fn let_go(&self) {
        if let Some(kept) = self.0.kept.take() {
            kept::forget(&self.0.account, &kept);
        }
    }

    /// Makes the report. Its id is the draft's.
    ///
    /// # Errors
    /// A missing field, missing files, no connection; the draft stays.
    pub async fn complete(&self, fields: ReportFields) -> Result<ReportId> {
        self.0.draft.set_fields(fields)?;
        self.0.draft.save().await?;
        let report = self.0.draft.complete().await?;
        self.end();
        Ok(report.id)
    }

    /// The version that it changes; none for a report that isn't there yet.
    pub fn base(&self) -> Option<u32> {
        self.0.draft.base()
    }

    /// Whether something of it is stored.
    pub fn is_stored(&self) -> bool {
        self.0.draft.is_stored()
    }

    /// Whether something was typed in it that is nowhere but here.
    pub(super) fn is_unsaved(&self) -> bool {
        self.0.saving.with_untracked(|saving| matches!(saving, Saving::Running | Saving::Failed(_)))
    }

    /// Saves the changes as the report's next version; gives its number.
    ///
    /// # Errors
    /// [`ClientError::VersionMoved`] if somebody saved one meanwhile, a missing field, missing files, no connection; the
    /// changes stay.
    pub async fn save_version(&self, fields: ReportFields) -> Result<u32> {
        self.0.draft.set_fields(fields)?;
        // Files may have to be sealed again, which takes a while.
        let control = Control::new(Cancel::default(), |_| idle::stay_awake());
        match self.0.draft.save_version(&control).await {
            Ok(report) => {
                self.end();
                Ok(report.latest)
            }
            Err(error) => {
                self.look_at_files();
                Err(error)
            }
        }
    }

    /// What somebody saved since the changes were begun, if anybody did.
    ///
    /// # Errors
    /// As the report's.
    pub async fn conflict(&self, fields: ReportFields) -> Result<Option<Conflict>> {
        self.0.draft.type_in(fields);
        self.0.draft.conflict().await
    }

    /// Brings that and what is typed together, at once: nothing may be saved that is of both by halves. False where something
    /// of it was typed since, or it goes on from another version by now: then look again.
    ///
    /// # Errors
    /// A field that breaks a limit, too many files.
    pub fn merge(
        &self,
        fields: ReportFields,
        conflict: &Conflict,
        choose: impl Fn(&FieldConflict) -> Side,
    ) -> Result<bool> {
        self.0.draft.set_fields(fields)?;
        if !self.0.draft.stands_as_in(conflict) {
            return Ok(false);
        }
        self.0.draft.merge(conflict, choose)?;
        self.look_at_files();
        Ok(true)
    }

    /// Stops everything; the stored draft stays.
    pub(super) fn end(&self) {
        self.0.ended.set(true);
        self.0.running.borrow().values().for_each(Cancel::cancel);
        self.0.sources.borrow_mut().clear();
    }
}
