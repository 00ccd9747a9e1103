//! The container of everything sealed: Cobblestone-256 (c2sp.org/chunked-encryption), nothing added.
//!
//! `salt[24] ‖ commitment[32] ‖ chunk…`, AES-256-GCM over chunks of 16 KiB plaintext; the last chunk is shorter than
//! 16 KiB, perhaps empty. Browsers seal chunks with WebCrypto from a [`PartKey`]; `PartSealer` and `PartOpener` are the
//! reference and the native path (feature `open`).

mod geometry;
#[cfg(feature = "open")]
mod open;
#[cfg(feature = "open")]
mod part_key;
#[cfg(feature = "open")]
mod seal;
#[cfg(feature = "open")]
mod small;

use thiserror::Error;

pub use geometry::{
    CHUNK, CHUNK_CIPHERTEXT, Geometry, HEADER, MAX_CHUNKS, SEGMENT_CHUNKS, SEGMENT_CIPHERTEXT, SEGMENT_PLAINTEXT, TAG,
};
#[cfg(feature = "open")]
pub use open::{PartOpener, open_all};
#[cfg(feature = "open")]
pub use part_key::{PART_SECRET, PartKey};
#[cfg(feature = "open")]
pub use seal::{PartSealer, SealError, seal_all};
#[cfg(feature = "open")]
pub use small::{Label, SmallError, open_small, seal_small};

/// Length of a part's salt, bytes.
pub const SALT: usize = 24;
/// Length of a part's key commitment, bytes.
pub const COMMITMENT: usize = 32;

/// The first 56 bytes of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartHeader {
    /// Random, fresh for each part and revision.
    pub salt: [u8; SALT],
    /// Derived from content key, salt and context: says which key and place the part belongs to.
    pub commitment: [u8; COMMITMENT],
}

impl PartHeader {
    /// `salt ‖ commitment`.
    pub fn to_bytes(&self) -> [u8; HEADER] {
        let mut out = [0u8; HEADER];
        out[..SALT].copy_from_slice(&self.salt);
        out[SALT..].copy_from_slice(&self.commitment);
        out
    }

    /// Reads the first 56 bytes of a part.
    ///
    /// # Errors
    /// [`FormatError::Truncated`].
    pub fn parse(part: &[u8]) -> Result<Self, FormatError> {
        let (salt, rest) = part.split_first_chunk::<SALT>().ok_or(FormatError::Truncated)?;
        let (commitment, _) = rest.split_first_chunk::<COMMITMENT>().ok_or(FormatError::Truncated)?;
        Ok(Self { salt: *salt, commitment: *commitment })
    }
}

/// Why a part doesn't open.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatError {
    /// Fewer bytes than there must be, or an end that is no whole chunk.
    #[error("the part is cut off")]
    Truncated,
    /// More bytes than there must be.
    #[error("bytes follow the part's end")]
    Extended,
    /// Longer than 2^38 chunks.
    #[error("the part is longer than the format allows")]
    TooLong,
    /// The commitment isn't that of this key, salt and context: another key, or a part of another report, version,
    /// revision or number.
    #[error("the part was sealed under another key or for another place")]
    WrongCommitment,
    /// The last chunk is authentic as a chunk of another place: the part was cut off or extended at a chunk's border.
    #[error("the part's last chunk is not its end")]
    WrongEnd,
    /// A chunk stands where another belongs.
    #[error("chunk {found} stands in the place of chunk {expected}")]
    Reordered {
        /// The chunk that belongs there.
        expected: u64,
        /// The chunk that stands there.
        found: u64,
    },
    /// A chunk's bytes were changed.
    #[error("chunk {chunk} is not authentic")]
    NotAuthentic {
        /// Its number, from 0.
        chunk: u64,
    },
    /// There is no such segment, or it has another length.
    #[error("segment {segment} has the wrong length or does not exist")]
    WrongSegment {
        /// Its number, from 0.
        segment: u64,
    },
}
