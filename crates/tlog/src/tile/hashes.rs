//! The hashes of one tile, and those between its levels.

use thiserror::Error;

use super::{FULL, TileId};
use crate::{
    hash::{HASH_LEN, Hash},
    merkle::fold,
};

/// Bytes that aren't the tile asked for.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("a tile of {expected} bytes has {found}")]
pub struct WrongLength {
    /// 32 · width.
    pub expected: usize,
    /// Bytes found.
    pub found: usize,
}

/// 1 to 256 hashes of neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile(Vec<Hash>);

impl Tile {
    /// Reads the bytes of a tile: its hashes, one after the other.
    ///
    /// # Errors
    /// [`WrongLength`].
    pub fn parse(id: &TileId, bytes: &[u8]) -> Result<Self, WrongLength> {
        let expected = HASH_LEN * usize::from(id.width());
        let (hashes, rest) = bytes.as_chunks::<HASH_LEN>();
        if bytes.len() != expected || !rest.is_empty() {
            return Err(WrongLength { expected, found: bytes.len() });
        }
        Ok(Self(hashes.iter().copied().map(Hash).collect()))
    }

    /// A tile of these hashes; `None` unless they are 1 to 256.
    pub fn new(hashes: Vec<Hash>) -> Option<Self> {
        (1..=usize::from(FULL)).contains(&hashes.len()).then_some(Self(hashes))
    }

    /// The bytes to serve.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|h| h.0).collect()
    }

    /// Its hashes.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// The hash over 2^`height` neighbours from `offset` · 2^`height` on. None if the tile doesn't hold them all.
    pub fn node(&self, height: u8, offset: u64) -> Option<Hash> {
        let width = 1_usize.checked_shl(height.into())?;
        let start = usize::try_from(offset).ok()?.checked_mul(width)?;
        self.0.get(start..start.checked_add(width)?).map(complete)
    }
}

/// The hash over a power of two of neighbours.
fn complete(hashes: &[Hash]) -> Hash {
    if hashes.len() < 2 {
        return fold(hashes);
    }
    let (left, right) = hashes.split_at(hashes.len() / 2);
    fold(&[complete(left), complete(right)])
}
