//! Sealing a part segment by segment.

use aes_gcm::{AeadInOut, Aes256Gcm, aead::inout::InOutBuf};
use thiserror::Error;

use super::{CHUNK, CHUNK_CIPHERTEXT, FormatError, HEADER, PartKey, SEGMENT_CHUNKS, SEGMENT_PLAINTEXT};

/// Why a segment can't be sealed: the caller's mistake.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// A segment that isn't the last must hold exactly 8 MiB; the last at most that, ending in a chunk under 16 KiB.
    #[error("a segment of {len} bytes can't stand there")]
    SegmentLength {
        /// Its plaintext bytes.
        len: usize,
    },
    /// Behind the format's end.
    #[error("the part is longer than the format allows")]
    TooLong,
}

impl From<FormatError> for SealError {
    fn from(_: FormatError) -> Self {
        Self::TooLong
    }
}

/// Seals the segments of one part. Stateless: segments may be sealed in any order and in parallel.
///
/// A part whose plaintext is a whole number of segments (0 included) ends with a segment that is empty:
/// [`super::Geometry::segments`] counts it.
pub struct PartSealer {
    key: PartKey,
    cipher: Aes256Gcm,
}

impl PartSealer {
    /// A sealer for a part. Use one [`PartKey`] for one plaintext only.
    pub fn new(key: PartKey) -> Self {
        let cipher = key.cipher();
        Self { key, cipher }
    }

    /// The key it seals with.
    pub fn key(&self) -> &PartKey {
        &self.key
    }

    /// Seals segment `index`; the first one begins with the header.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal_segment(&self, index: u64, plaintext: &[u8], last: bool) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::new();
        self.seal_segment_into(index, plaintext, last, &mut out)?;
        Ok(out)
    }

    /// As [`PartSealer::seal_segment`], appending to a buffer that the caller reuses.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal_segment_into(
        &self,
        index: u64,
        plaintext: &[u8],
        last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let len = plaintext.len();
        let fits = if last { len < SEGMENT_PLAINTEXT } else { len == SEGMENT_PLAINTEXT };
        if !fits {
            return Err(SealError::SegmentLength { len });
        }
        let mut chunk = index.checked_mul(SEGMENT_CHUNKS).ok_or(SealError::TooLong)?;
        out.reserve(HEADER + len.div_ceil(CHUNK).max(1) * CHUNK_CIPHERTEXT);
        if index == 0 {
            out.extend_from_slice(&self.key.header_bytes());
        }
        let mut chunks = plaintext.chunks_exact(CHUNK);
        for full in &mut chunks {
            self.seal_chunk(chunk, full, out)?;
            chunk += 1;
        }
        if last {
            self.seal_chunk(chunk, chunks.remainder(), out)?;
        }
        Ok(())
    }

    fn seal_chunk(&self, n: u64, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let nonce = self.key.nonce(n)?;
        let start = out.len();
        out.extend_from_slice(plaintext);
        let tag = self
            .cipher
            .encrypt_inout_detached((&nonce).into(), &[], InOutBuf::from(&mut out[start..]))
            .map_err(|_| SealError::TooLong)?;
        out.extend_from_slice(&tag);
        Ok(())
    }
}

/// Seals a whole part held in memory.
///
/// # Errors
/// [`SealError::TooLong`].
pub fn seal_all(key: PartKey, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let sealer = PartSealer::new(key);
    let mut out = Vec::new();
    let mut index = 0;
    let mut segments = plaintext.chunks_exact(SEGMENT_PLAINTEXT);
    for segment in &mut segments {
        sealer.seal_segment_into(index, segment, false, &mut out)?;
        index += 1;
    }
    sealer.seal_segment_into(index, segments.remainder(), true, &mut out)?;
    Ok(out)
}
