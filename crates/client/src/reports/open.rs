//! One report: verified access, verified versions, fields decrypted.

use api_types::{
    ReportId,
    grants::{Right, Wrap as WrapBody},
    reports::{OwnGrant, Report, VersionContent},
};
use crypto::{
    defence::Defence,
    encoding::sha256,
    format::{PartKey, open_all},
    report::{AuthorStatement, ContentHasher, ContentKey, Manifest, ManifestPart, RevisionPlace, Wrap, open_statement},
    sign::Signed,
};

use super::{
    Access,
    manifests::{Last, Verified},
    turn::Turn,
};
use crate::{
    content::PartZero,
    error::{ClientError, Result},
    ids::{ToApi, ToCrypto},
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

/// A version, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// Number.
    pub version: u32,
    /// Revision.
    pub revision: u32,
    /// Who wrote it.
    pub author: api_types::AccountId,
    /// When the author signed it (for a re-keyed version: when the owner did).
    pub time: i64,
    /// Files.
    pub files: usize,
    /// A re-key is due by the verified access chain, whatever the server's queue says.
    pub rekey_pending: bool,
}

/// A report whose access and versions verified.
#[derive(Clone)]
pub struct OpenReport {
    /// Its id.
    pub id: ReportId,
    /// When the server took it.
    pub created_at: i64,
    /// Last version or revision.
    pub updated_at: i64,
    /// Who may what, verified.
    pub access: Access,
    /// What one may do oneself.
    pub right: Right,
    /// One's own live grants.
    pub grants: Vec<OwnGrant>,
    /// The versions one may see, ascending.
    pub versions: Vec<VersionInfo>,
    /// The number of the newest version there is, whether or not one may see it.
    pub latest: u32,
    pub(crate) manifests: Vec<Signed<Manifest>>,
    /// Those of all versions and revisions, in the order of signing.
    pub(crate) all_manifests: Vec<Signed<Manifest>>,
    pub(crate) last: Last,
    pub(crate) wraps: Vec<Vec<WrapBody>>,
}

impl OpenReport {
    /// The newest version one may see.
    pub fn newest(&self) -> Option<&VersionInfo> {
        self.versions.last()
    }

    pub(crate) fn index(&self, version: u32) -> Result<usize> {
        self.versions.iter().position(|v| v.version == version).ok_or(ClientError::Missing { what: "That version" })
    }
}

/// A version whose fields are open.
pub struct OpenVersion {
    /// The report.
    pub report: ReportId,
    /// Its description.
    pub info: VersionInfo,
    /// Fields and files, as the author signed them.
    pub content: PartZero,
    pub(crate) manifest: Signed<Manifest>,
    pub(crate) statement: Signed<AuthorStatement>,
    pub(crate) key: ContentKey,
    /// Plaintext of part 0, as signed.
    pub(crate) part0: zeroize::Zeroizing<Vec<u8>>,
}

impl<P: Platform> Vault<P> {
    /// Fetches a report and verifies everything but the content: genesis, access chain, manifests, and that none of it is
    /// older than what was seen before.
    ///
    /// # Errors
    /// A [`Refusal`] by name; [`ClientError::NoAccess`]; `not_found`; no connection.
    pub async fn report(&self, id: &ReportId) -> Result<OpenReport> {
        let mut turn = Turn::of(self);
        loop {
            let report = self.fetch_report(id).await?;
            match self.verify_report(id, report).await {
                Err(e) => turn.again(self, e)?,
                open => return open,
            }
        }
    }

    pub(crate) async fn verify_report(&self, id: &ReportId, mut report: Report) -> Result<OpenReport> {
        let access = self.verify_delivered(id, &mut report).await?;
        let verified = self.verify_manifests(&access, &report)?;
        if let Some(version) = verified.left_out.first() {
            return Err(Refusal::VersionLeftOut { version: *version }.into());
        }
        let open = self.open_report(access, report, verified, true)?;
        self.save_state_soon().await;
        Ok(open)
    }

    /// Fetches a report and verifies who has access. Its versions may be whatever they are: whoever owns a report that
    /// doesn't open must be able to take access away.
    pub(crate) async fn report_access(&self, id: &ReportId) -> Result<Access> {
        let mut turn = Turn::of(self);
        loop {
            let mut report = self.fetch_report(id).await?;
            match self.verify_delivered(id, &mut report).await {
                Err(e) => turn.again(self, e)?,
                access => return access,
            }
        }
    }

    /// As [`Vault::report_access`]; of an erased report, who had access.
    pub(super) async fn record_access(&self, id: &ReportId) -> Result<Access> {
        match self.report_access(id).await {
            Err(ClientError::Erased { .. }) => self.erased_access(id).await,
            access => access,
        }
    }

    /// What an answer says about access, verified; its versions are put in order.
    pub(super) async fn verify_delivered(&self, id: &ReportId, report: &mut Report) -> Result<Access> {
        if report.id != *id {
            return Err(Refusal::OtherThing.into());
        }
        report.versions.sort_by_key(|v| v.version);
        self.access_of(report).await
    }

    /// `whole`: every version verified, so that none that needs new keys is missing.
    pub(super) fn open_report(
        &self,
        access: Access,
        report: Report,
        verified: Verified,
        whole: bool,
    ) -> Result<OpenReport> {
        let Verified { current: manifests, last, all: all_manifests, versions: latest, .. } = verified;
        let due = access.rekeys_due(&manifests, &all_manifests);
        let versions: Vec<_> = manifests.iter().zip(due).map(|(m, due)| describe(m, due)).collect();
        let due = versions.iter().any(|v| v.rekey_pending);
        if whole || due {
            self.see_rekey(&access.state, due);
        }
        Ok(OpenReport {
            id: report.id,
            created_at: report.created_at,
            updated_at: report.updated_at,
            right: access.right_of(&self.account_id()).ok_or(ClientError::NoAccess)?,
            grants: Self::as_signed(&access, report.grants),
            access,
            versions,
            latest,
            manifests,
            all_manifests,
            last,
            wraps: report.versions.into_iter().map(|v| v.wraps).collect(),
        })
    }

    /// The content key of a version, from a wrap that belongs there: the one that its part 0 was sealed under.
    pub(crate) fn version_key(&self, report: &OpenReport, version: u32) -> Result<ContentKey> {
        let index = report.index(version)?;
        let manifest = report.manifests[index].claimed();
        let key = self.key_from(report, manifest.place, &report.wraps[index])?;
        let forged = Refusal::WrapForged { version };
        let part0 = manifest.part(0).map_err(|_| forged.clone())?;
        let committed = PartKey::for_header(&key, &part0.header, &manifest.place.part(0).context());
        match committed.is_ok() || !Defence::KeyCommitment.holds() {
            true => Ok(key),
            false => Err(forged.into()),
        }
    }

    fn key_from(&self, report: &OpenReport, place: RevisionPlace, wraps: &[WrapBody]) -> Result<ContentKey> {
        let forged = Refusal::WrapForged { version: place.version };
        for grant in &report.grants {
            let Some(found) = wraps.iter().find(|w| w.grant_id == grant.id) else { continue };
            let wrap = Wrap::parse(&found.wrap.0).map_err(|_| forged.clone())?;
            wrap.check(&place, &grant.id.crypto(), &report.access.state).map_err(|_| forged.clone())?;
            return self.content_key(&wrap, grant);
        }
        Err(Refusal::WrapMissing { version: place.version }.into())
    }

    /// Fetches a version's sealed fields (an audited read) and opens them.
    ///
    /// # Errors
    /// A [`Refusal`] by name; [`ClientError::Missing`] for a version that isn't there.
    pub async fn version(&self, report: &OpenReport, version: u32) -> Result<OpenVersion> {
        let index = report.index(version)?;
        let content = self.fetch_version(&report.id, version).await?;
        let signed = &report.manifests[index];
        if content.version != version || content.revision != signed.claimed().place.revision {
            // A re-key between two requests: begin again from a fresh report.
            let fresh = self.report(&report.id).await?;
            let content = self.fetch_version(&report.id, version).await?;
            return self.open_version(&fresh, version, content);
        }
        self.open_version(report, version, content)
    }

    /// Opens and checks delivered fields against the verified manifest.
    fn open_version(&self, report: &OpenReport, version: u32, content: VersionContent) -> Result<OpenVersion> {
        let index = report.index(version)?;
        let manifest = report.manifests[index].clone();
        if manifest.as_bytes() != content.manifest.0 {
            return Err(Refusal::ManifestForked { version }.into());
        }
        let key = self.key_from(report, manifest.claimed().place, &content.wraps)?;
        let statement = open_statement(&key, manifest.claimed(), &content.statement.0, &report.access.keys)
            .map_err(|e| Refusal::StatementForged { version, why: e.to_string() })?;
        let plain = open_part0(&key, manifest.claimed(), &content.part0.0)?;
        if statement.claimed().check(0, &ContentHasher::of(&plain)).is_err() && Defence::AuthorStatement.holds() {
            return Err(Refusal::ContentChanged { part: 0 }.into());
        }
        let part0 = PartZero::parse(&plain)?;
        check_files(&part0, statement.claimed())?;
        let info = report.versions[index].clone();
        Ok(OpenVersion { report: report.id, info, content: part0, manifest, statement, key, part0: plain })
    }
}

fn describe(manifest: &Signed<Manifest>, rekey_pending: bool) -> VersionInfo {
    let claimed = manifest.claimed();
    VersionInfo {
        version: claimed.place.version,
        revision: claimed.place.revision,
        author: claimed.author.api(),
        time: claimed.time,
        files: claimed.parts.len() - 1,
        rekey_pending,
    }
}

/// Checks part 0 against its manifest and opens it.
pub(super) fn open_part0(
    key: &ContentKey,
    manifest: &Manifest,
    sealed: &[u8],
) -> Result<zeroize::Zeroizing<Vec<u8>>, Refusal> {
    let forged = |why: String| Refusal::PartForged { part: 0, why };
    let expected = manifest.part(0).map_err(|e| forged(e.to_string()))?;
    let found = ManifestPart::of(sealed).map_err(|e| forged(e.to_string()))?;
    if found != *expected && Defence::SegmentHash.holds() {
        return Err(forged("it is not the one in the manifest".to_owned()));
    }
    let context = manifest.place.part(0).context();
    open_all(key, &context, sealed).map(zeroize::Zeroizing::new).map_err(|e| forged(e.to_string()))
}

/// The files that part 0 names must be those that the statement has; a part that it doesn't name must be empty.
fn check_files(part0: &PartZero, statement: &AuthorStatement) -> Result<(), Refusal> {
    let size = |part: u32| part0.files.iter().find(|f| f.part == part).map_or(0, |f| f.size);
    let same = statement.parts.iter().zip(0u32..).skip(1).all(|(said, part)| said.len == size(part));
    if same && part0.parts as usize + 1 == statement.parts.len() {
        Ok(())
    } else {
        Err(Refusal::ContentFormat("damaged".to_owned()))
    }
}

impl OpenVersion {
    /// SHA-256 of the signed manifest: names exactly these bytes.
    pub fn manifest_hash(&self) -> [u8; 32] {
        sha256(self.manifest.as_bytes()).0
    }
}
