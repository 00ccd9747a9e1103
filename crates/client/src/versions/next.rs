//! Building the next version of a report: its fields, the files that stay and the ones that were uploaded for it, sealed for
//! everybody whose access covers it. A file that stays isn't stored again: the manifest names the version that it was sealed
//! for, and part 0 holds what opens it.

use api_types::{B64, UploadId, reports::NewVersion};
use crypto::{
    encoding::sha256,
    report::{ContentKey, Manifest, ManifestPart, RevisionPlace, SealedFor, seal_statement},
    secret::Secret,
    sign::Signed,
};

use super::{Aim, Unanswered};
use crate::{
    bulk::Control,
    content::{FileEntry, PartSecret, PartZero, ReportFields, StatedSecret},
    drafts::{Sealed, check_size, describe_part0, seal_part0, wraps_for},
    error::{ClientError, Result},
    ids::ToCrypto,
    platform::{Platform, rng},
    reports::{OpenReport, OpenVersion, part_key},
    vault::Vault,
};

/// A file of the next version.
pub(crate) enum NextFile {
    /// As a version has it that is open; `part` is its part there.
    Kept(FileEntry),
    /// Uploaded for this.
    Uploaded(Box<Uploaded>),
}

/// A file that was uploaded.
pub(crate) struct Uploaded {
    pub entry: FileEntry,
    pub upload: UploadId,
    /// What opens it: it was sealed before the version had its content key.
    pub secret: PartSecret,
    pub sealed: Sealed,
}

/// What the next version holds.
pub(crate) struct NextVersion {
    pub fields: ReportFields,
    pub files: Vec<NextFile>,
    /// The version that it brings back.
    pub restores: Option<u32>,
    /// Counter of the draft that it was.
    pub draft: Option<u64>,
}

impl OpenReport {
    /// What a file of an open version was sealed for, if the next version may take its ciphertext over: not when somebody who
    /// has lost access may have its key, nor when the version that it was sealed for has other keys by now.
    fn may_carry(&self, source: &OpenVersion, part: u32) -> Option<SealedFor> {
        let manifest = source.manifest.claimed();
        let info = self.versions.iter().find(|info| info.version == manifest.place.version)?;
        if info.rekey_pending || info.revision != manifest.place.revision {
            return None;
        }
        let at = usize::try_from(part.checked_sub(1)?).ok()?;
        let origin = manifest.origins().nth(at)?;
        let of_version = self.all_manifests.iter().map(|m| m.claimed().place).filter(|p| p.version == origin.version);
        (of_version.map(|place| place.revision).max() == Some(origin.revision)).then_some(origin)
    }
}

/// A version being built.
struct Building<'a, P: Platform> {
    vault: &'a Vault<P>,
    open: &'a OpenReport,
    /// The version whose files stay.
    source: Option<&'a OpenVersion>,
    control: &'a Control,
    place: RevisionPlace,
    key: ContentKey,
    entries: Vec<FileEntry>,
    secrets: Vec<StatedSecret>,
    uploads: Vec<UploadId>,
    /// Those of them that were sealed again for this version.
    resealed: Vec<UploadId>,
    parts: Vec<Sealed>,
}

impl<P: Platform> Building<'_, P> {
    async fn add(&mut self, part: u32, file: &NextFile) -> Result<()> {
        match file {
            NextFile::Kept(entry) => self.keep(part, entry).await,
            NextFile::Uploaded(uploaded) => {
                self.entries.push(FileEntry { part, ..uploaded.entry.clone() });
                self.secrets.push(StatedSecret { part, secret: uploaded.secret.clone() });
                self.uploads.push(uploaded.upload);
                self.parts.push(uploaded.sealed.clone());
                Ok(())
            }
        }
    }

    async fn keep(&mut self, part: u32, entry: &FileEntry) -> Result<()> {
        let missing = || ClientError::Missing { what: "That file" };
        let source = self.source.ok_or_else(missing)?;
        let from = entry.part;
        let described = source.manifest.claimed().part(from).map_err(|_| missing())?;
        let said = usize::try_from(from).ok().and_then(|at| source.statement.claimed().parts.get(at)).copied();
        let statement = said.ok_or_else(missing)?;
        let manifest = match self.open.may_carry(source, from) {
            Some(sealed_for) => {
                let secret = PartSecret(part_key(source, from)?.secret());
                self.secrets.push(StatedSecret { part, secret });
                ManifestPart { carried: Some(sealed_for), ..described.clone() }
            }
            None => {
                let to = self.place.part(part);
                let (upload, manifest) = self.vault.reseal(source, from, to, &self.key, self.control).await?;
                self.uploads.push(upload);
                self.resealed.push(upload);
                manifest
            }
        };
        self.parts.push(Sealed { manifest, statement });
        self.entries.push(FileEntry { part, ..entry.clone() });
        Ok(())
    }

    /// All of its files, then itself.
    async fn build(&mut self, next: &NextVersion) -> Result<(NewVersion, Signed<Manifest>)> {
        for (part, file) in (1u32..).zip(&next.files) {
            self.add(part, file).await?;
        }
        self.finish(next)
    }

    fn finish(&mut self, next: &NextVersion) -> Result<(NewVersion, Signed<Manifest>)> {
        let (vault, open, place) = (self.vault, self.open, self.place);
        let (entries, secrets) = (std::mem::take(&mut self.entries), std::mem::take(&mut self.secrets));
        let content = PartZero::new(next.fields.clone(), entries).going_on(secrets, next.restores);
        let plain = zeroize::Zeroizing::new(content.to_bytes()?);
        let sealed0 = seal_part0(&self.key, place, &plain)?;
        let mut parts = vec![describe_part0(&sealed0, &plain)?];
        parts.append(&mut self.parts);
        let statement = vault.author_statement(place, parts.iter().map(|part| part.statement).collect());
        let statement = seal_statement(&self.key, &place, &statement, &mut rng());
        let parts = parts.into_iter().map(|part| part.manifest).collect();
        let manifest = vault.next_manifest(open, vault.id(), place, sha256(&statement), parts)?;
        let body = NewVersion {
            version: place.version,
            revision: place.revision,
            manifest: B64::from(manifest.as_bytes()),
            statement: B64(statement),
            part0: B64(sealed0),
            uploads: std::mem::take(&mut self.uploads),
            draft: next.draft,
            wraps: wraps_for(&self.key, place, &open.access.state, &open.access.keys)?,
        };
        check_size(&body)?;
        Ok((body, manifest))
    }
}

impl<P: Platform> Vault<P> {
    /// Seals the version behind the newest one there is. `source` is the version whose files stay. Where it can't be built,
    /// nothing is left of what was sealed again for it.
    pub(crate) async fn build_version(
        &self,
        open: &OpenReport,
        source: Option<&OpenVersion>,
        next: &NextVersion,
        aim: Aim,
        control: &Control,
    ) -> Result<Unanswered> {
        let version = open.latest.checked_add(1).ok_or(ClientError::Internal("too many versions"))?;
        let mut building = Building {
            vault: self,
            open,
            source,
            control,
            place: RevisionPlace { report: open.id.crypto(), version, revision: 0 },
            key: Secret::random(&mut rng()),
            entries: Vec::new(),
            secrets: Vec::new(),
            uploads: Vec::new(),
            resealed: Vec::new(),
            parts: Vec::new(),
        };
        let built = building.build(next).await;
        let resealed = building.resealed;
        match built {
            Ok((body, manifest)) => Ok(Unanswered { aim, body, manifest, resealed }),
            Err(error) => {
                self.give_up(&resealed).await;
                Err(error)
            }
        }
    }
}
