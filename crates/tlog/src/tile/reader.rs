//! Reading a tree out of tiles.

use std::collections::{BTreeMap, btree_map::Entry};

use thiserror::Error;

use super::{FULL, Tile, TileId};
use crate::{
    hash::Hash,
    merkle::{HashReader, Node},
};

/// Where tiles are: a folder, a cache, an answer just fetched.
pub trait TileSource {
    /// Why it can't give one.
    type Error;

    /// One tile. A tile that is wider than asked will do.
    ///
    /// # Errors
    /// What the store says.
    fn tile(&self, id: TileId) -> Result<Tile, Self::Error>;
}

/// Why a tree can't be read out of tiles.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TileError<E> {
    /// The tree ends before this node does.
    #[error("a tree of {size} leaves has no node {index} at level {level}")]
    OutsideTree {
        /// Level of the node.
        level: u8,
        /// Its index.
        index: u64,
        /// Size of the tree, leaves.
        size: u64,
    },
    /// The source gave a tile that is narrower than asked.
    #[error("tile {index} of level {level} is narrower than {width}")]
    Narrow {
        /// Level of the tile.
        level: u8,
        /// Its index.
        index: u64,
        /// The width asked for.
        width: u16,
    },
    /// What the source says.
    #[error("a tile can't be read: {0}")]
    Source(E),
}

/// A tree of `size` leaves, read out of tiles.
#[derive(Debug, Clone, Copy)]
pub struct Tiles<S> {
    source: S,
    size: u64,
}

impl<S: TileSource> Tiles<S> {
    /// Reads a tree of `size` leaves.
    pub fn new(source: S, size: u64) -> Self {
        Self { source, size }
    }

    fn place(&self, node: &Node) -> Result<TileId, TileError<S::Error>> {
        tile_of(node, self.size).ok_or(TileError::OutsideTree { level: node.level, index: node.index, size: self.size })
    }

    fn load(&self, id: TileId) -> Result<Tile, TileError<S::Error>> {
        let tile = self.source.tile(id).map_err(TileError::Source)?;
        if tile.hashes().len() < id.width().into() {
            return Err(narrow(&id));
        }
        Ok(tile)
    }
}

impl<S: TileSource> HashReader for Tiles<S> {
    type Error = TileError<S::Error>;

    /// Reads each tile once.
    fn read(&self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error> {
        let mut tiles = BTreeMap::new();
        let mut hashes = Vec::with_capacity(nodes.len());
        for node in nodes {
            let id = self.place(node)?;
            let tile = match tiles.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.load(id)?),
            };
            let height = node.level % 8;
            let offset = node.index % (u64::from(FULL) >> height);
            hashes.push(tile.node(height, offset).ok_or_else(|| narrow(&id))?);
        }
        Ok(hashes)
    }
}

fn narrow<E>(id: &TileId) -> TileError<E> {
    TileError::Narrow { level: id.level(), index: id.index(), width: id.width() }
}

/// The tile that holds a node, or what it is made of. None if the tree doesn't have the whole node.
fn tile_of(node: &Node, size: u64) -> Option<TileId> {
    let end = node.index.checked_add(1)?;
    if node.level > 63 || end > size >> node.level {
        return None;
    }
    TileId::in_tree(node.level / 8, node.index >> (8 - node.level % 8), size)
}

/// The tiles that nodes of a tree of `size` leaves are read from, each once: what to fetch before proving. Nodes that the
/// tree doesn't have are left out.
pub fn tiles_for(nodes: &[Node], size: u64) -> Vec<TileId> {
    let mut ids: Vec<TileId> = nodes.iter().filter_map(|n| tile_of(n, size)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Tiles in memory: what a client has fetched, or a test has made. Of each place the widest is kept.
#[derive(Debug, Clone, Default)]
pub struct TileMap(BTreeMap<(u8, u64), Tile>);

/// A tile that isn't in a [`TileMap`].
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("tile {} of level {} is missing", .0.index(), .0.level())]
pub struct Missing(pub TileId);

impl TileMap {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a tile, unless a wider one of its place is there.
    pub fn insert(&mut self, id: &TileId, tile: Tile) {
        let place = (id.level(), id.index());
        if self.0.get(&place).is_none_or(|t| t.hashes().len() < tile.hashes().len()) {
            self.0.insert(place, tile);
        }
    }
}

impl TileSource for &TileMap {
    type Error = Missing;

    fn tile(&self, id: TileId) -> Result<Tile, Missing> {
        self.0.get(&(id.level(), id.index())).cloned().ok_or(Missing(id))
    }
}
