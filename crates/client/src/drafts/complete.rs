//! Completing a draft: the report's first grants, version 1, and who may open it, in one request.

use std::sync::Arc;

use api_types::{
    B64, ErrorCode,
    grants::Wrap as WrapBody,
    limits::REPORT_BODY_MAX,
    reports::{CreateReport, NewVersion},
    uploads::CreateUpload,
};
use crypto::{
    account::KeyChain,
    encoding::sha256,
    format::{Geometry, PartKey, PartSealer, seal_all},
    ids::Hash32,
    report::{
        AccessState, AuthorStatement, ContentHasher, ContentKey, Manifest, ManifestPart, RevisionPlace, StatementPart,
        seal_statement, seal_wrap,
    },
    sign::Signed,
};

use super::{OpenDraft, PatientChoice, ReportDraft, UploadState, change::is_forgotten, draft::hash, files};
use crate::{
    content::{Field, FieldProblem, FileEntry, PartZero, wrong},
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    people::Directory,
    platform::{Platform, rng},
    refusal::Refusal,
    reports::{OpenReport, content_of},
    sharing::{founding, refuse_wrap},
    vault::Vault,
};

/// A part as manifest and statement describe it.
#[derive(Clone)]
pub(crate) struct Sealed {
    pub manifest: ManifestPart,
    pub statement: StatementPart,
}

impl<P: Platform> OpenDraft<P> {
    /// Makes the draft version 1 of its report: the patient owns it from the first moment, or is given a key that an
    /// invitation's secret opens. Repeating it after a lost connection is safe.
    ///
    /// # Errors
    /// A field that is missing, [`ClientError::FilesMissing`], a refusal of the patient's keys, no connection. The draft
    /// is kept on every error.
    pub async fn complete(&self) -> Result<OpenReport> {
        let draft = self.snapshot();
        // It changes a report that is there already.
        if draft.base().is_some() {
            return Err(ClientError::Internal("a change was completed as a new report"));
        }
        draft.fields.check_complete()?;
        match draft.unfinished().count() {
            0 => {}
            count => return Err(ClientError::FilesMissing { count }),
        }
        let vault = self.vault();
        let keys = vault.patient_keys(&draft).await?;
        let body = self.body(&draft, &keys).await?;
        let id = self.id();
        let report = match vault.api().create_report(&body).await {
            Ok(report) => vault.verify_report(&id, report).await?,
            // An earlier try got through and only its answer was lost.
            Err(e) if e.problem() == Some(ErrorCode::Conflict) => vault.report(&id).await.map_err(|_| e)?,
            Err(e) if is_forgotten(&e) => return Err(self.forgotten().await?.unwrap_or(e)),
            Err(e) => return Err(e),
        };
        if vault.state().drafts.remove(&id.crypto()).is_some() {
            vault.touch();
        }
        vault.save_state_soon().await;
        Ok(report)
    }

    async fn body(&self, draft: &ReportDraft, keys: &Directory) -> Result<CreateReport> {
        let vault = self.vault();
        let (entries, state) = founding(vault, draft, keys)?;
        let (content_key, place) = (draft.content_key()?, draft.place(1));
        let part0 = part0(draft)?;
        let sealed0 = seal_part0(&content_key, place, &part0)?;
        let mut parts = vec![describe_part0(&sealed0, &part0)?];
        let mut uploads = Vec::new();
        for part in 1..=highest(draft) {
            match draft.file(part) {
                Ok(file) => {
                    uploads.push(file.upload);
                    parts.push(describe(file)?);
                }
                Err(_) => {
                    let (upload, sealed) = vault.empty_part(place, &content_key, part).await?;
                    uploads.push(upload);
                    parts.push(sealed);
                }
            }
        }
        let statement = vault.author_statement(place, parts.iter().map(|p| p.statement).collect());
        let statement = seal_statement(&content_key, &place, &statement, &mut rng());
        let first = (1, Hash32(place.report.0));
        let keyring = vault.keyring();
        let own = keyring.current();
        let manifest = Manifest {
            place,
            seq: first.0,
            previous: first.1,
            access_head: state.head(),
            author: vault.id(),
            signer: vault.id(),
            epoch: own.epoch,
            time: vault.signing_time().max(state.last_time()),
            statement: sha256(&statement),
            parts: parts.into_iter().map(|p| p.manifest).collect(),
        };
        let manifest = Signed::sign(manifest, &own.signing);
        let body = CreateReport {
            genesis: draft.genesis_bytes().clone(),
            entries: crate::api::b64s(entries.iter().map(Signed::as_bytes)),
            version: NewVersion {
                version: place.version,
                revision: place.revision,
                manifest: B64::from(manifest.as_bytes()),
                statement: B64(statement),
                part0: B64(sealed0),
                uploads,
                draft: None,
                wraps: wraps_for(&content_key, place, &state, keys)?,
            },
        };
        check_size(&body.version)?;
        Ok(body)
    }
}

/// Base64 and JSON add a third; what is left of the limit must hold the entries.
pub(crate) fn check_size(version: &NewVersion) -> Result<()> {
    let wraps: usize = version.wraps.iter().map(|w| w.wrap.0.len() + 200).sum();
    let bytes = version.manifest.0.len() + version.statement.0.len() + version.part0.0.len() + wraps;
    match bytes / 3 * 4 + 64 * 1024 > REPORT_BODY_MAX {
        true => Err(wrong(Field::Report, FieldProblem::TooLarge(REPORT_BODY_MAX as u64)).into()),
        false => Ok(()),
    }
}

/// The content key for every live grant that covers a version.
pub(crate) fn wraps_for(
    key: &ContentKey,
    place: RevisionPlace,
    state: &AccessState,
    keys: &Directory,
) -> Result<Vec<WrapBody>> {
    state
        .live_grants()
        .filter(|g| g.grant.versions.contains(place.version))
        .map(|grant| {
            let wrap = seal_wrap(key, place, grant, state, keys, &mut rng()).map_err(|e| refuse_wrap(grant, &e))?;
            Ok(WrapBody {
                version: place.version,
                revision: place.revision,
                grant_id: grant.grant.id.api(),
                wrap: B64(wrap.to_bytes()),
            })
        })
        .collect()
}

fn highest(draft: &ReportDraft) -> u32 {
    draft.files().iter().map(|f| f.part).max().unwrap_or(0)
}

fn part0(draft: &ReportDraft) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    let entry =
        |f: &super::DraftFile| FileEntry { part: f.part, name: f.name.clone(), size: f.size, file_type: f.file_type };
    let content = PartZero::new(draft.fields.clone(), draft.files().iter().map(entry).collect());
    Ok(zeroize::Zeroizing::new(content.to_bytes()?))
}

/// Seals part 0 under a fresh salt.
pub(crate) fn seal_part0(key: &ContentKey, place: RevisionPlace, plain: &[u8]) -> Result<Vec<u8>> {
    let part = PartKey::fresh(key, &place.part(0).context(), &mut rng());
    seal_all(part, plain).map_err(|_| ClientError::Internal("part 0 is too long"))
}

pub(crate) fn describe_part0(sealed: &[u8], plain: &[u8]) -> Result<Sealed> {
    let manifest = ManifestPart::of(sealed).map_err(|_| ClientError::Internal("part 0 has no layout"))?;
    Ok(Sealed { manifest, statement: ContentHasher::of(plain) })
}

/// An upload that is done.
pub(crate) fn describe(file: &super::DraftFile) -> Result<Sealed> {
    if file.state != UploadState::Done {
        return Err(ClientError::FilesMissing { count: 1 });
    }
    let hashes = |list: &[B64]| list.iter().map(hash).collect::<Result<Vec<_>>>();
    let geometry = Geometry::of_plaintext(file.size).map_err(|_| Refusal::DraftForged)?;
    Ok(Sealed {
        manifest: ManifestPart {
            header: files::header(file)?,
            ciphertext_len: geometry.ciphertext_len(),
            segments: hashes(&file.cipher)?,
            carried: None,
        },
        statement: content_of(file.size, &hashes(&file.plain)?),
    })
}

impl<P: Platform> Vault<P> {
    /// Key records of everyone in a new report: the author, and the patient with an account.
    async fn patient_keys(&self, draft: &ReportDraft) -> Result<Directory> {
        self.refuse_if_stopped()?;
        let mut keys = Directory::default();
        keys.0.insert(self.id(), self.chain());
        if let PatientChoice::Account(id) = draft.patient()
            && id != self.account_id()
        {
            let chain = match self.person(&id).await {
                Ok(person) => {
                    person.may_receive()?;
                    person.chain
                }
                Err(e) if e.problem() == Some(ErrorCode::NotFound) => self.kept_patient(draft, &id)?.ok_or(e)?,
                Err(e) => return Err(e),
            };
            self.pin(&chain);
            keys.0.insert(chain.account(), chain);
        }
        Ok(keys)
    }

    /// The patient's keys as the draft keeps them, checked like any others.
    pub(super) fn kept_patient(&self, draft: &ReportDraft, id: &api_types::AccountId) -> Result<Option<Arc<KeyChain>>> {
        if draft.patient_records.is_empty() {
            return Ok(None);
        }
        let chain =
            KeyChain::parse(&id.crypto(), &draft.patient_records).map_err(|e| Refusal::KeyRecord(e.to_string()))?;
        self.state().check_pin(&chain)?;
        let chain = Arc::new(chain);
        self.people().0.insert(chain.account(), Arc::clone(&chain));
        Ok(Some(chain))
    }

    /// What the author says about the content of a version.
    pub(crate) fn author_statement(&self, place: RevisionPlace, parts: Vec<StatementPart>) -> Signed<AuthorStatement> {
        let keyring = self.keyring();
        let keys = keyring.current();
        let statement = AuthorStatement {
            report: place.report,
            version: place.version,
            author: self.id(),
            epoch: keys.epoch,
            time: self.signing_time(),
            parts,
        };
        Signed::sign(statement, &keys.signing)
    }

    /// Uploads an empty part in the place of a file that was removed.
    async fn empty_part(
        &self,
        place: RevisionPlace,
        key: &ContentKey,
        part: u32,
    ) -> Result<(api_types::UploadId, Sealed)> {
        let geometry = Geometry::of_plaintext(0).map_err(|_| ClientError::Internal("an empty part has no layout"))?;
        let asked = CreateUpload {
            report_id: place.report.api(),
            version: place.version,
            revision: place.revision,
            part,
            ciphertext_len: geometry.ciphertext_len(),
        };
        let upload = files::create_upload(self, &asked, &geometry).await?;
        let part_key = PartKey::fresh(key, &place.part(part).context(), &mut rng());
        let sealed = PartSealer::new(part_key)
            .seal_segment(0, &[], true)
            .map_err(|_| ClientError::Internal("an empty part does not seal"))?;
        let digest = sha256(&sealed);
        let manifest = ManifestPart::of(&sealed).map_err(|_| ClientError::Internal("an empty part has no layout"))?;
        self.api().put_segment(&upload.id, 0, bytes::Bytes::from(sealed), &digest).await?;
        Ok((upload.id, Sealed { manifest, statement: content_of(0, &[]) }))
    }
}
