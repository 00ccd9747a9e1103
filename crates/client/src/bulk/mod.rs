//! Sealing and uploading, fetching and opening of parts: the only work whose size has no bound.
//!
//! The client decides keys, places and hashes; a [`Bulk`] moves the bytes. [`memory::MemoryBulk`] is for tests and small
//! parts, [`native::FileBulk`] streams files on tokio, the page brings its own worker pool with WebCrypto.

mod buffers;
mod control;
mod engine;
pub mod memory;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub mod native;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod partial;
mod pipeline;
#[cfg(all(test, feature = "native", not(target_arch = "wasm32")))]
mod resume_tests;
#[cfg(all(feature = "web", target_arch = "wasm32"))]
pub mod webcrypto;

use std::future::Future;

use api_types::{ReportId, UploadId};
use crypto::{
    format::{Geometry, PartKey},
    ids::Hash32,
};

pub use control::{Cancel, Control, Progress};

use crate::{
    error::Result,
    platform::{MaybeSend, MaybeSync},
    reports::SignedRequest,
    transport::Transport,
};

/// One part to seal and upload.
#[derive(Debug, Clone)]
pub struct SealJob {
    /// Key, base nonce, salt, commitment.
    pub key: PartKey,
    /// Layout: plaintext length, segments, ciphertext ranges.
    pub geometry: Geometry,
    /// Where the segments go: `PUT /api/v1/uploads/{id}/segments/{n}`.
    pub upload: UploadId,
    /// Segments that the server holds already. They are hashed again, not sent again.
    pub received: Vec<u32>,
    /// Plaintext hashes of segments that may have been sealed under this key before, by segment number. A plaintext
    /// that differs must not be sealed: [`crate::ClientError::SourceChanged`].
    pub sealed_before: Vec<Option<Hash32>>,
}

impl SealJob {
    /// The segments in two turns. First come those that may have been sealed under this key before: only when each of them has
    /// the same plaintext as then is anything else sealed under it.
    pub fn turns(&self) -> [Vec<u64>; 2] {
        let before = |i: &u64| usize::try_from(*i).is_ok_and(|i| matches!(self.sealed_before.get(i), Some(Some(_))));
        let (before, rest) = (0..self.geometry.segments()).partition(before);
        [before, rest]
    }
}

/// What sealing gave: both lists have one SHA-256 for each segment, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPart {
    /// Of the plaintext segments.
    pub plain: Vec<Hash32>,
    /// Of the stored segments, the header counted to the first.
    pub cipher: Vec<Hash32>,
}

/// One part to fetch and open.
#[derive(Debug, Clone)]
pub struct OpenJob {
    /// Key, checked against the header in the signed manifest: by its commitment, or as part 0 states it.
    pub key: PartKey,
    /// Layout, from the signed manifest's ciphertext length.
    pub geometry: Geometry,
    /// SHA-256 of each stored segment, from the signed manifest.
    pub cipher: Vec<Hash32>,
    /// Where it is: `GET /api/v1/reports/{id}/versions/{v}/revisions/{r}/parts/{p}` with `Range`.
    pub report: ReportId,
    /// Version.
    pub version: u32,
    /// Revision.
    pub revision: u32,
    /// Part number.
    pub part: u32,
    /// What its reader signed: goes with the request for each piece.
    pub request: SignedRequest,
}

impl OpenJob {
    /// The path to fetch from.
    pub fn path(&self) -> String {
        crate::api::part_path(&self.report, self.version, self.revision, self.part)
    }
}

/// Remembers, before a sealed segment leaves, what was sealed: nobody may ever see a key and nonce meet two plaintexts.
/// A sealed segment that was never sent is forgotten with the process, so sealing need not wait for the note, only sending.
pub trait Ledger: MaybeSync {
    /// Returns once the segment's plaintext hash is durable in the sealed draft. Calls may overlap; they share saves.
    fn intend(&self, segment: u64, plain: Hash32) -> impl Future<Output = Result<()>> + MaybeSend;
}

/// A ledger for parts whose key dies with this attempt (re-key, inline parts): nothing to remember.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLedger;

impl Ledger for NoLedger {
    async fn intend(&self, _: u64, _: Hash32) -> Result<()> {
        Ok(())
    }
}

/// Moves the bytes of parts. Implementations keep a bounded number of segments in memory.
pub trait Bulk: MaybeSync + 'static {
    /// A file to seal.
    type Source: MaybeSync + 'static;
    /// Where an opened part goes, piece by piece.
    type Sink: MaybeSend + 'static;
    /// What a finished sink becomes: a path, bytes, a Blob.
    type Opened: MaybeSend + MaybeSync + 'static;

    /// Plaintext bytes of a source.
    fn len(&self, source: &Self::Source) -> impl Future<Output = Result<u64>> + MaybeSend;

    /// The first `n` bytes (or all, if fewer), for the file type.
    fn head(&self, source: &Self::Source, n: usize) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend;

    /// For each segment: read, hash, seal with chunk numbers from the segment's place, hash; when `ledger.intend` is through,
    /// send with `Content-Digest`. Segments may be in flight together. Progress counts plaintext bytes stored. A transfer
    /// that breaks may be tried again with the same bytes; an error that comes back is for the caller to resume from.
    fn seal_part<T: Transport, L: Ledger>(
        &self,
        transport: &T,
        job: &SealJob,
        source: &Self::Source,
        ledger: &L,
        control: &Control,
    ) -> impl Future<Output = Result<SealedPart>> + MaybeSend;

    /// Fetches and opens the final chunk first, then every segment: check its SHA-256 against the manifest, open, hash
    /// the plaintext, write in order. What the sink has from an earlier try is taken where it is exactly this part's, and isn't
    /// fetched again. Returns the plaintext hashes; the caller compares them with the author's statement and only then calls
    /// [`Bulk::finish`].
    fn open_part<T: Transport>(
        &self,
        transport: &T,
        job: &OpenJob,
        sink: &mut Self::Sink,
        control: &Control,
    ) -> impl Future<Output = Result<Vec<Hash32>>> + MaybeSend;

    /// Opens under one key and seals under another, segment by segment (re-key). Also returns the plaintext hashes.
    fn reseal_part<T: Transport>(
        &self,
        transport: &T,
        from: &OpenJob,
        to: &SealJob,
        control: &Control,
    ) -> impl Future<Output = Result<SealedPart>> + MaybeSend;

    /// Everything verified: the sink may be shown.
    fn finish(&self, sink: Self::Sink) -> impl Future<Output = Result<Self::Opened>> + MaybeSend;

    /// Something didn't verify: what was written goes.
    fn discard(&self, sink: Self::Sink) -> impl Future<Output = ()> + MaybeSend;

    /// The connection broke for good: what was written may stay for a later try, under no name that looks complete.
    fn leave(&self, sink: Self::Sink) -> impl Future<Output = ()> + MaybeSend {
        self.discard(sink)
    }
}
