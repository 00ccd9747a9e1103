//! Beginning, listing, opening and deleting drafts.

use api_types::{B64, ErrorCode, ReportId, drafts::Draft};
use crypto::{
    encoding::sha256,
    grant::InvitationSecret,
    ids::{Hash32, PlaceholderId, ReportId as CryptoReportId},
    report::{Genesis, Patient, open_draft},
    secret::Secret,
    sign::Signed,
};

use super::{
    DraftRow, OpenDraft, PatientChoice, ReportDraft,
    draft::{FORMAT, VERSION},
};
use crate::{
    content::ReportFields,
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    platform::{Platform, rng},
    refusal::Refusal,
    vault::Vault,
};

impl<P: Platform> Vault<P> {
    /// Begins a draft about a patient and saves it ([`Vault::new_report`]).
    ///
    /// # Errors
    /// A field that breaks a limit; no connection.
    pub async fn begin_draft(&self, patient: PatientChoice, fields: ReportFields) -> Result<OpenDraft<P>> {
        fields.check()?;
        let draft = self.new_report(patient, fields)?;
        draft.save().await?;
        Ok(draft)
    }

    /// A draft about a patient, with the id that its report will have; [`OpenDraft::save`] stores it, however often that takes. For a
    /// patient without an account it also makes the secret by which they will claim their reports.
    ///
    /// # Errors
    /// A patient whom this account doesn't know.
    pub fn new_report(&self, patient: PatientChoice, fields: ReportFields) -> Result<OpenDraft<P>> {
        let patient = self.settle_patient(patient)?;
        Ok(OpenDraft::new(self.clone(), self.new_draft(patient, fields)?, 0))
    }

    /// Gives a patient without an account a placeholder.
    fn settle_patient(&self, patient: PatientChoice) -> Result<PatientChoice> {
        match patient {
            PatientChoice::Account(_) => Ok(patient),
            PatientChoice::Placeholder(id) if self.state().placeholders.contains_key(&id.crypto()) => Ok(patient),
            PatientChoice::Placeholder(_) => Err(ClientError::Missing { what: "That patient" }),
            PatientChoice::New => {
                let id = PlaceholderId::random(&mut rng());
                self.state().placeholders.insert(id, InvitationSecret::generate(&mut rng()));
                self.touch();
                Ok(PatientChoice::Placeholder(id.api()))
            }
        }
    }

    /// The key records of a patient whom this session has looked up.
    fn records_of(&self, patient: PatientChoice) -> Vec<B64> {
        let PatientChoice::Account(id) = patient else { return Vec::new() };
        let people = self.people();
        let chain = people.0.get(&id.crypto());
        chain
            .map(|chain| chain.records().iter().map(|record| B64::from(record.as_bytes())).collect())
            .unwrap_or_default()
    }

    pub(super) fn new_draft(&self, patient: PatientChoice, fields: ReportFields) -> Result<ReportDraft> {
        let mut random = [0; 32];
        crypto::rand_core::Rng::fill_bytes(&mut rng(), &mut random);
        let about = match patient {
            PatientChoice::Account(id) => Patient::Account(id.crypto()),
            PatientChoice::Placeholder(id) => Patient::Placeholder(id.crypto()),
            PatientChoice::New => return Err(ClientError::Internal("a patient was not settled")),
        };
        let keyring = self.keyring();
        let keys = keyring.current();
        let now = self.signing_time();
        let genesis = Genesis { creator: self.id(), epoch: keys.epoch, patient: about, time: now, random };
        let content_key: Secret<32> = Secret::random(&mut rng());
        Ok(ReportDraft {
            format: FORMAT.to_owned(),
            version: VERSION,
            fields,
            patient,
            patient_records: self.records_of(patient),
            files: Vec::new(),
            genesis: B64::from(Signed::sign(genesis, &keys.signing).as_bytes()),
            content_key: B64(content_key.expose().to_vec()),
            created_at: now,
            base: None,
        })
    }

    /// Changes whom a draft is about. The report's id depends on it, so a new draft takes the old one's fields; uploaded
    /// files must be added again.
    ///
    /// # Errors
    /// As [`Vault::begin_draft`].
    pub async fn set_patient(&self, draft: &OpenDraft<P>, patient: PatientChoice) -> Result<OpenDraft<P>> {
        if patient == draft.patient() {
            return Ok(draft.clone());
        }
        // A report that is there stays whose it is.
        if draft.base().is_some() {
            return Err(ClientError::NotAllowed);
        }
        let new = self.new_report(patient, draft.fields())?;
        new.save().await?;
        self.delete_draft(&draft.id()).await?;
        Ok(new)
    }

    /// All drafts, newest first. One that is refused doesn't hide the others.
    ///
    /// # Errors
    /// No connection.
    pub async fn drafts(&self) -> Result<Vec<DraftRow>> {
        // What is saved while the list is on its way makes none of it old.
        let seen = self.state().drafts.clone();
        let list = self.api().list_drafts().await?;
        let seen = |item: &Draft| seen.get(&item.id.crypto()).copied().unwrap_or(0);
        let row = |item: &Draft| DraftRow {
            id: item.id,
            updated_at: item.updated_at,
            draft: self.read_draft(item, seen(item)).map(|(draft, _)| draft),
        };
        Ok(list.items.iter().map(row).collect())
    }

    /// Opens a draft to go on with it.
    ///
    /// # Errors
    /// [`Refusal::DraftForged`] for an old or foreign one; `not_found`; no connection.
    pub async fn open_draft(&self, id: &ReportId) -> Result<OpenDraft<P>> {
        let seen = self.state().drafts.get(&id.crypto()).copied().unwrap_or(0);
        let item = self.api().get_draft(id).await?;
        if item.id != *id {
            return Err(Refusal::OtherThing.into());
        }
        let (draft, counter) = self.read_draft(&item, seen)?;
        Ok(OpenDraft::stored(self.clone(), draft, counter))
    }

    /// The stored copy, its counter, and SHA-256 of how it is sealed; none where there is none.
    pub(super) async fn stored_draft(&self, id: &ReportId) -> Result<Option<(ReportDraft, u64, Hash32)>> {
        let seen = self.state().drafts.get(&id.crypto()).copied().unwrap_or(0);
        let item = match self.api().get_draft(id).await {
            Err(e) if e.problem() == Some(ErrorCode::NotFound) => return Ok(None),
            item => item?,
        };
        if item.id != *id {
            return Err(Refusal::OtherThing.into());
        }
        let (draft, counter) = self.read_draft(&item, seen)?;
        Ok(Some((draft, counter, sha256(&item.sealed.0))))
    }

    /// `seen`: the counter that was known when it was asked for.
    fn read_draft(&self, item: &Draft, seen: u64) -> Result<(ReportDraft, u64)> {
        let id = item.id.crypto();
        let opened = self
            .account_keys()
            .iter()
            .find_map(|key| open_draft(key, &id, seen, &item.sealed.0).ok())
            .ok_or(Refusal::DraftForged)?;
        let (counter, plain) = opened;
        let draft: ReportDraft = serde_json::from_slice(plain.expose()).map_err(|_| Refusal::DraftForged)?;
        if draft.format != FORMAT || draft.version != VERSION {
            return Err(Refusal::ContentFormat(format!("draft version {}", draft.version)).into());
        }
        if draft.id() != item.id || counter != item.counter {
            return Err(Refusal::DraftForged.into());
        }
        self.saw_draft(id, counter);
        Ok((draft, counter))
    }

    /// From now on an older copy of it is refused.
    pub(super) fn saw_draft(&self, id: CryptoReportId, counter: u64) {
        if self.state().saw_draft(id, counter) {
            self.touch();
        }
    }

    /// The counter by which another draft of a report begins: above all that there were. What another device made and this one
    /// hasn't heard of is mostly below the time, whatever one's own clock says; [`Vault::catch_up`] before makes it sure.
    pub(super) fn next_counter(&self, id: &CryptoReportId) -> u64 {
        let known = self.state().drafts.get(id).map_or(0, |known| known.saturating_add(1));
        known.max(u64::try_from(self.signing_time()).unwrap_or(0))
    }

    /// Deletes a draft with its uploads.
    ///
    /// # Errors
    /// No connection. Deleting what is gone is fine.
    pub async fn delete_draft(&self, id: &ReportId) -> Result<()> {
        match self.api().delete_draft(id).await {
            Err(e) if e.problem() != Some(ErrorCode::NotFound) => return Err(e),
            _ => {}
        }
        let forgotten = self.state().drop_draft(&id.crypto());
        if forgotten {
            self.touch();
            // Where another device begins the next draft of it, it must know of this one.
            self.save_state_soon().await;
        }
        Ok(())
    }
}
