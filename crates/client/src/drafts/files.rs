//! Files of a draft: added, uploaded, resumed, removed.

use api_types::{
    B64, ErrorCode, UploadId,
    limits::{FILE_MAX, FILES_MAX, FILES_TOTAL_MAX},
    uploads::{CreateUpload, Upload},
};
use crypto::format::{Geometry, PartHeader, PartKey};

use super::{DraftFile, OpenDraft, UploadState, ledger::FileLedger};
use crate::{
    bulk::{Bulk, Control, SealJob},
    content::{Field, FieldProblem, FileType, check_file_name, wrong},
    error::{ClientError, Result},
    platform::{Platform, rng},
    refusal::Refusal,
    vault::Vault,
};

type Source<P> = <<P as Platform>::Bulk as Bulk>::Source;

fn geometry(len: u64) -> Result<Geometry> {
    if len > FILE_MAX {
        return Err(wrong(Field::FileSize, FieldProblem::TooLarge(FILE_MAX)).into());
    }
    Geometry::of_plaintext(len).map_err(|_| wrong(Field::FileSize, FieldProblem::TooLarge(FILE_MAX)).into())
}

/// Checks that an upload is the one asked for.
fn check_upload(upload: &Upload, asked: &CreateUpload, geometry: &Geometry) -> Result<()> {
    let same = upload.report_id == asked.report_id
        && (upload.version, upload.revision, upload.part) == (asked.version, asked.revision, asked.part)
        && upload.ciphertext_len == asked.ciphertext_len
        && u64::from(upload.segments) == geometry.segments();
    if same { Ok(()) } else { Err(Refusal::OtherThing.into()) }
}

/// Asks for an upload.
pub(crate) async fn create_upload<P: Platform>(
    vault: &Vault<P>,
    asked: &CreateUpload,
    geometry: &Geometry,
) -> Result<Upload> {
    let upload = vault.api().create_upload(asked).await?;
    check_upload(&upload, asked, geometry)?;
    Ok(upload)
}

impl<P: Platform> OpenDraft<P> {
    /// Adds a file and uploads it. An error keeps the file in the draft: go on with [`OpenDraft::resume_file`].
    /// Returns its part number.
    ///
    /// # Errors
    /// A name or size that breaks a limit (then nothing was added), [`ClientError::Cancelled`], [`ClientError::Source`],
    /// no connection.
    pub async fn add_file(&self, name: &str, source: &Source<P>, control: &Control) -> Result<u32> {
        let part = self.prepare_file(name, source).await?;
        self.upload(part, source, control).await?;
        Ok(part)
    }

    /// Adds a file without uploading it yet, so that a page can show it at once; [`OpenDraft::resume_file`] uploads.
    ///
    /// # Errors
    /// As [`OpenDraft::add_file`].
    pub async fn prepare_file(&self, name: &str, source: &Source<P>) -> Result<u32> {
        let name = name.trim();
        check_file_name(name)?;
        let (size, file_type) = self.look_at(source).await?;
        let part = self.reserve(name, size, file_type)?;
        let upload = match self.begin_anew(part, size, file_type).await {
            Ok(upload) => upload,
            Err(e) => {
                self.forget(part);
                return Err(e);
            }
        };
        if let Err(e) = self.save().await {
            self.forget(part);
            self.give_back(upload, &e).await;
            return Err(e);
        }
        Ok(part)
    }

    /// Size and type of a file that may be added.
    async fn look_at(&self, source: &Source<P>) -> Result<(u64, FileType)> {
        let bulk = self.vault().platform().bulk();
        let size = bulk.len(source).await?;
        geometry(size)?;
        let head = bulk.head(source, FileType::SNIFF_LEN).await?;
        Ok((size, FileType::sniff(&head, head.len() as u64 == size)))
    }

    /// Takes the lowest free part number.
    fn reserve(&self, name: &str, size: u64, file_type: FileType) -> Result<u32> {
        let mut taken = Err(wrong(Field::Files, FieldProblem::TooMany(FILES_MAX)).into());
        self.change(|draft| {
            let free = (1..=FILES_MAX as u32).find(|n| draft.files.iter().all(|f| f.part != *n));
            let Some(part) = free else { return false };
            let version = draft.next_version();
            if let Err(e) = check_total(draft, part, size) {
                taken = Err(e);
                return false;
            }
            draft.files.push(DraftFile {
                part,
                name: name.to_owned(),
                size,
                file_type,
                state: UploadState::Started,
                upload: UploadId([0; 16]),
                salt: B64::default(),
                commitment: B64::default(),
                plain: Vec::new(),
                cipher: Vec::new(),
                version,
                kept: None,
            });
            draft.files.sort_by_key(|f| f.part);
            taken = Ok(part);
            true
        });
        taken
    }

    fn forget(&self, part: u32) {
        self.change(|draft| {
            let before = draft.files.len();
            draft.files.retain(|f| f.part != part);
            draft.files.len() != before
        });
    }

    fn asked(&self, (part, version): (u32, u32), size: u64) -> Result<(CreateUpload, Geometry)> {
        let geometry = geometry(size)?;
        let asked = CreateUpload {
            report_id: self.id(),
            version,
            revision: 0,
            part,
            ciphertext_len: geometry.ciphertext_len(),
        };
        Ok((asked, geometry))
    }

    /// A new salt and a new upload: nothing was sealed under them yet.
    pub(crate) async fn restart(&self, part: u32, size: u64, file_type: FileType) -> Result<()> {
        self.begin_anew(part, size, file_type).await?;
        self.save().await
    }

    /// The same, not saved yet.
    async fn begin_anew(&self, part: u32, size: u64, file_type: FileType) -> Result<UploadId> {
        let version = self.lock().next_version();
        let (asked, geometry) = self.asked((part, version), size)?;
        let upload = create_upload(self.vault(), &asked, &geometry).await?;
        let mut outcome = Ok(());
        self.change(|draft| {
            outcome = begin_under_new_salt(draft, part, version, upload.id).map(|file| {
                file.size = size;
                file.file_type = file_type;
            });
            outcome.is_ok()
        });
        match outcome {
            Ok(()) => Ok(upload.id),
            Err(e) => {
                self.give_back(upload.id, &e).await;
                Err(e)
            }
        }
    }

    /// Goes on with a file's upload where it stopped. Each segment is hashed again before anything of it is sealed: nothing
    /// but what was sealed under the file's salt before meets it again. Of a file whose upload is done nothing is sent; it is
    /// only compared.
    ///
    /// # Errors
    /// As [`OpenDraft::add_file`]; [`ClientError::SourceChanged`] where this isn't the file whose upload began, or no more the
    /// same: [`OpenDraft::replace_file`] begins it anew.
    pub async fn resume_file(&self, part: u32, source: &Source<P>, control: &Control) -> Result<()> {
        let (size, kept) = {
            let draft = self.lock();
            let file = draft.file(part)?;
            (file.size, file.is_kept())
        };
        // It is no upload.
        if kept {
            return Ok(());
        }
        if self.vault().platform().bulk().len(source).await? != size {
            return Err(ClientError::SourceChanged);
        }
        self.upload(part, source, control).await
    }

    /// Begins a file's upload anew with other content, under a new salt; what was uploaded of the old goes. Where that can't be
    /// saved the file stays as it was.
    ///
    /// # Errors
    /// As [`OpenDraft::add_file`].
    pub async fn replace_file(&self, part: u32, source: &Source<P>, control: &Control) -> Result<()> {
        let (size, file_type) = self.look_at(source).await?;
        let old = {
            let draft = self.lock();
            check_total(&draft, part, size)?;
            draft.file(part)?.clone()
        };
        let upload = self.begin_anew(part, size, file_type).await?;
        if let Err(e) = self.save().await {
            self.put_back(old, upload);
            self.give_back(upload, &e).await;
            return Err(e);
        }
        if !old.is_kept() {
            self.abandon(&old.upload).await;
        }
        self.upload(part, source, control).await
    }

    /// A file as it was before it got this upload.
    fn put_back(&self, old: DraftFile, upload: UploadId) {
        self.change(|draft| match draft.file_mut(old.part) {
            Ok(file) if file.upload == upload => {
                *file = old;
                true
            }
            _ => false,
        });
    }

    /// A file as it is, under a new salt: for another version than the one that it was sealed for.
    pub(crate) async fn seal_anew(&self, part: u32) -> Result<()> {
        let (size, file_type) = {
            let draft = self.lock();
            let file = draft.file(part)?;
            (file.size, file.file_type)
        };
        self.restart(part, size, file_type).await
    }

    /// The segments that the server holds; a new upload where it holds none any more.
    pub(crate) async fn received(&self, part: u32) -> Result<Vec<u32>> {
        let file = self.lock().file(part)?.clone();
        let (asked, geometry) = self.asked((part, file.version), file.size)?;
        match self.vault().api().get_upload(&file.upload).await {
            Ok(upload) if upload.id == file.upload => {
                check_upload(&upload, &asked, &geometry)?;
                if (upload.received.len() as u64) < geometry.segments() {
                    self.not_done(&file);
                }
                Ok(upload.received)
            }
            Ok(_) => Err(Refusal::OtherThing.into()),
            Err(e) if matches!(e.problem(), Some(ErrorCode::NotFound | ErrorCode::Gone)) => {
                self.restart(part, file.size, file.file_type).await?;
                Ok(Vec::new())
            }
            Err(e) => Err(e),
        }
    }

    /// What is damaged on the server counts as not received, also of an upload that was done.
    fn not_done(&self, file: &DraftFile) {
        self.change(|draft| match draft.file_mut(file.part) {
            Ok(now) if now.upload == file.upload && now.state == UploadState::Done => {
                now.state = UploadState::Started;
                true
            }
            _ => false,
        });
    }

    async fn upload(&self, part: u32, source: &Source<P>, control: &Control) -> Result<()> {
        control.check()?;
        let received = self.received(part).await?;
        let job = self.job(part, received)?;
        let platform = self.vault().platform();
        let ledger = FileLedger { draft: self, part, upload: job.upload };
        let sealed = platform.bulk().seal_part(platform.transport(), &job, source, &ledger, control).await?;
        let segments = job.geometry.segments();
        if sealed.plain.len() as u64 != segments || sealed.cipher.len() as u64 != segments {
            return Err(ClientError::Internal("a sealed part has another number of segments"));
        }
        let hashes = |list: &[crypto::ids::Hash32]| list.iter().map(|h| B64(h.0.to_vec())).collect::<Vec<_>>();
        self.change(|draft| match draft.file_mut(part) {
            // A file that took its number meanwhile has an upload of its own.
            Ok(file) if file.upload == job.upload => {
                file.plain = hashes(&sealed.plain);
                file.cipher = hashes(&sealed.cipher);
                file.state = UploadState::Done;
                true
            }
            _ => false,
        });
        self.save().await
    }

    fn job(&self, part: u32, received: Vec<u32>) -> Result<SealJob> {
        let draft = self.lock();
        let file = draft.file(part)?;
        let header = header(file)?;
        let context = draft.place_of(file).context();
        let key = PartKey::for_header(&draft.content_key()?, &header, &context).map_err(|_| Refusal::DraftForged)?;
        Ok(SealJob {
            key,
            geometry: geometry(file.size)?,
            upload: file.upload,
            received,
            sealed_before: file.sealed_before()?,
        })
    }

    async fn abandon(&self, upload: &UploadId) {
        // The server forgets it by itself too.
        if let Err(e) = self.vault().api().abandon_upload(upload).await {
            tracing::debug!(code = e.code(), "an upload was not abandoned");
        }
    }

    /// Gives an upload back that nothing refers to: it takes its owner's space. Without a connection that waits for the next save.
    async fn give_back(&self, upload: UploadId, why: &ClientError) {
        self.left().push(upload);
        if !why.is_transient() {
            self.clear_left().await;
        }
    }

    /// Gives back the uploads that nothing refers to any more.
    pub(super) async fn clear_left(&self) {
        let left = std::mem::take(&mut *self.left());
        for upload in left {
            match self.vault().api().abandon_upload(&upload).await {
                Err(e) if e.is_transient() => self.left().push(upload),
                Err(e) => tracing::debug!(code = e.code(), "an upload was not abandoned"),
                Ok(()) => {}
            }
        }
    }

    /// Removes a file, and its upload.
    ///
    /// # Errors
    /// No connection: the file is gone from the draft in memory, save again.
    pub async fn remove_file(&self, part: u32) -> Result<()> {
        let file = self.lock().file(part)?.clone();
        self.forget(part);
        self.save().await?;
        if !file.is_kept() {
            self.abandon(&file.upload).await;
        }
        Ok(())
    }
}

/// The header that a file's salt and key gave.
pub(super) fn header(file: &DraftFile) -> Result<PartHeader> {
    let salt = (&file.salt.0[..]).try_into().map_err(|_| Refusal::DraftForged)?;
    let commitment = (&file.commitment.0[..]).try_into().map_err(|_| Refusal::DraftForged)?;
    Ok(PartHeader { salt, commitment })
}

/// All files together, with one of this size in the place of a part.
fn check_total(draft: &super::ReportDraft, part: u32, size: u64) -> Result<()> {
    let others: u64 = draft.files.iter().filter(|f| f.part != part).map(|f| f.size).sum();
    match others.saturating_add(size) > FILES_TOTAL_MAX {
        true => Err(wrong(Field::Files, FieldProblem::TooLarge(FILES_TOTAL_MAX)).into()),
        false => Ok(()),
    }
}

fn begin_under_new_salt(
    draft: &mut super::ReportDraft,
    part: u32,
    version: u32,
    upload: UploadId,
) -> Result<&mut DraftFile> {
    let context = draft.place(version).part(part).context();
    let key = PartKey::fresh(&draft.content_key()?, &context, &mut rng());
    let file = draft.file_mut(part)?;
    file.version = version;
    file.kept = None;
    file.upload = upload;
    file.salt = B64(key.salt.to_vec());
    file.commitment = B64(key.commitment.to_vec());
    file.plain = Vec::new();
    file.cipher = Vec::new();
    file.state = UploadState::Started;
    Ok(file)
}
