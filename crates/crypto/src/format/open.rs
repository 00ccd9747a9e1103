//! Opening a part: commitment first, then the final chunk, then anything.

use std::ops::Range;

use aes_gcm::{AeadInOut, Aes256Gcm, aead::inout::InOutBuf};

use super::{CHUNK, CHUNK_CIPHERTEXT, FormatError, Geometry, HEADER, PartHeader, PartKey, TAG};
use crate::secret::Secret;

/// Opens the segments of one part, in any order, after its end was authenticated.
pub struct PartOpener {
    key: PartKey,
    cipher: Aes256Gcm,
    geometry: Geometry,
}

impl PartOpener {
    /// Begins to open a part: checks the commitment, then that `final_chunk` is the authentic end of a part of
    /// `ciphertext_len` bytes. Only then is the length trusted.
    ///
    /// `final_chunk` is the ciphertext range [`Geometry::final_chunk`] of the part.
    ///
    /// # Errors
    /// [`FormatError::Truncated`], [`FormatError::WrongCommitment`], [`FormatError::WrongEnd`].
    pub fn begin(
        content_key: &Secret<32>,
        context: &[u8],
        header: &PartHeader,
        ciphertext_len: u64,
        final_chunk: &[u8],
    ) -> Result<Self, FormatError> {
        let key = PartKey::for_header(content_key, header, context)?;
        let geometry = Geometry::of_ciphertext(ciphertext_len)?;
        let range = geometry.final_chunk();
        if final_chunk.len() as u64 != range.end - range.start {
            return Err(FormatError::Truncated);
        }
        let opener = Self { cipher: key.cipher(), key, geometry };
        let mut scratch = final_chunk.to_vec();
        opener.open_chunk(geometry.chunks() - 1, &mut scratch).map_err(|_| FormatError::WrongEnd)?;
        Ok(opener)
    }

    /// The layout, now authentic.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Opens segment `index`, given exactly its stored bytes ([`Geometry::segment_ciphertext`]; the first begins with
    /// the header).
    ///
    /// # Errors
    /// [`FormatError`]; nothing of a segment is given out unless all of it is authentic.
    pub fn open_segment(&self, index: u64, stored: &[u8]) -> Result<Vec<u8>, FormatError> {
        let wrong = FormatError::WrongSegment { segment: index };
        let range = self.geometry.segment_ciphertext(index).ok_or(wrong.clone())?;
        if stored.len() as u64 != range.end - range.start {
            return Err(wrong);
        }
        let chunks = self.geometry.segment_chunks(index).ok_or(wrong)?;
        let body = if index == 0 { self.check_header(stored)? } else { stored };
        self.open_chunks(chunks, body)
    }

    fn check_header<'a>(&self, stored: &'a [u8]) -> Result<&'a [u8], FormatError> {
        let (header, body) = stored.split_first_chunk::<HEADER>().ok_or(FormatError::Truncated)?;
        if *header == self.key.header_bytes() { Ok(body) } else { Err(FormatError::WrongCommitment) }
    }

    fn open_chunks(&self, numbers: Range<u64>, body: &[u8]) -> Result<Vec<u8>, FormatError> {
        let mut out = Vec::with_capacity(body.len());
        let mut scratch = [0u8; CHUNK_CIPHERTEXT];
        for (n, stored) in numbers.clone().zip(body.chunks(CHUNK_CIPHERTEXT)) {
            let scratch = &mut scratch[..stored.len()];
            scratch.copy_from_slice(stored);
            match self.open_chunk(n, scratch) {
                Ok(plaintext) => out.extend_from_slice(plaintext),
                Err(_) => {
                    zeroize::Zeroize::zeroize(&mut out);
                    return Err(self.diagnose(n, numbers, stored));
                }
            }
        }
        Ok(out)
    }

    /// Names the fault of a chunk that didn't open: a neighbour's place or changed bytes. Costs time only on failure.
    fn diagnose(&self, expected: u64, numbers: Range<u64>, stored: &[u8]) -> FormatError {
        numbers
            .filter(|n| *n != expected)
            .find(|n| self.open_chunk(*n, &mut stored.to_vec()).is_ok())
            .map_or(FormatError::NotAuthentic { chunk: expected }, |found| FormatError::Reordered { expected, found })
    }

    fn open_chunk<'a>(&self, n: u64, chunk: &'a mut [u8]) -> Result<&'a [u8], FormatError> {
        let failed = FormatError::NotAuthentic { chunk: n };
        let split = chunk.len().checked_sub(TAG).ok_or(FormatError::Truncated)?;
        debug_assert!(split <= CHUNK);
        let (body, tag) = chunk.split_at_mut(split);
        let tag: [u8; TAG] = (&*tag).try_into().map_err(|_| FormatError::Truncated)?;
        let nonce = self.key.nonce(n)?;
        self.cipher
            .decrypt_inout_detached((&nonce).into(), &[], InOutBuf::from(&mut *body), (&tag).into())
            .map_err(|_| failed)?;
        Ok(body)
    }
}

/// Opens a whole part held in memory.
///
/// # Errors
/// [`FormatError`].
pub fn open_all(content_key: &Secret<32>, context: &[u8], part: &[u8]) -> Result<Vec<u8>, FormatError> {
    let header = PartHeader::parse(part)?;
    // The commitment comes first: a foreign part is named as such, whatever its length.
    PartKey::for_header(content_key, &header, context)?;
    let geometry = Geometry::of_ciphertext(part.len() as u64)?;
    let end = slice(part, geometry.final_chunk())?;
    let opener = PartOpener::begin(content_key, context, &header, part.len() as u64, end)?;
    let mut out = Vec::with_capacity(part.len());
    for index in 0..geometry.segments() {
        let range = geometry.segment_ciphertext(index).ok_or(FormatError::WrongSegment { segment: index })?;
        out.extend_from_slice(&opener.open_segment(index, slice(part, range)?)?);
    }
    Ok(out)
}

fn slice(part: &[u8], range: Range<u64>) -> Result<&[u8], FormatError> {
    let start = usize::try_from(range.start).map_err(|_| FormatError::TooLong)?;
    let end = usize::try_from(range.end).map_err(|_| FormatError::TooLong)?;
    part.get(start..end).ok_or(FormatError::Truncated)
}
