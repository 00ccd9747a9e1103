//! A tree of which nothing is believed that doesn't lead to its signed root.
//!
//! The partial tiles at the right edge make the root. Every full tile's hash stands in the tile above it. So a tile counts
//! once the ones above it do, and a leaf is in the tree if it stands in a tile that counts.

use std::collections::{BTreeMap, BTreeSet};

use crypto::defence::Defence;
use futures::future::join_all;
use tlog::{
    Hash,
    checkpoint::Checkpoint,
    leaf_hash,
    merkle::{
        ConsistencyProof, InclusionProof, consistency_nodes, inclusion_nodes, prove_consistency, prove_inclusion,
    },
    tile::{Bundle, BundleId, Edge, FULL, Missing, Resource, Tile, TileId, TileSource, Tiles, edge_tiles, tiles_for},
};

use super::files::Source;
use crate::error::ClientError;

/// Tiles fetched at once.
const AT_ONCE: usize = 8;
/// Most full tiles taken over from one checkpoint to the next: 4 MiB.
const SPARE: usize = 512;

/// Level and index.
type Place = (u8, u64);

/// Why a tree can't be read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The source failed.
    Error(ClientError),
    /// The source gave something that isn't of this tree, or nothing.
    Forged {
        /// What was asked for.
        file: Resource,
        /// What came.
        bytes: Option<Vec<u8>>,
        /// What it was to be compared with.
        beside: Vec<(TileId, Vec<u8>)>,
    },
}

impl Fault {
    fn beside(self, tiles: Vec<(TileId, Vec<u8>)>) -> Self {
        match self {
            Self::Forged { file, bytes, .. } => Self::Forged { file, bytes, beside: tiles },
            other => other,
        }
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        Self::Error(error)
    }
}

/// The tree of one checkpoint, as far as it was read.
#[derive(Debug)]
pub(crate) struct Authentic {
    size: u64,
    tiles: BTreeMap<Place, Tile>,
    /// Full tiles of an earlier tree, each as good as one just fetched: they save the way, not the check.
    spare: BTreeMap<Place, Tile>,
}

impl Authentic {
    /// Reads the right edge and compares it with the root.
    pub async fn load(source: &impl Source, checkpoint: &Checkpoint, before: Option<&Self>) -> Result<Self, Fault> {
        let spare = before.map(Self::full).unwrap_or_default();
        let mut tree = Self { size: checkpoint.size(), tiles: BTreeMap::new(), spare };
        let edge = edge_tiles(tree.size);
        for (id, tile) in edge.iter().zip(join_all(edge.iter().map(|id| fetch(source, *id))).await) {
            match tile {
                Ok(tile) => drop(tree.tiles.insert(place(id), tile)),
                Err(fault) => return Err(fault.beside(tree.all().collect())),
            }
        }
        let root = Edge::load(&&tree, tree.size).map(|edge| edge.root()).ok();
        match edge.first() {
            Some(id) if root != Some(*checkpoint.root()) && Defence::LogTiles.holds() => {
                let bytes = tree.tiles.get(&place(id)).map(Tile::to_bytes);
                Err(Fault::Forged { file: Resource::Tile(*id), bytes, beside: tree.all().collect() })
            }
            _ => Ok(tree),
        }
    }

    /// Full tiles, for the next tree.
    fn full(&self) -> BTreeMap<Place, Tile> {
        let all = self.spare.iter().chain(&self.tiles).filter(|(_, tile)| tile.hashes().len() == usize::from(FULL));
        all.rev().take(SPARE).map(|(place, tile)| (*place, tile.clone())).collect()
    }

    /// Leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Hash of a leaf whose tile was read ([`Authentic::read`]).
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        let tile = self.tiles.get(&(0, index / u64::from(FULL)))?;
        tile.hashes().get((index % u64::from(FULL)) as usize).copied()
    }

    /// The bytes of a tile that was read.
    pub fn bytes(&self, id: &TileId) -> Option<Vec<u8>> {
        self.tiles.get(&place(id)).map(Tile::to_bytes)
    }

    /// Reads the tiles of these leaves, each once.
    pub async fn read(&mut self, source: &impl Source, leaves: impl Iterator<Item = u64>) -> Result<(), Fault> {
        self.need(source, leaves.map(|leaf| (0, leaf / u64::from(FULL)))).await
    }

    /// Reads a bundle, whose leaves must be those of its tile. Gives its entries.
    pub async fn bundle(&mut self, source: &impl Source, id: &BundleId) -> Result<Vec<Vec<u8>>, Fault> {
        let first = id.index().saturating_mul(FULL.into());
        self.read(source, [first].into_iter()).await?;
        let file = Resource::Bundle(*id);
        let bytes = source.file(file).await?;
        let bundle = bytes.as_ref().and_then(|bytes| Bundle::parse(id, bytes).ok());
        let of_tree =
            |bundle: &Bundle| (first..).zip(bundle.leaf_hashes()).all(|(at, leaf)| self.leaf(at) == Some(leaf));
        match bundle.filter(of_tree) {
            Some(bundle) => Ok(bundle.entries().to_vec()),
            None => Err(Fault::Forged { file, bytes: bytes.map(|bytes| bytes.to_vec()), beside: Vec::new() }),
        }
    }

    /// Reads one tile.
    pub async fn tile(&mut self, source: &impl Source, id: &TileId) -> Result<(), Fault> {
        self.need(source, [place(id)].into_iter()).await
    }

    /// The data of a bundle's leaves. Their hashes make the tile that stands in the tree, so that one isn't fetched.
    pub async fn entries(&mut self, source: &impl Source, place: u64) -> Result<Vec<Vec<u8>>, Fault> {
        let Some(id) = BundleId::in_tree(place, self.size) else { return Ok(Vec::new()) };
        let bytes = source.file(Resource::Bundle(id)).await?;
        let bundle = bytes.as_deref().and_then(|bytes| Bundle::parse(&id, bytes).ok());
        self.need(source, [above((0, place))].into_iter()).await?;
        match bundle {
            Some(bundle) if self.has_leaves(&id, bundle.entries()) => Ok(bundle.entries().to_vec()),
            _ => {
                let bytes = bytes.map(|bytes| bytes.to_vec());
                Err(Fault::Forged { file: Resource::Bundle(id), bytes, beside: Vec::new() })
            }
        }
    }

    /// Whether these are the leaves of a place: by the tile above, or at the right edge by the tile there.
    fn has_leaves(&self, id: &BundleId, entries: &[Vec<u8>]) -> bool {
        let hashes: Vec<u8> = entries.iter().flat_map(|data| leaf_hash(data).0).collect();
        let at = (0, id.index());
        let Some(tile_id) = TileId::in_tree(0, id.index(), self.size) else { return false };
        match self.tiles.get(&at) {
            Some(tile) => tile.to_bytes() == hashes,
            None => Tile::parse(&tile_id, &hashes).is_ok_and(|tile| self.counts(at, &tile)),
        }
    }

    /// The proof that this tree begins with the one of `old` leaves, out of tiles that lead to this tree's root.
    pub async fn consistency(&mut self, source: &impl Source, old: u64) -> Result<ConsistencyProof, Fault> {
        let tiles = tiles_for(&consistency_nodes(old, self.size), self.size);
        self.need(source, tiles.iter().map(place)).await?;
        let unread = |_| Fault::Error(ClientError::Internal("a tile of the log was not read"));
        prove_consistency(&Tiles::new(&*self, self.size), old, self.size).map_err(unread)
    }

    /// The proof that this tree holds the leaf at a place, out of tiles that lead to its root.
    pub async fn inclusion(&mut self, source: &impl Source, index: u64) -> Result<InclusionProof, Fault> {
        let tiles = tiles_for(&inclusion_nodes(index, self.size), self.size);
        self.need(source, tiles.iter().map(place)).await?;
        let unread = |_| Fault::Error(ClientError::Internal("a tile of the log was not read"));
        prove_inclusion(&Tiles::new(&*self, self.size), index, self.size).map_err(unread)
    }

    /// The tiles from which these leaves are read, up to the root, for evidence.
    pub fn way_of(&self, leaves: impl Iterator<Item = u64>) -> impl Iterator<Item = (TileId, Vec<u8>)> {
        let mut places: BTreeSet<Place> = edge_tiles(self.size).iter().map(place).collect();
        let over = |leaf: u64, level: u8| leaf.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
        places.extend(leaves.flat_map(|leaf| (0..8).map(move |level| (level, over(leaf, level)))));
        let known = move |place: Place| {
            let id = TileId::in_tree(place.0, place.1, self.size)?;
            Some((id, self.tiles.get(&place)?.to_bytes()))
        };
        places.into_iter().filter_map(known)
    }

    /// All tiles read, for evidence.
    pub fn all(&self) -> impl Iterator<Item = (TileId, Vec<u8>)> {
        let id = |place: &Place| TileId::in_tree(place.0, place.1, self.size);
        self.tiles.iter().filter_map(move |(place, tile)| Some((id(place)?, tile.to_bytes())))
    }

    /// Reads tiles and whatever stands between them and the edge, from the top down.
    async fn need(&mut self, source: &impl Source, places: impl Iterator<Item = Place>) -> Result<(), Fault> {
        let mut missing = BTreeSet::new();
        for mut place in places {
            while TileId::in_tree(place.0, place.1, self.size).is_some() && !self.tiles.contains_key(&place) {
                missing.insert(place);
                place = above(place);
            }
        }
        for level in (0..8).rev() {
            let of_level: Vec<Place> = missing.iter().filter(|place| place.0 == level).copied().collect();
            for some in of_level.chunks(AT_ONCE) {
                self.read_level(source, some).await?;
            }
        }
        Ok(())
    }

    async fn read_level(&mut self, source: &impl Source, places: &[Place]) -> Result<(), Fault> {
        let mut asked = Vec::new();
        for place in places {
            match self.spare.remove(place).filter(|tile| self.counts(*place, tile)) {
                Some(tile) => drop(self.tiles.insert(*place, tile)),
                None => asked.extend(TileId::in_tree(place.0, place.1, self.size)),
            }
        }
        let answers = join_all(asked.iter().map(|id| fetch(source, *id))).await;
        for (id, tile) in asked.iter().zip(answers) {
            let tile = tile?;
            if !self.counts(place(id), &tile) {
                return Err(forged(id, Some(tile.to_bytes())));
            }
            self.tiles.insert(place(id), tile);
        }
        Ok(())
    }

    /// Whether a full tile's hash stands in the tile above it.
    fn counts(&self, at: Place, tile: &Tile) -> bool {
        let entry = self.tiles.get(&above(at)).and_then(|up| up.hashes().get((at.1 % u64::from(FULL)) as usize));
        entry.is_some() && tile.node(8, 0).as_ref() == entry
    }
}

impl TileSource for &Authentic {
    type Error = Missing;

    fn tile(&self, id: TileId) -> Result<Tile, Missing> {
        self.tiles.get(&place(&id)).cloned().ok_or(Missing(id))
    }
}

fn place(id: &TileId) -> Place {
    (id.level(), id.index())
}

fn above((level, index): Place) -> Place {
    (level + 1, index / u64::from(FULL))
}

async fn fetch(source: &impl Source, id: TileId) -> Result<Tile, Fault> {
    let Some(bytes) = source.file(Resource::Tile(id)).await? else { return Err(forged(&id, None)) };
    Tile::parse(&id, &bytes).map_err(|_| forged(&id, Some(bytes.to_vec())))
}

fn forged(id: &TileId, bytes: Option<Vec<u8>>) -> Fault {
    Fault::Forged { file: Resource::Tile(*id), bytes, beside: Vec::new() }
}
