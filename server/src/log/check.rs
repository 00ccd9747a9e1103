//! Whether what is stored is one tree, and the one that was signed.

use sea_orm::ConnectionTrait;
use tlog::{
    Hash,
    checkpoint::Log,
    leaf_hash,
    note::{Verifier, VerifierKey},
    tile::{BundleId, FULL, Tile, TileId},
};

use super::{LogError, entry, store};
use crate::storage::{
    log::{self, Head, Row, Tree},
    retention::Removed,
};

/// Tiles read at once: 2 MiB.
const PAGE: u64 = 256;

/// Compares every stored tile with the ones above it, and the root with the signed head. Gives the size. Reads all of
/// the tree.
///
/// # Errors
/// [`LogError::Damaged`] says where.
pub async fn check(conn: &impl ConnectionTrait, tree: Tree, key: &VerifierKey) -> Result<u64, LogError> {
    check_tree(conn, tree, key).await.map_err(|error| error.of(tree))
}

async fn check_tree(conn: &impl ConnectionTrait, tree: Tree, key: &VerifierKey) -> Result<u64, LogError> {
    let Some(head) = log::head(conn, tree).await? else { return Ok(0) };
    let entries = entry::count(conn, tree).await?;
    if entries < head.size {
        return Err(LogError::Damaged(format!("it has {} leaves, but there are only {entries}", head.size)));
    }
    let mut below = check_data(conn, tree, head.size).await?;
    let mut level = 0;
    while head.size >> (8 * level) > 0 {
        below = check_level(conn, tree, (level as u8, head.size), &below).await?;
        level += 1;
    }
    let edge = store::edge(conn, tree, head.size).await?;
    self::head(&head, &edge.root(), key)?;
    Ok(head.size)
}

/// Whether a head is signed by the log's key, over this root.
///
/// # Errors
/// [`LogError::Damaged`].
pub fn head(head: &Head, root: &Hash, key: &VerifierKey) -> Result<(), LogError> {
    if head.size == 0 && head.checkpoint.is_empty() {
        return Ok(());
    }
    let log = Log::new(key.name().as_str(), vec![key.clone()]);
    let opened = log.open(head.checkpoint.as_bytes());
    let signed = opened.map_err(|error| LogError::Damaged(format!("its checkpoint is refused: {error}")))?.checkpoint;
    if signed.size() == head.size && signed.root() == root {
        return Ok(());
    }
    Err(LogError::Damaged(format!("its tiles are not those of the checkpoint of {} leaves", signed.size())))
}

/// The hashes that the leaves' data make.
async fn check_data(conn: &impl ConnectionTrait, tree: Tree, size: u64) -> Result<Vec<Hash>, LogError> {
    let mut hashes = Vec::new();
    while let Some(id) = BundleId::in_tree(hashes.len() as u64 / u64::from(FULL), size) {
        for (place, row) in log::tiles(conn, tree, Row::Data, id.index(), PAGE).await? {
            let Some(id) = BundleId::in_tree(place, size) else { break };
            expect_place(Row::Data, hashes.len(), place)?;
            hashes.extend(store::data(tree, &id, &row)?.iter().map(|data| leaf_hash(data)));
        }
        expect_progress(Row::Data, hashes.len(), id.index())?;
    }
    Ok(hashes)
}

/// Compares a level with what the one below makes of it. Gives what it makes of the one above.
async fn check_level(
    conn: &impl ConnectionTrait,
    tree: Tree,
    (level, size): (u8, u64),
    expected: &[Hash],
) -> Result<Vec<Hash>, LogError> {
    let row = Row::Level(level);
    let (mut seen, mut above) = (0, Vec::new());
    while let Some(id) = TileId::in_tree(level, seen as u64 / u64::from(FULL), size) {
        for (place, bytes) in log::tiles(conn, tree, row, id.index(), PAGE).await? {
            let Some(id) = TileId::in_tree(level, place, size) else { break };
            expect_place(row, seen, place)?;
            let tile = store::parse(&id, Some(&bytes))?;
            let end = seen + tile.hashes().len();
            if expected.get(seen..end) != Some(tile.hashes()) {
                return Err(LogError::Damaged(format!("tile {place} of level {level} is not what lies below it")));
            }
            above.extend(whole(&tile));
            seen = end;
        }
        expect_progress(row, seen, id.index())?;
        if seen % usize::from(FULL) != 0 {
            break;
        }
    }
    Ok(above)
}

/// What a full tile is in the level above.
fn whole(tile: &Tile) -> Option<Hash> {
    tile.node(8, 0)
}

fn expect_place(row: Row, seen: usize, place: u64) -> Result<(), LogError> {
    let expected = seen as u64 / u64::from(FULL);
    if place == expected { Ok(()) } else { Err(missing(row, expected)) }
}

fn expect_progress(row: Row, seen: usize, first: u64) -> Result<(), LogError> {
    if seen as u64 > first * u64::from(FULL) { Ok(()) } else { Err(missing(row, first)) }
}

fn missing(row: Row, place: u64) -> LogError {
    LogError::Damaged(match row {
        Row::Data => format!("the leaves' data {place} are missing"),
        Row::Level(level) => format!("tile {place} of level {level} is missing"),
    })
}

/// What was compared.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Leaves.
    pub leaves: u64,
    /// How many of them stand for events that were removed for their age.
    pub removed: u64,
}

/// Compares what the tree is made of with the leaves that stand for it. Reads the whole audit, or all entries of keys.
///
/// # Errors
/// [`LogError::Damaged`] names the first that isn't the one in the tree.
pub async fn check_entries(conn: &impl ConnectionTrait, tree: Tree) -> Result<Compared, LogError> {
    compare_entries(conn, tree).await.map_err(|error| error.of(tree))
}

async fn compare_entries(conn: &impl ConnectionTrait, tree: Tree) -> Result<Compared, LogError> {
    let leaves = log::head(conn, tree).await?.map_or(0, |head| head.size);
    let before = removed_by_now(conn, tree).await?;
    let mut gone = Vec::new();
    for id in (0..).map_while(|place| BundleId::in_tree(place, leaves)) {
        let first = id.index() * u64::from(FULL);
        let row = log::tile(conn, tree, Row::Data, id.index()).await?;
        let data = store::data(tree, &id, &row.ok_or_else(|| missing(Row::Data, id.index()))?)?;
        let mut entries = entry::from(conn, tree, first, FULL.into()).await?.into_iter().peekable();
        for (place, data) in (first..).zip(data) {
            match entries.next_if(|entry| entry.place == place) {
                Some(entry) if entry.data == data => {}
                Some(_) => return Err(other(tree, place)),
                None => gone.push(place),
            }
        }
    }
    // The server may have removed more meanwhile.
    let after = removed_by_now(conn, tree).await?;
    match gone.iter().copied().find(|place| *place >= after.through) {
        Some(place) => Err(other(tree, place)),
        None if (before.total..=after.total).contains(&(gone.len() as u64)) => {
            Ok(Compared { leaves, removed: gone.len() as u64 })
        }
        None => Err(LogError::Damaged(format!(
            "{} events are missing, but {} were removed for their age",
            gone.len(),
            after.total
        ))),
    }
}

/// Keys are never removed.
async fn removed_by_now(conn: &impl ConnectionTrait, tree: Tree) -> Result<Removed, LogError> {
    match tree {
        Tree::Events => Ok(Removed::load(conn).await?),
        Tree::Keys => Ok(Removed::default()),
    }
}

fn other(tree: Tree, place: u64) -> LogError {
    LogError::Damaged(format!("{} {place} is not the one that the tree holds", entry::noun(tree)))
}
