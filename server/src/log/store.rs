//! The stored tiles as the tree that `tlog` reads.

use sea_orm::ConnectionTrait;
use tlog::{
    HASH_LEN,
    merkle::{ConsistencyProof, consistency_nodes, prove_consistency},
    tile::{BundleId, Edge, Tile, TileId, TileMap, Tiles, edge_tiles, tiles_for},
};

use super::{LogError, data::split};
use crate::storage::log::{self, Row, Tree};

/// The right edge of the stored tree of `size` leaves.
pub async fn edge(conn: &impl ConnectionTrait, tree: Tree, size: u64) -> Result<Edge, LogError> {
    let mut map = TileMap::new();
    for id in edge_tiles(size) {
        let bytes = log::tile(conn, tree, Row::Level(id.level()), id.index()).await?;
        map.insert(&id, parse(&id, bytes.as_deref())?);
    }
    Edge::load(&&map, size).map_err(|error| LogError::Damaged(error.to_string()))
}

/// That the tree of `new` leaves begins with that of `old`.
pub async fn consistency(
    conn: &impl ConnectionTrait,
    tree: Tree,
    old: u64,
    new: u64,
) -> Result<ConsistencyProof, LogError> {
    let mut map = TileMap::new();
    for id in tiles_for(&consistency_nodes(old, new), new) {
        let bytes = log::tile(conn, tree, Row::Level(id.level()), id.index()).await?;
        map.insert(&id, parse(&id, bytes.as_deref())?);
    }
    prove_consistency(&Tiles::new(&map, new), old, new).map_err(|error| LogError::Damaged(error.to_string()))
}

/// The data of the leaves that fill no bundle yet.
pub async fn loose(conn: &impl ConnectionTrait, tree: Tree, size: u64) -> Result<Vec<Vec<u8>>, LogError> {
    let Some(id) = BundleId::in_tree(size >> 8, size) else { return Ok(Vec::new()) };
    let bytes = log::tile(conn, tree, Row::Data, id.index()).await?.unwrap_or_default();
    data(tree, &id, &bytes)
}

/// The leaves' data of a row, cut to the width asked for; what is stored may be wider by now.
pub fn data(tree: Tree, id: &BundleId, row: &[u8]) -> Result<Vec<Vec<u8>>, LogError> {
    let data = split(tree, row, id.width());
    data.ok_or_else(|| LogError::Damaged(format!("the leaves' data {} end early", id.index())))
}

/// A tile cut to the width asked for; what is stored may be wider by now.
pub fn parse(id: &TileId, bytes: Option<&[u8]>) -> Result<Tile, LogError> {
    let damaged = |what| LogError::Damaged(format!("tile {} of level {} {what}", id.index(), id.level()));
    let bytes = bytes.ok_or_else(|| damaged("is missing"))?;
    let bytes = bytes.get(..HASH_LEN * usize::from(id.width())).ok_or_else(|| damaged("ends early"))?;
    Tile::parse(id, bytes).map_err(|_| damaged("ends early"))
}
