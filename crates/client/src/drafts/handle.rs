//! [`OpenDraft`]: a draft that several tasks of a page work on: typing, saving, uploads side by side.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use api_types::{B64, ErrorCode, ReportId, drafts::PutDraft, limits::DRAFT_MAX};
use crypto::report::seal_draft;

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
    /// Counter of the next save.
    next: AtomicU64,
    /// Changes made, and changes saved.
    made: AtomicU64,
    saved: AtomicU64,
    saving: futures::lock::Mutex<()>,
}

impl<P: Platform> OpenDraft<P> {
    /// A handle; `next` is the counter of its next save, 0 for a new draft.
    pub(super) fn new(vault: Vault<P>, draft: ReportDraft, next: u64) -> Self {
        Self(Arc::new(Inner {
            vault,
            id: draft.id(),
            draft: Mutex::new(draft),
            next: AtomicU64::new(next),
            made: AtomicU64::new(u64::from(next == 0)),
            saved: AtomicU64::new(0),
            saving: futures::lock::Mutex::new(()),
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, ReportDraft> {
        self.0.draft.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.change(|draft| {
            let changed = draft.fields != fields;
            draft.fields = fields;
            changed
        });
        Ok(())
    }

    /// Whether something isn't saved yet.
    pub fn is_unsaved(&self) -> bool {
        self.0.made.load(Ordering::Acquire) != self.0.saved.load(Ordering::Acquire)
    }

    /// Changes the draft; the closure says whether it did.
    pub(super) fn change(&self, change: impl FnOnce(&mut ReportDraft) -> bool) {
        let mut draft = self.lock();
        if change(&mut draft) {
            self.0.made.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Saves what changed since the last save. Calls at the same time share one request.
    ///
    /// # Errors
    /// [`ClientError::DraftMoved`] if another window saved it, a draft that is too large, or no connection: the draft stays
    /// in memory, try again.
    pub async fn save(&self) -> Result<()> {
        let wanted = self.0.made.load(Ordering::Acquire);
        let _one_at_a_time = self.0.saving.lock().await;
        if self.0.saved.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let (made, json) = {
            let draft = self.lock();
            let json = serde_json::to_vec(&*draft).map_err(|_| ClientError::Internal("a draft does not serialise"))?;
            (self.0.made.load(Ordering::Acquire), zeroize::Zeroizing::new(json))
        };
        let counter = self.0.next.load(Ordering::Acquire);
        let vault = &self.0.vault;
        let sealed = seal_draft(vault.account_key(), &self.0.id.crypto(), counter, &json, &mut rng());
        if sealed.len() > DRAFT_MAX {
            return Err(wrong(Field::Report, FieldProblem::TooLarge(DRAFT_MAX as u64)).into());
        }
        vault.api().put_draft(&self.0.id, &PutDraft { sealed: B64(sealed), counter }).await.map_err(moved)?;
        self.0.next.store(counter + 1, Ordering::Release);
        self.0.saved.store(made, Ordering::Release);
        vault.state().drafts.insert(self.0.id.crypto(), counter);
        vault.touch();
        Ok(())
    }
}

fn moved(e: ClientError) -> ClientError {
    match e.problem() {
        Some(ErrorCode::CounterStale | ErrorCode::Conflict) => ClientError::DraftMoved,
        _ => e,
    }
}
