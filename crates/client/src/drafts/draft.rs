//! A draft's plaintext. Only its author's account key opens it.

use api_types::{AccountId, B64, PlaceholderId, ReportId, UploadId};
use crypto::{
    ids::Hash32,
    report::{ContentKey, Genesis, PartPlace, RevisionPlace},
    secret::Secret,
    sign::Signed,
};
use serde::{Deserialize, Serialize};

use crate::{
    content::{FileType, ReportFields},
    error::{ClientError, Result},
    ids::ToCrypto,
    refusal::Refusal,
    reports::content_of,
};

pub(super) const FORMAT: &str = "healthsecure.draft";
pub(super) const VERSION: u32 = 1;

/// Whom a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientChoice {
    /// Someone with an account, who will own the report from the first moment.
    Account(AccountId),
    /// Someone without one, whose other reports one keeps already.
    Placeholder(PlaceholderId),
    /// Someone without one.
    New,
}

/// How far a file's upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Begun.
    Started,
    /// Every segment is stored.
    Done,
}

/// The version that a draft changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Base {
    /// Its number.
    pub version: u32,
    /// For which versions, and at which length of the access chain, the draft was sent: what was refused then may have been
    /// kept, with the keys of its files.
    #[serde(default)]
    pub sent: Vec<(u32, u64)>,
}

/// A file that stays as the version has it that a draft changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Its part there.
    pub part: u32,
    /// Its content hash, as the author of that version signed it.
    pub content: B64,
}

/// A file of a draft.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftFile {
    /// Its number in the draft; in version 1 its part.
    pub part: u32,
    /// Name.
    pub name: String,
    /// Plaintext bytes.
    pub size: u64,
    /// By its first bytes.
    pub file_type: FileType,
    /// How far it is.
    pub state: UploadState,
    pub(crate) upload: UploadId,
    pub(crate) salt: B64,
    pub(crate) commitment: B64,
    /// Plaintext hash of each segment that was or may have been sealed under the salt; empty where it wasn't.
    pub(crate) plain: Vec<B64>,
    /// Hash of each stored segment, once done.
    pub(crate) cipher: Vec<B64>,
    /// The version that its upload is sealed for.
    #[serde(default = "first")]
    pub(crate) version: u32,
    /// It is no upload, but a file of the version that the draft changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<Kept>,
}

fn first() -> u32 {
    1
}

impl std::fmt::Debug for DraftFile {
    /// Never the name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DraftFile(part {}, {} bytes, {:?})", self.part, self.size, self.state)
    }
}

impl DraftFile {
    /// Whether it stays as the version has it that the draft changes.
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Its content hash; none before all of it was read.
    pub(crate) fn content(&self) -> Result<Option<Hash32>> {
        match &self.kept {
            Some(kept) => hash(&kept.content).map(Some),
            None if self.state != UploadState::Done => Ok(None),
            None => {
                let plain = self.plain.iter().map(hash).collect::<Result<Vec<_>>>()?;
                Ok(Some(content_of(self.size, &plain).content))
            }
        }
    }

    /// The hashes noted before sealing, by segment.
    pub(crate) fn sealed_before(&self) -> Result<Vec<Option<Hash32>>> {
        self.plain
            .iter()
            .map(|h| match h.0.len() {
                0 => Ok(None),
                _ => hash(h).map(Some),
            })
            .collect()
    }
}

/// Reads a hash of one's own making.
pub(crate) fn hash(bytes: &B64) -> Result<Hash32> {
    Ok(Hash32((&bytes.0[..]).try_into().map_err(|_| Refusal::DraftForged)?))
}

/// A draft's plaintext, as it was at one moment. [`super::OpenDraft`] is the handle to work with.
#[derive(Clone, Serialize, Deserialize)]
pub struct ReportDraft {
    pub(super) format: String,
    pub(super) version: u32,
    /// What was typed.
    pub fields: ReportFields,
    pub(super) patient: PatientChoice,
    /// Key records of a patient with an account, as they were when chosen: a patient is found by e-mail only, so they
    /// may not be had again by id before the report exists.
    #[serde(default)]
    pub(super) patient_records: Vec<B64>,
    pub(super) files: Vec<DraftFile>,
    pub(super) genesis: B64,
    pub(super) content_key: B64,
    /// When it was begun.
    pub created_at: i64,
    /// Of a report that is there: the version that it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base: Option<Base>,
}

impl std::fmt::Debug for ReportDraft {
    /// Never the content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReportDraft({}, {} files)", self.id(), self.files.len())
    }
}

impl Drop for ReportDraft {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.content_key.0.zeroize();
    }
}

impl ReportDraft {
    /// The id that the report will have.
    pub fn id(&self) -> ReportId {
        ReportId(crypto::encoding::sha256(&self.genesis.0).0)
    }

    /// Whom it is about. Never [`PatientChoice::New`]: a draft of someone new has a placeholder.
    pub fn patient(&self) -> PatientChoice {
        self.patient
    }

    /// Its files, part 1 first.
    pub fn files(&self) -> &[DraftFile] {
        &self.files
    }

    /// Files whose upload isn't finished.
    pub fn unfinished(&self) -> impl Iterator<Item = &DraftFile> {
        self.files.iter().filter(|f| f.state != UploadState::Done)
    }

    pub(crate) fn genesis(&self) -> Result<Signed<Genesis>> {
        Ok(Signed::parse(&self.genesis.0).map_err(|_| Refusal::DraftForged)?)
    }

    pub(crate) fn genesis_bytes(&self) -> &B64 {
        &self.genesis
    }

    pub(crate) fn content_key(&self) -> Result<ContentKey> {
        Ok(Secret::from_slice(&self.content_key.0).ok_or(Refusal::DraftForged)?)
    }

    /// The version of the report that it changes; none for a report that isn't there yet.
    pub fn base(&self) -> Option<u32> {
        self.base.as_ref().map(|base| base.version)
    }

    /// The version that it becomes, if nobody makes one before.
    pub(crate) fn next_version(&self) -> u32 {
        self.base().map_or(1, |base| base.saturating_add(1))
    }

    /// Where a file's upload is sealed for.
    pub(crate) fn place_of(&self, file: &DraftFile) -> PartPlace {
        self.place(file.version).part(file.part)
    }

    pub(crate) fn place(&self, version: u32) -> RevisionPlace {
        RevisionPlace { report: self.id().crypto(), version, revision: 0 }
    }

    pub(crate) fn file(&self, part: u32) -> Result<&DraftFile> {
        self.files.iter().find(|f| f.part == part).ok_or(ClientError::Missing { what: "That file" })
    }

    pub(crate) fn file_mut(&mut self, part: u32) -> Result<&mut DraftFile> {
        self.files.iter_mut().find(|f| f.part == part).ok_or(ClientError::Missing { what: "That file" })
    }
}

/// A draft in the list.
#[derive(Debug)]
pub struct DraftRow {
    /// What it holds, or why it was refused.
    pub draft: Result<ReportDraft>,
    /// Its id.
    pub id: ReportId,
    /// Last save.
    pub updated_at: i64,
}
