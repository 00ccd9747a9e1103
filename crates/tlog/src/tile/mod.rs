//! The tree as files that never change (c2sp.org/tlog-tiles): tiles of 256 hashes, bundles of 256 entries, their paths.
//!
//! [`Edge`] makes the tiles of a growing tree; [`Tiles`] reads a tree out of tiles from anywhere. Tiles are not trusted:
//! what is proved from them is verified against a checkpoint like any other proof.

mod bundle;
mod edge;
mod hashes;
mod id;
mod path;
mod reader;

pub use bundle::{Bundle, BundleError, MAX_ENTRY};
pub use edge::{Edge, EdgeError};
pub use hashes::{Tile, WrongLength};
pub use id::{BundleId, FULL, InvalidId, MAX_INDEX, MAX_LEVEL, TileId, edge_tiles};
pub use path::{PathError, Resource};
pub use reader::{Missing, TileError, TileMap, TileSource, Tiles, tiles_for};
