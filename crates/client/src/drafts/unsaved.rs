//! What was typed into a draft and is nowhere but here when its vault locks: sealed at once and without the network, kept by the
//! caller on this device, and taken back once the account is open again.

use api_types::{AccountId, B64, ErrorCode, ReportId};
use crypto::{
    account::{AccountKey, open_cache, seal_cache},
    ids::PlaceholderId,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    OpenDraft, PatientChoice, ReportDraft,
    draft::{FORMAT, VERSION},
};
use crate::{
    content::ReportFields,
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    platform::{Platform, rng},
    vault::Vault,
    versions::may_change,
};

/// A draft as it was when its vault locked, sealed by the account key. Not secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsavedDraft {
    account: AccountId,
    id: ReportId,
    sealed: B64,
}

impl UnsavedDraft {
    /// Whose it is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The draft's id.
    pub fn id(&self) -> ReportId {
        self.id
    }
}

/// What became of a draft that was not saved.
pub enum TakenBack {
    /// It is saved now, as the draft of this id.
    Saved(ReportId),
    /// It had been saved all the same, or says nothing that the newest version doesn't say.
    Known,
    /// Another window or device saved the draft meanwhile: that stands, and whoever typed this takes of it what they need.
    Moved(Box<ReportFields>),
    /// None of the account's keys opens it.
    Unreadable,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Typed {
    draft: ReportDraft,
    /// The counter of the last save that was answered.
    last: Option<u64>,
    /// SHA-256 of the last save that was sent.
    sent: Option<B64>,
}

fn name(id: &ReportId) -> String {
    format!("unsaved-draft/{id}")
}

impl<P: Platform> OpenDraft<P> {
    /// What isn't saved of it, sealed; `None` if all of it is. Take it, let the keys go, and give it to [`Vault::take_back`] when the
    /// account is open again.
    pub fn unsaved(&self) -> Option<UnsavedDraft> {
        if !self.holds_changes() {
            return None;
        }
        let last = self.is_stored().then(|| self.counter());
        let sent = self.last_sent().map(|hash| B64(hash.0.to_vec()));
        self.vault().seal_typed(&Typed { draft: self.snapshot(), last, sent }).ok()
    }
}

impl<P: Platform> Vault<P> {
    /// The same of what nobody has tried to begin a draft of.
    ///
    /// # Errors
    /// None that its caller can do anything about.
    pub fn unsaved_draft(&self, patient: PatientChoice, fields: ReportFields) -> Result<UnsavedDraft> {
        let patient = match patient {
            // Its secret is made where it is begun.
            PatientChoice::New => PatientChoice::Placeholder(PlaceholderId::random(&mut rng()).api()),
            settled => settled,
        };
        self.seal_typed(&Typed { draft: self.new_draft(patient, fields)?, last: None, sent: None })
    }

    fn seal_typed(&self, typed: &Typed) -> Result<UnsavedDraft> {
        let json = serde_json::to_vec(typed).map_err(|_| ClientError::Internal("a draft does not serialise"))?;
        let (json, id) = (Zeroizing::new(json), typed.draft.id());
        let sealed = seal_cache(&self.account_key(), &self.id(), &name(&id), &json, &mut rng());
        Ok(UnsavedDraft { account: self.account_id(), id, sealed: B64(sealed) })
    }

    fn open_typed(&self, unsaved: &UnsavedDraft) -> Option<Typed> {
        let (account, name) = (self.id(), name(&unsaved.id));
        let open = |key: &AccountKey| open_cache(key, &account, &name, &unsaved.sealed.0).ok();
        let plain = self.account_keys().iter().find_map(open)?;
        let typed: Typed = serde_json::from_slice(plain.expose()).ok()?;
        let draft = &typed.draft;
        (draft.format == FORMAT && draft.version == VERSION && draft.id() == unsaved.id).then_some(typed)
    }

    /// Saves what was typed before a vault locked, where nobody saved the draft since. Repeating it is safe.
    ///
    /// # Errors
    /// A refusal, no connection, a report that one may not change any more. Keep it then.
    pub async fn take_back(&self, unsaved: &UnsavedDraft) -> Result<TakenBack> {
        let Some(typed) = self.open_typed(unsaved) else { return Ok(TakenBack::Unreadable) };
        match self.try_take_back(&typed).await {
            // Another window was quicker.
            Err(ClientError::DraftMoved) => self.try_take_back(&typed).await,
            done => done,
        }
    }

    async fn try_take_back(&self, typed: &Typed) -> Result<TakenBack> {
        let draft = &typed.draft;
        let Some((stored, counter, sealed)) = self.stored_draft(&draft.id()).await? else {
            return self.begin_again(typed).await;
        };
        let follows = typed.last == Some(counter) || typed.sent.as_ref().is_some_and(|sent| sent.0[..] == sealed.0[..]);
        let says_the_same = stored.fields == draft.fields;
        if follows && !(says_the_same && stored.files == draft.files) {
            let open = OpenDraft::stored(self.clone(), draft.clone(), counter);
            open.change(|_| true);
            open.save().await?;
            return Ok(TakenBack::Saved(open.id()));
        }
        match says_the_same {
            true => Ok(TakenBack::Known),
            false => Ok(TakenBack::Moved(Box::new(draft.fields.clone()))),
        }
    }

    /// There is no draft that it follows.
    async fn begin_again(&self, typed: &Typed) -> Result<TakenBack> {
        let draft = &typed.draft;
        let id = draft.id();
        let report = match self.report(&id).await {
            Err(e) if draft.base().is_none() && e.problem() == Some(ErrorCode::NotFound) => None,
            report => Some(report?),
        };
        let Some(report) = report else {
            return if self.may_begin(typed) { self.begin(draft).await } else { self.begin_typed(draft).await };
        };
        may_change(&report)?;
        let newest = self.version(&report, report.latest).await?;
        if draft.is_unchanged(&newest) || newest.content.fields == draft.fields {
            return Ok(TakenBack::Known);
        }
        if draft.base().is_none() {
            // It was completed elsewhere.
            return self.begin_typed(draft).await;
        }
        self.catch_up().await?;
        let next = self.next_counter(&id.crypto());
        OpenDraft::new(self.clone(), draft.clone(), next).save().await?;
        Ok(TakenBack::Saved(id))
    }

    /// Whether it can be begun as it is: as far as anybody knows it was not yet, and whom it is about is known.
    fn may_begin(&self, typed: &Typed) -> bool {
        let state = self.state();
        let known = match typed.draft.patient() {
            PatientChoice::Account(_) => true,
            PatientChoice::Placeholder(id) => state.placeholders.contains_key(&id.crypto()),
            PatientChoice::New => false,
        };
        known && typed.last.is_none() && !state.drafts.contains_key(&typed.draft.id().crypto())
    }

    /// Under its own id: where its first save arrives after all, there is one draft.
    async fn begin(&self, draft: &ReportDraft) -> Result<TakenBack> {
        let open = OpenDraft::new(self.clone(), draft.clone(), 0);
        open.save().await?;
        Ok(TakenBack::Saved(open.id()))
    }

    /// A new draft that says the same.
    async fn begin_typed(&self, draft: &ReportDraft) -> Result<TakenBack> {
        let patient = match draft.patient() {
            PatientChoice::Placeholder(id) if !self.state().placeholders.contains_key(&id.crypto()) => {
                PatientChoice::New
            }
            settled => settled,
        };
        if let PatientChoice::Account(account) = &patient
            && *account != self.account_id()
        {
            // Whom it is about may not be had again by id alone.
            self.kept_patient(draft, account)?;
        }
        let begun = self.new_report(patient, draft.fields.clone())?;
        begun.save().await?;
        Ok(TakenBack::Saved(begun.id()))
    }
}
