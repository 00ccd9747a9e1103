//! Entries: the data that leaves are hashes of (tlog-tiles, “Log entries”).

use thiserror::Error;

use super::{BundleId, FULL};
use crate::hash::{Hash, leaf_hash};

/// Longest entry, bytes.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// Why bytes are not the bundle asked for.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleError {
    /// The bytes end before the bundle's last entry does.
    #[error("the bundle ends early, in entry {0}")]
    Truncated(usize),
    /// Bytes follow the bundle's last entry.
    #[error("bytes follow the bundle's end")]
    Trailing,
    /// An entry is longer than 65535 bytes.
    #[error("an entry of {0} bytes is longer than a bundle can say")]
    TooLong(usize),
    /// Not 1 to 256 entries.
    #[error("a bundle has 1 to 256 entries, not {0}")]
    Count(usize),
}

/// 1 to 256 entries, each of at most 65535 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle(Vec<Vec<u8>>);

impl Bundle {
    /// A bundle of these entries.
    ///
    /// # Errors
    /// [`BundleError::Count`] or [`BundleError::TooLong`].
    pub fn new(entries: Vec<Vec<u8>>) -> Result<Self, BundleError> {
        if !(1..=usize::from(FULL)).contains(&entries.len()) {
            return Err(BundleError::Count(entries.len()));
        }
        match entries.iter().find(|e| e.len() > MAX_ENTRY) {
            Some(long) => Err(BundleError::TooLong(long.len())),
            None => Ok(Self(entries)),
        }
    }

    /// Reads the bytes of a bundle: for each entry `u16 BE length ‖ bytes`.
    ///
    /// # Errors
    /// [`BundleError::Truncated`] or [`BundleError::Trailing`].
    pub fn parse(id: &BundleId, bytes: &[u8]) -> Result<Self, BundleError> {
        let mut rest = bytes;
        let mut entries = Vec::with_capacity(id.width().into());
        for n in 0..usize::from(id.width()) {
            let (entry, after) = split_entry(rest).ok_or(BundleError::Truncated(n))?;
            entries.push(entry.to_vec());
            rest = after;
        }
        if rest.is_empty() { Ok(Self(entries)) } else { Err(BundleError::Trailing) }
    }

    /// The bytes to serve.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Entries are checked to fit when the bundle is made.
        self.0.iter().flat_map(|e| (e.len() as u16).to_be_bytes().into_iter().chain(e.iter().copied())).collect()
    }

    /// Its entries.
    pub fn entries(&self) -> &[Vec<u8>] {
        &self.0
    }

    /// What the tile of level 0 at the same place holds, if neither is forged.
    pub fn leaf_hashes(&self) -> Vec<Hash> {
        self.0.iter().map(|e| leaf_hash(e)).collect()
    }
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*len).into())
}
