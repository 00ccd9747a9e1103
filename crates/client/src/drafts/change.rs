//! Changing a report that is there: a draft of its next version, saved behind the newest one.

use api_types::{B64, ErrorCode, ReportId, UploadId};
use crypto::{format::PartKey, ids::Hash32, report::Patient, secret::Secret};

use super::{
    Base, DraftFile, Kept, OpenDraft, PatientChoice, ReportDraft, UploadState, describe,
    draft::{FORMAT, VERSION},
    files,
};
use crate::{
    bulk::Control,
    content::{FileEntry, PartSecret},
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    platform::{Platform, rng},
    refusal::Refusal,
    reports::{OpenReport, OpenVersion},
    sharing::Tries,
    vault::Vault,
    versions::{Aim, NextFile, NextVersion, Uploaded, known_files, may_change},
};

/// A file that stays as a version has it.
pub(super) fn kept(part: u32, file: &FileEntry, content: &Hash32) -> DraftFile {
    DraftFile {
        part,
        name: file.name.clone(),
        size: file.size,
        file_type: file.file_type,
        state: UploadState::Done,
        upload: UploadId([0; 16]),
        salt: B64::default(),
        commitment: B64::default(),
        plain: Vec::new(),
        cipher: Vec::new(),
        version: 0,
        kept: Some(Kept { part: file.part, content: B64(content.0.to_vec()) }),
    }
}

impl<P: Platform> Vault<P> {
    /// Goes on changing a report, or begins to: the own draft of its next version. It isn't stored before something was
    /// changed. Where somebody has saved a version since it was begun, [`OpenDraft::conflict`] tells.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] for whoever may only read, [`ClientError::NewestUnseen`], a refusal, no connection.
    pub async fn edit_report(&self, id: &ReportId) -> Result<OpenDraft<P>> {
        let open = self.report(id).await?;
        may_change(&open)?;
        match self.open_draft(id).await {
            Ok(draft) if draft.base().is_some() => return Ok(draft),
            // A copy from before the report was there.
            Ok(_) => return Err(Refusal::DraftForged.into()),
            Err(e) if e.problem() == Some(ErrorCode::NotFound) => {}
            Err(e) => return Err(e),
        }
        let version = self.version(&open, open.latest).await?;
        // Another device may have had drafts of it, and a clock that is ahead of this one's.
        self.catch_up().await?;
        let next = self.next_counter(&id.crypto());
        Ok(OpenDraft::new(self.clone(), self.change_of(&open, &version), next))
    }

    fn change_of(&self, open: &OpenReport, version: &OpenVersion) -> ReportDraft {
        let content_key: Secret<32> = Secret::random(&mut rng());
        let patient = match open.access.genesis.claimed().patient {
            Patient::Account(id) => PatientChoice::Account(id.api()),
            Patient::Placeholder(id) => PatientChoice::Placeholder(id.api()),
        };
        ReportDraft {
            format: FORMAT.to_owned(),
            version: VERSION,
            fields: version.content.fields.clone(),
            patient,
            patient_records: Vec::new(),
            files: known_files(version).iter().map(|(file, content)| kept(file.part, file, content)).collect(),
            genesis: B64::from(open.access.genesis.as_bytes()),
            content_key: B64(content_key.expose().to_vec()),
            created_at: self.signing_time(),
            base: Some(Base { version: version.info.version, sent: Vec::new() }),
        }
    }
}

impl ReportDraft {
    /// The files as the next version takes them.
    fn next_files(&self) -> Result<Vec<NextFile>> {
        self.files().iter().map(|file| self.next_file(file)).collect()
    }

    fn next_file(&self, file: &DraftFile) -> Result<NextFile> {
        let entry = |part: u32| FileEntry { part, name: file.name.clone(), size: file.size, file_type: file.file_type };
        if let Some(kept) = &file.kept {
            return Ok(NextFile::Kept(entry(kept.part)));
        }
        let header = files::header(file)?;
        let key = PartKey::for_header(&self.content_key()?, &header, &self.place_of(file).context());
        let secret = PartSecret(key.map_err(|_| Refusal::DraftForged)?.secret());
        let (entry, upload, sealed) = (entry(file.part), file.upload, describe(file)?);
        Ok(NextFile::Uploaded(Box::new(Uploaded { entry, upload, secret, sealed })))
    }

    /// Whether it holds what the version holds that it changes.
    pub(super) fn is_unchanged(&self, version: &OpenVersion) -> bool {
        let there = &version.content.files;
        let stays = |file: &DraftFile| {
            let part = file.kept.as_ref().map(|kept| kept.part);
            there.iter().any(|known| Some(known.part) == part && known.name == file.name)
        };
        self.fields == version.content.fields && self.files.len() == there.len() && self.files.iter().all(stays)
    }
}

impl<P: Platform> OpenDraft<P> {
    /// The version that it changes; none for a report that isn't there yet.
    pub fn base(&self) -> Option<u32> {
        self.lock().base()
    }

    /// Saves the draft as the report's next version. Repeating it after a lost connection is safe. The draft is kept on every
    /// error.
    ///
    /// # Errors
    /// [`ClientError::VersionMoved`] if somebody saved one meanwhile: look at [`OpenDraft::conflict`], and save again once it is
    /// merged. [`ClientError::Unchanged`], a field that is missing, [`ClientError::FilesMissing`], a refusal, no connection.
    pub async fn save_version(&self, control: &Control) -> Result<OpenReport> {
        if self.settle().await?.is_some() {
            return self.has_become().await;
        }
        let mut tries = Tries::default();
        loop {
            match self.try_version(control).await {
                Ok(()) => return self.has_become().await,
                Err(e) if is_forgotten(&e) => return Err(self.forgotten().await?.unwrap_or(e)),
                Err(e) => tries.again(e)?,
            }
        }
    }

    async fn try_version(&self, control: &Control) -> Result<()> {
        let (vault, id) = (self.vault(), self.id());
        let base = self.base().ok_or(ClientError::Internal("a draft changes no version"))?;
        check_whole(&self.snapshot())?;
        let open = match vault.report_to_change(&id, base).await {
            Ok(open) => open,
            // It is kept, whatever stands in its way.
            Err(e) => {
                self.save().await?;
                return Err(e);
            }
        };
        self.seal_again(&open).await?;
        let source = vault.version(&open, base).await?;
        if self.snapshot().is_unchanged(&source) {
            return Err(ClientError::Unchanged);
        }
        self.note_sent(&open);
        self.save().await?;
        let draft = self.snapshot();
        check_whole(&draft)?;
        let counter = self.counter();
        let (files, fields) = (draft.next_files()?, draft.fields.clone());
        let next = NextVersion { fields, files, restores: None, draft: Some(counter) };
        let built = vault.build_version(&open, Some(&source), &next, Aim::Draft(counter), control).await?;
        let version = built.body.version;
        vault.send_version(&id, built).await?;
        self.became(Some((version, counter)));
        Ok(())
    }

    /// The report, now that the draft is one of its versions.
    async fn has_become(&self) -> Result<OpenReport> {
        if let Some((_, counter)) = self.known_to_be() {
            self.ended(counter);
        }
        self.vault().report(&self.id()).await
    }

    /// What became of a save whose answer was lost. The version that the draft is, if it is one as it stands; what was typed
    /// since goes on from that version.
    pub(super) async fn settle(&self) -> Result<Option<u32>> {
        if self.base().is_none() {
            return Ok(None);
        }
        if let Some(taken) = self.vault().settle_version(&self.id()).await?
            && let Aim::Draft(counter) = taken.aim
        {
            self.became(Some((taken.body.version, counter)));
        }
        match self.known_to_be() {
            Some((version, counter)) if counter == self.counter() && !self.is_unsaved() => Ok(Some(version)),
            Some((version, counter)) => {
                self.go_on_from(version).await?;
                self.ended(counter);
                self.became(None);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Changes a version that this draft became: what was uploaded for it is that version's now.
    async fn go_on_from(&self, version: u32) -> Result<()> {
        let vault = self.vault();
        let open = vault.report(&self.id()).await?;
        let version = vault.version(&open, version).await?;
        let mut there = known_files(&version);
        let mut taken = |file: &DraftFile| {
            let content = file.content().ok().flatten()?;
            let at = there.iter().position(|(known, of)| known.name == file.name && *of == content)?;
            let (known, content) = there.remove(at);
            Some(kept(file.part, &known, &content))
        };
        self.change(|draft| {
            let files = std::mem::take(&mut draft.files);
            // What stayed from the version before and isn't there was taken out of it.
            let now = |file: DraftFile| taken(&file).or_else(|| (!file.is_kept()).then_some(file));
            draft.files = files.into_iter().filter_map(now).collect();
            draft.base = Some(Base { version: version.info.version, sent: Vec::new() });
            true
        });
        Ok(())
    }

    /// A version that was sent and refused may have been kept, with the keys of its files, for those who had access then. If
    /// one of them has lost it, what was uploaded is sealed again before it is part of a version.
    async fn seal_again(&self, open: &OpenReport) -> Result<()> {
        let lost = |(version, seq): &(u32, u64)| open.access.was_lost(*version, *seq);
        let sent = self.lock().base.as_ref().is_some_and(|base| base.sent.iter().any(lost));
        if !sent {
            return Ok(());
        }
        let own = self.uploads();
        for part in &own {
            self.seal_anew(*part).await?;
        }
        self.change(|draft| match &mut draft.base {
            Some(base) => !std::mem::take(&mut base.sent).is_empty(),
            None => false,
        });
        self.save().await?;
        match own.len() {
            0 => Ok(()),
            count => Err(ClientError::FilesMissing { count }),
        }
    }

    /// Notes, before a version is sent, for whom.
    fn note_sent(&self, open: &OpenReport) {
        let sent = (open.latest.saturating_add(1), open.access.state.seq());
        self.change(|draft| match &mut draft.base {
            Some(base) if draft.files.iter().any(|file| !file.is_kept()) && !base.sent.contains(&sent) => {
                base.sent.push(sent);
                true
            }
            _ => false,
        });
    }

    /// The files that were uploaded for this draft.
    fn uploads(&self) -> Vec<u32> {
        self.lock().files().iter().filter(|file| !file.is_kept()).map(|file| file.part).collect()
    }

    /// Whether the server has forgotten uploads, which begin anew, or lacks segments of them, which are sent again.
    pub(super) async fn forgotten(&self) -> Result<Option<ClientError>> {
        for part in self.uploads() {
            self.received(part).await?;
        }
        let count = self.lock().unfinished().count();
        Ok((count > 0).then_some(ClientError::FilesMissing { count }))
    }
}

/// Whether a server says that it lacks something that was uploaded.
pub(super) fn is_forgotten(error: &ClientError) -> bool {
    matches!(error.problem(), Some(ErrorCode::Gone | ErrorCode::UploadIncomplete))
}

fn check_whole(draft: &ReportDraft) -> Result<()> {
    draft.fields.check_complete()?;
    match draft.unfinished().count() {
        0 => Ok(()),
        count => Err(ClientError::FilesMissing { count }),
    }
}
