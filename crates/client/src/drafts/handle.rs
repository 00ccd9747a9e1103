//! [`OpenDraft`]: a draft that several tasks of a page work on: typing, saving, uploads side by side.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use api_types::{B64, ErrorCode, ReportId, UploadId, drafts::PutDraft, limits::DRAFT_MAX};
use crypto::{encoding::sha256, ids::Hash32, report::seal_draft};

use super::{DraftFile, PatientChoice, ReportDraft};
use crate::{
    content::{Field, FieldProblem, ReportFields, wrong},
    error::{ClientError, Result},
    ids::ToCrypto,
    platform::{Platform, rng},
    vault::Vault,
};

/// A draft being worked on. Clones share it.
pub struct OpenDraft<P: Platform>(Arc<Inner<P>>);

impl<P: Platform> Clone for OpenDraft<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<P: Platform> {
    vault: Vault<P>,
    id: ReportId,
    draft: Mutex<ReportDraft>,
    /// Counter of the next save. It never falls, not even from one draft of a report to the next.
    next: AtomicU64,
    /// Whether something of it is stored.
    stored: AtomicBool,
    /// Changes made, and changes saved.
    made: AtomicU64,
    saved: AtomicU64,
    /// One save at a time, and the last one if its answer was lost.
    saving: futures::lock::Mutex<Option<Attempt>>,
    /// SHA-256 of the last save that was sent.
    sent: Mutex<Option<Hash32>>,
    /// The version that it is known to have become, and its counter then.
    became: Mutex<Option<(u32, u64)>>,
    /// Uploads that nothing refers to: their file was given up before it was saved.
    left: Mutex<Vec<UploadId>>,
}

/// A save that the server may have taken. Sent again as it is: sealed anew it would be another draft with its counter.
#[derive(Clone)]
struct Attempt {
    /// Changes that are in it.
    made: u64,
    counter: u64,
    /// Whether nothing was stored that it follows.
    begins: bool,
    sealed: Vec<u8>,
}

impl<P: Platform> OpenDraft<P> {
    /// A handle of a draft that isn't stored yet; `next` is the counter of its first save.
    pub(super) fn new(vault: Vault<P>, draft: ReportDraft, next: u64) -> Self {
        Self::with(vault, draft, next, false)
    }

    /// A handle of a stored draft; `counter` is that of its last save.
    pub(super) fn stored(vault: Vault<P>, draft: ReportDraft, counter: u64) -> Self {
        Self::with(vault, draft, counter.saturating_add(1), true)
    }

    fn with(vault: Vault<P>, draft: ReportDraft, next: u64, stored: bool) -> Self {
        Self(Arc::new(Inner {
            vault,
            id: draft.id(),
            draft: Mutex::new(draft),
            next: AtomicU64::new(next),
            stored: AtomicBool::new(stored),
            made: AtomicU64::new(u64::from(!stored)),
            saved: AtomicU64::new(0),
            saving: futures::lock::Mutex::new(None),
            sent: Mutex::new(None),
            became: Mutex::new(None),
            left: Mutex::default(),
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, ReportDraft> {
        self.0.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn left(&self) -> MutexGuard<'_, Vec<UploadId>> {
        self.0.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn vault(&self) -> &Vault<P> {
        &self.0.vault
    }

    /// The id that the report will have.
    pub fn id(&self) -> ReportId {
        self.0.id
    }

    /// As it is now.
    pub fn snapshot(&self) -> ReportDraft {
        self.lock().clone()
    }

    /// What was typed.
    pub fn fields(&self) -> ReportFields {
        self.lock().fields.clone()
    }

    /// Whom it is about.
    pub fn patient(&self) -> PatientChoice {
        self.lock().patient()
    }

    /// Its files.
    pub fn files(&self) -> Vec<DraftFile> {
        self.lock().files().to_vec()
    }

    /// Takes what was typed; [`OpenDraft::save`] sends it.
    ///
    /// # Errors
    /// The first field that breaks a limit; the draft stays as it was.
    pub fn set_fields(&self, fields: ReportFields) -> Result<()> {
        fields.check()?;
        self.type_in(fields);
        Ok(())
    }

    /// Takes what is being typed, whatever limit it breaks: it is kept and saved like any other, and refused by name where it is to
    /// become a version.
    pub fn type_in(&self, fields: ReportFields) {
        self.change(|draft| {
            let changed = draft.fields != fields;
            draft.fields = fields;
            changed
        });
    }

    /// Whether something isn't saved yet.
    pub fn is_unsaved(&self) -> bool {
        self.0.made.load(Ordering::Acquire) != self.0.saved.load(Ordering::Acquire)
    }

    /// Whether something was changed that isn't saved. One that isn't stored counts as unsaved before anything is: of a new report
    /// it says whether something was typed.
    pub(super) fn holds_changes(&self) -> bool {
        let changed = || match self.base() {
            Some(_) => self.0.made.load(Ordering::Acquire) > 1,
            None => self.fields() != ReportFields::default(),
        };
        self.is_unsaved() && (self.is_stored() || changed())
    }

    pub(super) fn last_sent(&self) -> Option<Hash32> {
        *self.0.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the draft; the closure says whether it did.
    pub(super) fn change(&self, change: impl FnOnce(&mut ReportDraft) -> bool) {
        let mut draft = self.lock();
        if change(&mut draft) {
            self.0.made.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Whether something of it is stored.
    pub fn is_stored(&self) -> bool {
        self.0.stored.load(Ordering::Acquire)
    }

    /// The counter of its last save.
    pub(super) fn counter(&self) -> u64 {
        self.0.next.load(Ordering::Acquire).saturating_sub(1)
    }

    /// Notes that it became a version, with its counter then.
    pub(super) fn became(&self, version: Option<(u32, u64)>) {
        *self.0.became.lock().unwrap_or_else(PoisonError::into_inner) = version;
    }

    pub(super) fn known_to_be(&self) -> Option<(u32, u64)> {
        *self.0.became.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was saved under this counter is a version now, and no draft any more. What was saved since stays one.
    pub(super) fn ended(&self, counter: u64) {
        self.0.vault.saw_draft(self.0.id.crypto(), counter.saturating_add(1));
        if counter == self.counter() {
            self.0.stored.store(false, Ordering::Release);
        }
    }

    /// Saves what changed since the last save. Calls at the same time share one request.
    ///
    /// # Errors
    /// [`ClientError::DraftMoved`] if another window saved it, a draft that is too large, or no connection: the draft stays
    /// in memory, try again.
    pub async fn save(&self) -> Result<()> {
        if !self.is_stored() && self.base().is_none() {
            // The secret of a patient must be safe before anything is sealed that only it opens.
            self.vault().save_state().await?;
        }
        self.save_changes().await?;
        self.clear_left().await;
        Ok(())
    }

    async fn save_changes(&self) -> Result<()> {
        // What was saved as a version meanwhile is no draft any more.
        self.settle().await?;
        let wanted = self.0.made.load(Ordering::Acquire);
        let mut unanswered = self.0.saving.lock().await;
        if let Some(attempt) = unanswered.clone() {
            let begins = attempt.begins;
            match self.send(&mut unanswered, attempt).await {
                // It didn't arrive, and what it was to follow is a version by now.
                Err(ClientError::DraftMoved) if !begins && !self.is_stored() => {}
                answer => answer?,
            }
        }
        if self.0.saved.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let attempt = self.seal()?;
        self.send(&mut unanswered, attempt).await
    }

    /// The draft as it is now, sealed for its next counter.
    fn seal(&self) -> Result<Attempt> {
        let (made, json) = {
            let draft = self.lock();
            let json = serde_json::to_vec(&*draft).map_err(|_| ClientError::Internal("a draft does not serialise"))?;
            (self.0.made.load(Ordering::Acquire), zeroize::Zeroizing::new(json))
        };
        let counter = self.0.next.load(Ordering::Acquire);
        let begins = !self.is_stored();
        let key = self.0.vault.account_key();
        let sealed = seal_draft(&key, &self.0.id.crypto(), counter, &json, &mut rng());
        if sealed.len() > DRAFT_MAX {
            return Err(wrong(Field::Report, FieldProblem::TooLarge(DRAFT_MAX as u64)).into());
        }
        Ok(Attempt { made, counter, begins, sealed })
    }

    /// Sends a save; kept until an answer says what became of it.
    async fn send(&self, unanswered: &mut Option<Attempt>, attempt: Attempt) -> Result<()> {
        let Attempt { made, counter, begins, sealed } = unanswered.insert(attempt).clone();
        *self.0.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some(sha256(&sealed));
        let vault = &self.0.vault;
        let answer = vault.api().put_draft(&self.0.id, &PutDraft { sealed: B64(sealed), counter, begins }).await;
        if !answer.as_ref().is_err_and(is_open) {
            *unanswered = None;
        }
        answer.map_err(moved)?;
        self.0.next.store(counter + 1, Ordering::Release);
        self.0.stored.store(true, Ordering::Release);
        self.0.saved.store(made, Ordering::Release);
        vault.saw_draft(self.0.id.crypto(), counter);
        Ok(())
    }
}

/// Whether what was asked may have been done all the same, by this request or by the one before it: the session that ended
/// meanwhile says nothing about either.
pub(crate) fn is_open(e: &ClientError) -> bool {
    let unheard = matches!(e, ClientError::Transport(_) | ClientError::Answer { .. });
    unheard || e.is_transient() || e.problem() == Some(ErrorCode::SignedOut)
}

fn moved(e: ClientError) -> ClientError {
    match e.problem() {
        Some(ErrorCode::CounterStale | ErrorCode::Conflict) => ClientError::DraftMoved,
        _ => e,
    }
}
