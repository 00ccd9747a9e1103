//! The author's statement: hashes of the plaintext, signed by the author, sealed under the content key. It survives
//! re-keying: the owner reseals the same signed bytes.

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    account::{KeyDirectory, KeyError},
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    format::SEGMENT_PLAINTEXT,
    ids::{AccountId, Hash32, ReportId},
    sign::{Signed, SignedObject, VerifyError},
};

/// One part's plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementPart {
    /// Plaintext bytes.
    pub len: u64,
    /// From [`ContentHasher`].
    pub content: Hash32,
}

/// What an author says about a version's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorStatement {
    /// The report.
    pub report: ReportId,
    /// The version.
    pub version: u32,
    /// Who wrote it.
    pub author: AccountId,
    /// Epoch of the author's signing key.
    pub epoch: u32,
    /// When.
    pub time: UnixMillis,
    /// Parts 0, 1, 2 …
    pub parts: Vec<StatementPart>,
}

impl SignedObject for AuthorStatement {
    const NAME: &'static str = "author-statement";
    const LIMIT: usize = 1 << 20;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.report.as_ref())
            .u32(self.version)
            .bytes(self.author.as_ref())
            .u32(self.epoch)
            .time(self.time)
            .u32(self.parts.len() as u32);
        for part in &self.parts {
            w.u64(part.len).bytes(part.content.as_ref());
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let report = ReportId(r.array("report")?);
        let version = r.u32("version")?;
        let author = AccountId(r.array("author")?);
        let epoch = r.u32("epoch")?;
        let time = r.time("time")?;
        let count = r.u32("parts")? as usize;
        if count == 0 || count > super::manifest::MAX_PARTS {
            return Err(DecodeError::Invalid { field: "parts" });
        }
        let parts = (0..count)
            .map(|_| Ok(StatementPart { len: r.u64("length")?, content: Hash32(r.array("content")?) }))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self { report, version, author, epoch, time, parts })
    }
}

/// Why an author's statement, or content under it, doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementError {
    /// Not a statement.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It doesn't open under the content key.
    #[cfg(feature = "open")]
    #[error(transparent)]
    Sealed(#[from] crate::format::SmallError),
    /// The sealed bytes are not those that the manifest names.
    #[error("the author's statement is not the one the manifest names")]
    NotInManifest,
    /// The author's key is not known or had ended.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by the author.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// About another report or version, or by someone else than the manifest says.
    #[error("the author's statement is about something else")]
    WrongSubject,
    /// The plaintext is not what the author wrote.
    #[error("the content of part {0} is not what its author wrote")]
    WrongContent(u32),
}

impl Signed<AuthorStatement> {
    /// Verifies that a statement is the author's, about this version.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn verify_statement(
        &self,
        report: &ReportId,
        version: u32,
        author: &AccountId,
        keys: &impl KeyDirectory,
    ) -> Result<&AuthorStatement, StatementError> {
        let claimed = self.claimed();
        let elsewhere = claimed.report != *report || claimed.version != version || claimed.author != *author;
        if elsewhere && Defence::AuthorStatement.holds() {
            return Err(StatementError::WrongSubject);
        }
        let key = keys.signer(author, claimed.epoch, claimed.time)?;
        Ok(self.verify_under(Defence::AuthorStatement, key)?)
    }
}

impl AuthorStatement {
    /// Checks a part's plaintext by its content hash and length.
    ///
    /// # Errors
    /// [`StatementError::WrongContent`].
    pub fn check(&self, part: u32, found: &StatementPart) -> Result<(), StatementError> {
        let expected = usize::try_from(part).ok().and_then(|i| self.parts.get(i));
        if expected == Some(found) { Ok(()) } else { Err(StatementError::WrongContent(part)) }
    }
}

/// A part's content hash: SHA-256 of `context("content") ‖ field(u64 length) ‖ field(SHA-256 of each 8 MiB segment)`.
///
/// Segment by segment, so that a browser hashes with one-shot WebCrypto digests. Push segments in order; a segment that
/// isn't the last has 8 MiB. An empty plaintext has no segment.
#[derive(Debug, Clone, Default)]
pub struct ContentHasher {
    len: u64,
    digests: Vec<u8>,
}

impl ContentHasher {
    /// Nothing pushed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a segment, hashing it here.
    pub fn push(&mut self, segment: &[u8]) {
        self.push_digest(segment.len() as u64, &Hash32(Sha256::digest(segment).into()));
    }

    /// Adds a segment hashed elsewhere. An empty one adds nothing.
    pub fn push_digest(&mut self, len: u64, digest: &Hash32) {
        if len > 0 {
            self.len += len;
            self.digests.extend_from_slice(&digest.0);
        }
    }

    /// The statement's line for the part.
    pub fn finish(&self) -> StatementPart {
        let mut w = Writer::with_context("content");
        w.u64(self.len).bytes(&self.digests);
        StatementPart { len: self.len, content: w.sha256() }
    }

    /// The line of a plaintext held in memory.
    pub fn of(plaintext: &[u8]) -> StatementPart {
        let mut hasher = Self::new();
        plaintext.chunks(SEGMENT_PLAINTEXT).for_each(|segment| hasher.push(segment));
        hasher.finish()
    }
}

#[cfg(feature = "open")]
mod private {
    use rand_core::CryptoRng;

    use super::*;
    use crate::{
        encoding::sha256,
        format::{Label, open_small, seal_small},
        report::{ContentKey, Manifest, RevisionPlace},
    };

    fn bindings(place: &RevisionPlace) -> Vec<Vec<u8>> {
        if !Defence::PartPlace.holds() {
            return Vec::new();
        }
        vec![place.report.0.to_vec(), place.version.to_be_bytes().to_vec(), place.revision.to_be_bytes().to_vec()]
    }

    /// Seals a signed statement for a revision.
    pub fn seal_statement(
        key: &ContentKey,
        place: &RevisionPlace,
        statement: &Signed<AuthorStatement>,
        rng: &mut impl CryptoRng,
    ) -> Vec<u8> {
        let bound = bindings(place);
        let bound: Vec<&[u8]> = bound.iter().map(Vec::as_slice).collect();
        seal_small(key.expose(), Label::AuthorStatement, &bound, statement.as_bytes(), rng)
    }

    /// Opens and verifies the statement that a verified manifest names.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn open_statement(
        key: &ContentKey,
        manifest: &Manifest,
        sealed: &[u8],
        keys: &impl KeyDirectory,
    ) -> Result<Signed<AuthorStatement>, StatementError> {
        if sha256(sealed) != manifest.statement {
            return Err(StatementError::NotInManifest);
        }
        let bound = bindings(&manifest.place);
        let bound: Vec<&[u8]> = bound.iter().map(Vec::as_slice).collect();
        let opened = open_small(key.expose(), Label::AuthorStatement, &bound, sealed)?;
        let statement = Signed::<AuthorStatement>::parse(opened.expose())?;
        let verified =
            statement.verify_statement(&manifest.place.report, manifest.place.version, &manifest.author, keys)?;
        if verified.parts.len() != manifest.parts.len() {
            return Err(StatementError::WrongSubject);
        }
        Ok(statement)
    }
}
#[cfg(feature = "open")]
pub use private::{open_statement, seal_statement};
