//! One segment at a time, without I/O: what the implementations in this crate share.

use bytes::Bytes;
use crypto::{
    defence::Defence,
    encoding::sha256,
    format::{FormatError, Geometry, HEADER, PartOpener, PartSealer},
    ids::Hash32,
};

use super::{OpenJob, SealJob, buffers::Buffers};
use crate::error::{ClientError, Refusal, Result};

/// Segment numbers are u32 on the wire.
pub(crate) fn number(segment: u64) -> Result<u32> {
    u32::try_from(segment).map_err(|_| ClientError::Internal("a part has too many segments"))
}

/// Bytes of plaintext segment `i`.
pub(crate) fn plain_range(geometry: &Geometry, i: u64) -> Result<std::ops::Range<u64>> {
    geometry.segment_plaintext(i).ok_or(ClientError::Internal("a segment lies behind the end"))
}

/// Bytes of stored segment `i`.
pub(crate) fn cipher_range(geometry: &Geometry, i: u64) -> Result<std::ops::Range<u64>> {
    geometry.segment_ciphertext(i).ok_or(ClientError::Internal("a segment lies behind the end"))
}

/// Hashes a plaintext segment and refuses one that differs from what was sealed under the same key before.
pub(crate) fn check_plain(job: &SealJob, i: u64, plain: &[u8]) -> Result<Hash32> {
    let hash = sha256(plain);
    let before = usize::try_from(i).ok().and_then(|i| job.sealed_before.get(i).copied().flatten());
    match before {
        Some(before) if before != hash => Err(ClientError::SourceChanged),
        _ => Ok(hash),
    }
}

/// Seals segment `i` into a buffer of these.
pub(super) fn seal(
    sealer: &PartSealer,
    geometry: &Geometry,
    i: u64,
    plain: &[u8],
    buffers: &Buffers,
) -> Result<(Bytes, Hash32)> {
    let last = i + 1 == geometry.segments();
    let mut sealed = buffers.take();
    sealed.clear();
    sealer.seal_segment_into(i, plain, last, &mut sealed).map_err(|_| ClientError::Source)?;
    let (hash, len) = (sha256(&sealed), sealed.len());
    Ok((buffers.lend(sealed, len), hash))
}

/// The plaintext hash of what an earlier try wrote for segment `i`, where it is just that: sealed again it must be the segment
/// in the manifest, which the same key, chunk numbers and plaintext make it.
pub(super) fn recognise(
    sealer: &PartSealer,
    job: &OpenJob,
    i: u64,
    plain: &[u8],
    buffers: &Buffers,
) -> Result<Option<Hash32>> {
    let (_, stored) = seal(sealer, &job.geometry, i, plain, buffers)?;
    let expected = usize::try_from(i).ok().and_then(|i| job.cipher.get(i));
    Ok((expected == Some(&stored)).then(|| sha256(plain)))
}

/// What a wrong part is called.
pub(crate) fn forged(part: u32, error: &FormatError) -> ClientError {
    Refusal::PartForged { part, why: error.to_string() }.into()
}

/// Opens the final chunk; only then is the length trusted.
pub(crate) fn begin(job: &OpenJob, final_chunk: &[u8]) -> Result<PartOpener> {
    let len = job.geometry.ciphertext_len();
    PartOpener::with_key(job.key.clone(), len, final_chunk).map_err(|e| forged(job.part, &e))
}

/// Checks a stored segment against the manifest and opens it into a buffer of these.
pub(super) fn open(
    opener: &PartOpener,
    job: &OpenJob,
    i: u64,
    stored: &[u8],
    buffers: &Buffers,
) -> Result<(Bytes, Hash32)> {
    let expected = usize::try_from(i).ok().and_then(|i| job.cipher.get(i));
    if expected != Some(&sha256(stored)) && Defence::SegmentHash.holds() {
        let why = format!("segment {i} is not the one in the manifest");
        return Err(Refusal::PartForged { part: job.part, why }.into());
    }
    let mut plain = buffers.take();
    plain.clear();
    opener.open_segment_into(i, stored, &mut plain).map_err(|e| forged(job.part, &e))?;
    let (hash, len) = (sha256(&plain), plain.len());
    Ok((buffers.lend(plain, len), hash))
}

/// A part of a signed manifest names its segments completely.
pub(crate) fn check_shape(job: &OpenJob) -> Result<()> {
    if job.cipher.len() as u64 == job.geometry.segments() && job.geometry.ciphertext_len() > HEADER as u64 {
        return Ok(());
    }
    Err(Refusal::PartForged { part: job.part, why: "its segments do not fit its length".to_owned() }.into())
}
