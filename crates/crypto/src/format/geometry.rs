//! Where chunks and segments stand. Arithmetic only.

use std::ops::Range;

use super::FormatError;

/// Plaintext bytes of a full chunk.
pub const CHUNK: usize = 16 * 1024;
/// AES-GCM tag, bytes.
pub const TAG: usize = 16;
/// Ciphertext bytes of a full chunk.
pub const CHUNK_CIPHERTEXT: usize = CHUNK + TAG;
/// Salt and commitment, bytes.
pub const HEADER: usize = 56;
/// Chunks in a full segment, the unit of upload and of the manifest's hashes.
pub const SEGMENT_CHUNKS: u64 = 512;
/// Plaintext bytes of a full segment: 8 MiB.
pub const SEGMENT_PLAINTEXT: usize = CHUNK * 512;
/// Ciphertext bytes of a full segment. The first segment has the header besides.
pub const SEGMENT_CIPHERTEXT: usize = CHUNK_CIPHERTEXT * 512;
/// Most chunks in a part (4 PiB).
pub const MAX_CHUNKS: u64 = 1 << 38;

/// The layout of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    plaintext: u64,
}

impl Geometry {
    /// Layout of a part of `len` plaintext bytes.
    ///
    /// # Errors
    /// [`FormatError::TooLong`].
    pub fn of_plaintext(len: u64) -> Result<Self, FormatError> {
        if len / CHUNK as u64 >= MAX_CHUNKS {
            return Err(FormatError::TooLong);
        }
        Ok(Self { plaintext: len })
    }

    /// Layout of a part of `len` ciphertext bytes, header included. What the length claims is not yet trusted: open the
    /// final chunk first.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] if no part has this length, [`FormatError::TooLong`].
    pub fn of_ciphertext(len: u64) -> Result<Self, FormatError> {
        let chunks = len.checked_sub(HEADER as u64).ok_or(FormatError::Truncated)?;
        let last = chunks % CHUNK_CIPHERTEXT as u64;
        let last = last.checked_sub(TAG as u64).ok_or(FormatError::Truncated)?;
        let full = chunks / CHUNK_CIPHERTEXT as u64;
        if full >= MAX_CHUNKS {
            return Err(FormatError::TooLong);
        }
        Ok(Self { plaintext: full * CHUNK as u64 + last })
    }

    /// Plaintext bytes.
    pub fn plaintext_len(&self) -> u64 {
        self.plaintext
    }

    /// Ciphertext bytes, header included.
    pub fn ciphertext_len(&self) -> u64 {
        HEADER as u64 + self.plaintext + self.chunks() * TAG as u64
    }

    /// Chunks, the last (perhaps empty) one included. At least 1.
    pub fn chunks(&self) -> u64 {
        self.plaintext / CHUNK as u64 + 1
    }

    /// Segments. At least 1.
    pub fn segments(&self) -> u64 {
        self.chunks().div_ceil(SEGMENT_CHUNKS)
    }

    /// Ciphertext range of chunk `k`, or none behind the end.
    pub fn chunk_ciphertext(&self, k: u64) -> Option<Range<u64>> {
        (k < self.chunks()).then(|| {
            let start = HEADER as u64 + k * CHUNK_CIPHERTEXT as u64;
            start..(start + CHUNK_CIPHERTEXT as u64).min(self.ciphertext_len())
        })
    }

    /// Ciphertext range of the final chunk.
    pub fn final_chunk(&self) -> Range<u64> {
        let k = self.chunks() - 1;
        HEADER as u64 + k * CHUNK_CIPHERTEXT as u64..self.ciphertext_len()
    }

    /// Numbers of the chunks in segment `i`, or none behind the end.
    pub fn segment_chunks(&self, i: u64) -> Option<Range<u64>> {
        let start = i.checked_mul(SEGMENT_CHUNKS)?;
        (start < self.chunks()).then(|| start..(start + SEGMENT_CHUNKS).min(self.chunks()))
    }

    /// Plaintext range of segment `i`, or none behind the end. The last one may be empty.
    pub fn segment_plaintext(&self, i: u64) -> Option<Range<u64>> {
        let chunks = self.segment_chunks(i)?;
        Some(chunks.start * CHUNK as u64..(chunks.end * CHUNK as u64).min(self.plaintext))
    }

    /// Ciphertext range of segment `i` as stored: the first begins at 0 with the header.
    pub fn segment_ciphertext(&self, i: u64) -> Option<Range<u64>> {
        let chunks = self.segment_chunks(i)?;
        let start = if i == 0 { 0 } else { HEADER as u64 + chunks.start * CHUNK_CIPHERTEXT as u64 };
        let end = HEADER as u64 + chunks.end * CHUNK_CIPHERTEXT as u64;
        Some(start..end.min(self.ciphertext_len()))
    }

    /// The segments that hold a plaintext range: what to fetch for a range read.
    pub fn segments_of(&self, plaintext: Range<u64>) -> Range<u64> {
        let end = plaintext.end.min(self.plaintext);
        let first = plaintext.start / SEGMENT_PLAINTEXT as u64;
        first..end.div_ceil(SEGMENT_PLAINTEXT as u64).max(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_round_trip_and_segments_tile() {
        let seg = SEGMENT_PLAINTEXT as u64;
        for len in [0, 1, 16383, 16384, 16385, seg - 1, seg, seg + 1, 2 * seg, 3 * seg + 5, 2 << 30] {
            let g = Geometry::of_plaintext(len).unwrap();
            assert_eq!(Geometry::of_ciphertext(g.ciphertext_len()), Ok(g), "{len}");
            let (mut plain, mut cipher) = (0, 0);
            for i in 0..g.segments() {
                let p = g.segment_plaintext(i).unwrap();
                let c = g.segment_ciphertext(i).unwrap();
                assert_eq!((p.start, c.start), (plain, cipher));
                (plain, cipher) = (p.end, c.end);
            }
            assert_eq!((plain, cipher), (len, g.ciphertext_len()));
            assert_eq!(g.segment_chunks(g.segments()), None);
            assert_eq!(g.chunk_ciphertext(g.chunks() - 1), Some(g.final_chunk()));
        }
    }

    #[test]
    fn a_full_segment_is_followed_by_an_end_mark() {
        let g = Geometry::of_plaintext(SEGMENT_PLAINTEXT as u64).unwrap();
        assert_eq!((g.chunks(), g.segments()), (513, 2));
        assert_eq!(g.segment_plaintext(1), Some(8 << 20..8 << 20));
        let end = g.segment_ciphertext(1).unwrap();
        assert_eq!(end.end - end.start, TAG as u64);
    }

    #[test]
    fn lengths_that_no_part_has() {
        for len in [0, 55, 56, 71, 56 + 16400, 56 + 16400 + 15] {
            assert_eq!(Geometry::of_ciphertext(len), Err(FormatError::Truncated), "{len}");
        }
        assert_eq!(Geometry::of_plaintext(u64::MAX), Err(FormatError::TooLong));
        assert_eq!(Geometry::of_ciphertext(u64::MAX - 100), Err(FormatError::TooLong));
    }

    #[test]
    fn range_reads() {
        let g = Geometry::of_plaintext(3 * SEGMENT_PLAINTEXT as u64).unwrap();
        assert_eq!(g.segments_of(0..1), 0..1);
        assert_eq!(g.segments_of((8 << 20) - 1..(8 << 20) + 1), 0..2);
        assert_eq!(g.segments_of(u64::MAX..u64::MAX).count(), 0);
    }
}
