//! Opening a part: commitment first, then the final chunk, then anything.

use std::ops::Range;

use aes_gcm::{AeadInOut, Aes256Gcm, aead::inout::InOutBuf};
use zeroize::{Zeroize, Zeroizing};

use super::{CHUNK_CIPHERTEXT, FormatError, Geometry, HEADER, PartHeader, PartKey, TAG};
use crate::{defence::Defence, secret::Secret};

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
        Self::with_key(PartKey::for_header(content_key, header, context)?, ciphertext_len, final_chunk)
    }

    /// As [`PartOpener::begin`], with a key that was checked against the part's header already.
    ///
    /// # Errors
    /// [`FormatError::Truncated`], [`FormatError::WrongEnd`].
    pub fn with_key(key: PartKey, ciphertext_len: u64, final_chunk: &[u8]) -> Result<Self, FormatError> {
        let geometry = Geometry::of_ciphertext(ciphertext_len)?;
        let opener = Self { cipher: key.cipher(), key, geometry };
        if Defence::PartEnd.holds() {
            opener.check_end(final_chunk)?;
        }
        Ok(opener)
    }

    fn check_end(&self, final_chunk: &[u8]) -> Result<(), FormatError> {
        let range = self.geometry.final_chunk();
        if final_chunk.len() as u64 != range.end - range.start {
            return Err(FormatError::Truncated);
        }
        let mut end = Zeroizing::new(Vec::with_capacity(final_chunk.len()));
        self.open_chunk(self.geometry.chunks() - 1, final_chunk, &mut end).map_err(|_| FormatError::WrongEnd)
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
        let mut out = Vec::new();
        self.open_segment_into(index, stored, &mut out)?;
        Ok(out)
    }

    /// As [`PartOpener::open_segment`], appending to a buffer that the caller reuses. After an error nothing of the segment
    /// is in it.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn open_segment_into(&self, index: u64, stored: &[u8], out: &mut Vec<u8>) -> Result<(), FormatError> {
        let wrong = FormatError::WrongSegment { segment: index };
        let range = self.geometry.segment_ciphertext(index).ok_or(wrong.clone())?;
        if stored.len() as u64 != range.end - range.start && Defence::PartEnd.holds() {
            return Err(wrong);
        }
        let chunks = self.geometry.segment_chunks(index).ok_or(wrong)?;
        let body = if index == 0 { self.check_header(stored)? } else { stored };
        self.open_chunks(chunks, body, out)
    }

    fn check_header<'a>(&self, stored: &'a [u8]) -> Result<&'a [u8], FormatError> {
        let (header, body) = stored.split_first_chunk::<HEADER>().ok_or(FormatError::Truncated)?;
        if *header == self.key.header_bytes() { Ok(body) } else { Err(FormatError::WrongCommitment) }
    }

    fn open_chunks(&self, numbers: Range<u64>, body: &[u8], out: &mut Vec<u8>) -> Result<(), FormatError> {
        let before = out.len();
        out.reserve(body.len());
        for (n, stored) in numbers.clone().zip(body.chunks(CHUNK_CIPHERTEXT)) {
            if self.open_chunk(n, stored, out).is_err() {
                // What a reader does that gives out each chunk as it comes, and takes a bad one for the end.
                if !Defence::PartEnd.holds() {
                    break;
                }
                out[before..].zeroize();
                out.truncate(before);
                return Err(self.diagnose(n, numbers, stored));
            }
        }
        Ok(())
    }

    /// Names the fault of a chunk that didn't open: a neighbour's place or changed bytes. Costs time only on failure.
    fn diagnose(&self, expected: u64, numbers: Range<u64>, stored: &[u8]) -> FormatError {
        let mut scratch = Zeroizing::new(Vec::with_capacity(stored.len()));
        numbers
            .filter(|n| *n != expected)
            .find(|n| self.open_chunk(*n, stored, &mut scratch).is_ok())
            .map_or(FormatError::NotAuthentic { chunk: expected }, |found| FormatError::Reordered { expected, found })
    }

    /// Appends chunk `n`'s plaintext to `out`, or nothing.
    fn open_chunk(&self, n: u64, stored: &[u8], out: &mut Vec<u8>) -> Result<(), FormatError> {
        let (body, tag) = stored.split_last_chunk::<TAG>().ok_or(FormatError::Truncated)?;
        let nonce = self.key.nonce(n)?;
        let start = out.len();
        out.extend_from_slice(body);
        let opened =
            self.cipher.decrypt_inout_detached((&nonce).into(), &[], InOutBuf::from(&mut out[start..]), tag.into());
        if opened.is_err() {
            out.truncate(start);
            return Err(FormatError::NotAuthentic { chunk: n });
        }
        Ok(())
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
        out.extend_from_slice(&Zeroizing::new(opener.open_segment(index, slice(part, range)?)?));
    }
    Ok(out)
}

fn slice(part: &[u8], range: Range<u64>) -> Result<&[u8], FormatError> {
    let start = usize::try_from(range.start).map_err(|_| FormatError::TooLong)?;
    let end = usize::try_from(range.end).map_err(|_| FormatError::TooLong)?;
    part.get(start..end).ok_or(FormatError::Truncated)
}
