//! Fetching and opening a file: commitment, end mark, segments, and at last what its author signed.

use crypto::{
    defence::Defence,
    format::{PartKey, SEGMENT_PLAINTEXT},
    ids::Hash32,
    report::{ContentHasher, Manifest, StatementPart},
};

use super::{OpenVersion, SignedRequest};
use crate::{
    bulk::{Bulk, Control, OpenJob},
    error::{ClientError, Result},
    ids::ToApi,
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

/// The key of a file of an open version: derived from the content key, which checks the commitment, or as part 0 states it.
/// New keys seal every file anew, so what part 0 states counts in revision 0 alone.
pub(crate) fn part_key(version: &OpenVersion, part: u32) -> Result<PartKey> {
    let manifest = version.manifest.claimed();
    let described = manifest.part(part).map_err(|_| ClientError::Missing { what: "That file" })?;
    let stated = version.content.secret(part).filter(|_| manifest.place.revision == 0);
    match stated {
        Some(secret) => Ok(PartKey::from_secret(&secret.0, &described.header)),
        None => {
            let context = manifest.place.part(part).context();
            let key = PartKey::for_header(&version.key, &described.header, &context);
            Ok(key.map_err(|e| Refusal::PartForged { part, why: e.to_string() })?)
        }
    }
}

/// The job that opens a part of a verified manifest.
fn open_job(manifest: &Manifest, key: PartKey, part: u32, request: SignedRequest) -> Result<OpenJob> {
    let forged = |why: String| Refusal::PartForged { part, why };
    let described = manifest.part(part).map_err(|_| ClientError::Missing { what: "That file" })?;
    Ok(OpenJob {
        key,
        geometry: described.geometry().map_err(|e| forged(e.to_string()))?,
        cipher: described.segments.clone(),
        report: manifest.place.report.api(),
        version: manifest.place.version,
        revision: manifest.place.revision,
        part,
        request,
    })
}

/// The statement's line for a part whose plaintext segments have these hashes.
pub(crate) fn content_of(len: u64, plain: &[Hash32]) -> StatementPart {
    let mut hasher = ContentHasher::new();
    let mut left = len;
    for hash in plain {
        let segment = left.min(SEGMENT_PLAINTEXT as u64);
        hasher.push_digest(segment, hash);
        left -= segment;
    }
    hasher.finish()
}

impl OpenVersion {
    /// Whether a file of `len` bytes, whose segments of plaintext have these hashes, is what the author signed for a part.
    pub fn is_content(&self, part: u32, len: u64, plain: &[Hash32]) -> bool {
        self.statement.claimed().check(part, &content_of(len, plain)).is_ok()
    }
}

impl<P: Platform> Vault<P> {
    /// Fetches and opens a file into a sink. Nothing is called complete before its last chunk, its segments and the
    /// author's signed content hash were checked. Where one of them is wrong, what was written goes; where only the connection
    /// broke, or the server can't answer for now, a sink may keep it, and a later call with such a sink goes on from there.
    ///
    /// # Errors
    /// [`Refusal::PartForged`], [`Refusal::ContentChanged`], [`ClientError::Cancelled`], no connection.
    pub async fn download(
        &self,
        version: &OpenVersion,
        part: u32,
        mut sink: <P::Bulk as Bulk>::Sink,
        control: &Control,
    ) -> Result<<P::Bulk as Bulk>::Opened> {
        let bulk = self.platform().bulk();
        match self.fill(version, part, &mut sink, control).await {
            Ok(()) => bulk.finish(sink).await,
            Err(e) if e.is_transient_for_reading() => {
                bulk.leave(sink).await;
                Err(e)
            }
            Err(e) => {
                bulk.discard(sink).await;
                Err(e)
            }
        }
    }

    /// The same version under the keys of a later revision; none while its keys are the ones it was opened with. For a
    /// download that was refused: the old ciphertext goes when an owner re-keys, and that is no end of access.
    ///
    /// # Errors
    /// As [`Vault::report`] and [`Vault::version`].
    pub async fn rekeyed(&self, version: &OpenVersion) -> Result<Option<OpenVersion>> {
        let report = self.report(&version.report).await?;
        let now = self.version(&report, version.info.version).await?;
        Ok((now.info.revision > version.info.revision).then_some(now))
    }

    /// The job that opens a part of an open version, with what its reader signs for it.
    pub(crate) fn job(&self, version: &OpenVersion, part: u32) -> Result<OpenJob> {
        let manifest = version.manifest.claimed();
        let place = manifest.place;
        let request = self.request_part(&version.report, place.version, place.revision, part);
        open_job(manifest, part_key(version, part)?, part, request)
    }

    async fn fill(
        &self,
        version: &OpenVersion,
        part: u32,
        sink: &mut <P::Bulk as Bulk>::Sink,
        control: &Control,
    ) -> Result<()> {
        if part == 0 {
            return Err(ClientError::Missing { what: "That file" });
        }
        let job = self.job(version, part)?;
        let platform = self.platform();
        let plain = platform.bulk().open_part(platform.transport(), &job, sink, control).await?;
        let found = content_of(job.geometry.plaintext_len(), &plain);
        match version.statement.claimed().check(part, &found) {
            Ok(()) => Ok(()),
            Err(_) if Defence::AuthorStatement.holds() => Err(Refusal::ContentChanged { part }.into()),
            Err(_) => Ok(()),
        }
    }
}
