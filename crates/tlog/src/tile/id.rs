//! Which tile: level, index, width.

use thiserror::Error;

use crate::MAX_SIZE;

/// Width of a full tile, hashes; of a full bundle, entries.
pub const FULL: u16 = 256;
/// Highest level that the specification has. A tree of at most 2^63 − 1 leaves has tiles up to level 7.
pub const MAX_LEVEL: u8 = 63;
/// Highest index that a tree of at most 2^63 − 1 leaves can have, at level 0.
pub const MAX_INDEX: u64 = MAX_SIZE >> 8;

/// Numbers that name no tile or bundle.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidId {
    /// Above [`MAX_LEVEL`].
    #[error("there is no tile level {0}")]
    Level(u8),
    /// Above [`MAX_INDEX`].
    #[error("there is no tile index {0}")]
    Index(u64),
    /// Not 1 to 256.
    #[error("a tile is 1 to 256 wide, not {0}")]
    Width(u16),
}

/// A tile: `width` hashes from `index` · 256 on, each over 256^`level` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

impl TileId {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`InvalidId`].
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, InvalidId> {
        if level > MAX_LEVEL {
            return Err(InvalidId::Level(level));
        }
        let BundleId { index, width } = BundleId::new(index, width)?;
        Ok(Self { level, index, width })
    }

    /// Height in tiles, 0 at the leaves.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Place in its level, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Hashes in it, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all 256 hashes and will never grow.
    pub fn is_full(&self) -> bool {
        self.width == FULL
    }

    /// The tile of this place in a tree of `size` leaves, as wide as it is there. None if the tree doesn't reach it.
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let width = hashes.saturating_sub(index.checked_mul(FULL.into())?).min(FULL.into());
        Self::new(level, index, width as u16).ok()
    }

    /// Whether a tree of `size` leaves has this very tile, of this width.
    pub fn is_of(&self, size: u64) -> bool {
        Self::in_tree(self.level, self.index, size) == Some(*self)
    }
}

/// A bundle: `width` entries from `index` · 256 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId {
    index: u64,
    width: u16,
}

impl BundleId {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`InvalidId`], never its level.
    pub fn new(index: u64, width: u16) -> Result<Self, InvalidId> {
        if index > MAX_INDEX {
            return Err(InvalidId::Index(index));
        }
        if !(1..=FULL).contains(&width) {
            return Err(InvalidId::Width(width));
        }
        Ok(Self { index, width })
    }

    /// The bundle of this place in a tree of `size` leaves. None if the tree doesn't reach it.
    pub fn in_tree(index: u64, size: u64) -> Option<Self> {
        TileId::in_tree(0, index, size).map(|t| Self { index: t.index, width: t.width })
    }

    /// Place, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Entries in it, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }
}

/// The partial tiles of a tree of `size` leaves, lowest first: what [`crate::tile::Edge`] goes on from.
pub fn edge_tiles(size: u64) -> Vec<TileId> {
    let at = |level: u8| {
        let hashes = size >> (8 * u32::from(level));
        TileId::new(level, hashes >> 8, (hashes & 0xff) as u16).ok()
    };
    (0..8).filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(level: u8, index: u64, width: u16) -> TileId {
        TileId::new(level, index, width).unwrap()
    }

    /// The example of tlog-tiles, “Partial Tiles”.
    #[test]
    fn a_tree_of_70000_has_the_tiles_of_the_specification() {
        assert_eq!(edge_tiles(70_000), [id(0, 273, 112), id(1, 1, 17), id(2, 0, 1)]);
        assert_eq!(edge_tiles(256), [id(1, 0, 1)]);
        assert!(id(0, 272, 256).is_of(70_000) && id(1, 0, 256).is_of(70_000));
        assert!(!id(0, 273, 111).is_of(70_000) && !id(2, 1, 1).is_of(70_000));
    }

    #[test]
    fn edges_of_any_tree_are_tiles_of_it() {
        for size in [0, 1, 255, 256, 257, 65_535, 65_536, MAX_SIZE] {
            assert!(edge_tiles(size).iter().all(|t| t.is_of(size)), "{size}");
        }
        assert_eq!(TileId::in_tree(63, 0, MAX_SIZE), None);
        assert_eq!(TileId::in_tree(0, u64::MAX, MAX_SIZE), None);
    }
}
