//! The right edge of a tree that grows: its partial tiles, and the tiles that appending makes.

use thiserror::Error;

use super::{FULL, Tile, TileId, TileSource, edge_tiles};
use crate::{
    MAX_SIZE,
    hash::Hash,
    merkle::{cover, fold},
};

/// Why the edge can't be loaded.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EdgeError<E> {
    /// Above [`MAX_SIZE`].
    #[error("a tree has at most 2^63 − 1 leaves, not {0}")]
    TooLarge(u64),
    /// The source gave a tile that is narrower than asked.
    #[error("the tile at the edge of level {0} is too narrow")]
    Narrow(u8),
    /// What the source says.
    #[error("a tile can't be read: {0}")]
    Source(E),
}

/// The partial tiles of a tree, at most eight, and the tiles made since they were last taken.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    size: u64,
    /// Hashes of the partial tile of each level, 0 to 255 of them.
    levels: Vec<Vec<Hash>>,
    full: Vec<(TileId, Tile)>,
    taken: u64,
}

impl Edge {
    /// The edge of a tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a tree of `size` leaves, from its partial tiles.
    ///
    /// # Errors
    /// [`EdgeError`].
    pub fn load<S: TileSource>(source: &S, size: u64) -> Result<Self, EdgeError<S::Error>> {
        if size > MAX_SIZE {
            return Err(EdgeError::TooLarge(size));
        }
        let mut levels = Vec::new();
        for id in edge_tiles(size) {
            let tile = source.tile(id).map_err(EdgeError::Source)?;
            let hashes = tile.hashes().get(..id.width().into()).ok_or(EdgeError::Narrow(id.level()))?;
            levels.resize(usize::from(id.level()) + 1, Vec::new());
            levels[usize::from(id.level())] = hashes.to_vec();
        }
        Ok(Self { size, levels, full: Vec::new(), taken: size })
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of a leaf ([`crate::leaf_hash`]).
    pub fn push(&mut self, leaf: Hash) {
        self.size += 1;
        let mut hash = Some(leaf);
        for level in 0.. {
            let Some(h) = hash else { break };
            hash = self.push_at(level, h);
        }
    }

    /// Appends to a level; a tile that is full goes out, and its hash belongs to the level above.
    fn push_at(&mut self, level: usize, hash: Hash) -> Option<Hash> {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        let hashes = &mut self.levels[level];
        hashes.push(hash);
        if hashes.len() < FULL.into() {
            return None;
        }
        let tile = Tile::new(std::mem::take(hashes))?;
        let up = tile.node(8, 0)?;
        let id = TileId::in_tree(level as u8, (self.size >> (8 * (level + 1))) - 1, self.size)?;
        self.full.push((id, tile));
        Some(up)
    }

    /// The tiles that are new since the last call: full ones, then the partial ones of the tree as it is now. Once they are
    /// stored, a checkpoint of this size may be published.
    pub fn take(&mut self) -> Vec<(TileId, Tile)> {
        let mut tiles = std::mem::take(&mut self.full);
        for id in edge_tiles(self.size).into_iter().filter(|id| !id.is_of(self.taken)) {
            tiles.extend(Tile::new(self.levels[usize::from(id.level())].clone()).map(|tile| (id, tile)));
        }
        self.taken = self.size;
        tiles
    }

    /// The root of the tree so far.
    pub fn root(&self) -> Hash {
        let rows = self.levels.iter().rev().flat_map(|hashes| {
            let nodes = cover(0, hashes.len() as u64).into_iter();
            let tile = Tile::new(hashes.clone());
            nodes.filter_map(move |n| tile.as_ref()?.node(n.level, n.index))
        });
        fold(&rows.collect::<Vec<_>>())
    }
}
