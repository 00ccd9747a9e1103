//! Whether what is stored is one tree, and the one that was signed.

use sea_orm::ConnectionTrait;
use tlog::{
    Hash,
    checkpoint::Log,
    leaf_hash,
    note::{Verifier, VerifierKey},
    tile::{FULL, Tile, TileId},
};

use super::{LogError, leaf::opening, store};
use crate::storage::{
    log::{self, Head, Row, Tree},
    log_events,
};

/// Tiles read at once: 2 MiB.
const PAGE: u64 = 256;

/// Compares every stored tile with the ones above it, and the root with the signed head. Gives the size. Reads all of
/// the tree.
///
/// # Errors
/// [`LogError::Damaged`] says where.
pub async fn check(conn: &impl ConnectionTrait, key: &VerifierKey) -> Result<u64, LogError> {
    let Some(head) = log::head(conn, Tree::Events).await? else { return Ok(0) };
    let events = log_events::count(conn).await?;
    if events < head.size {
        return Err(LogError::Damaged(format!("it has {} events, but there are only {events}", head.size)));
    }
    let mut below = check_data(conn, head.size).await?;
    let mut level = 0;
    while head.size >> (8 * level) > 0 {
        below = check_level(conn, level as u8, head.size, &below).await?;
        level += 1;
    }
    let edge = store::edge(conn, Tree::Events, head.size).await?;
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
    Err(LogError::Damaged(format!("its tiles are not those of the checkpoint of {} events", signed.size())))
}

/// The hashes that the leaves' data make.
async fn check_data(conn: &impl ConnectionTrait, size: u64) -> Result<Vec<Hash>, LogError> {
    let mut hashes = Vec::new();
    while let Some(id) = TileId::in_tree(0, hashes.len() as u64 / u64::from(FULL), size) {
        for (place, data) in page(conn, Row::Data, id.index()).await? {
            let Some(id) = TileId::in_tree(0, place, size) else { break };
            expect_place(Row::Data, hashes.len(), place)?;
            let data = store::parse(&id, Some(&data))?;
            hashes.extend(data.hashes().iter().map(|data| leaf_hash(&data.0)));
        }
        expect_progress(Row::Data, hashes.len(), &id)?;
    }
    Ok(hashes)
}

/// Compares a level with what the one below makes of it. Gives what it makes of the one above.
async fn check_level(
    conn: &impl ConnectionTrait,
    level: u8,
    size: u64,
    expected: &[Hash],
) -> Result<Vec<Hash>, LogError> {
    let row = Row::Level(level);
    let (mut seen, mut above) = (0, Vec::new());
    while let Some(id) = TileId::in_tree(level, seen as u64 / u64::from(FULL), size) {
        for (place, bytes) in page(conn, row, id.index()).await? {
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
        expect_progress(row, seen, &id)?;
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

async fn page(conn: &impl ConnectionTrait, row: Row, from: u64) -> Result<Vec<(u64, Vec<u8>)>, LogError> {
    Ok(log::tiles(conn, Tree::Events, row, from, PAGE).await?)
}

fn expect_place(row: Row, seen: usize, place: u64) -> Result<(), LogError> {
    let expected = seen as u64 / u64::from(FULL);
    if place == expected { Ok(()) } else { Err(missing(row, expected)) }
}

fn expect_progress(row: Row, seen: usize, first: &TileId) -> Result<(), LogError> {
    if seen as u64 > first.index() * u64::from(FULL) { Ok(()) } else { Err(missing(row, first.index())) }
}

fn missing(row: Row, place: u64) -> LogError {
    LogError::Damaged(match row {
        Row::Data => format!("the leaves' data {place} are missing"),
        Row::Level(level) => format!("tile {place} of level {level} is missing"),
    })
}

/// Compares the events themselves with the leaves that stand for them. Reads the whole audit.
///
/// # Errors
/// [`LogError::Damaged`] names the first event that isn't the one in the tree.
pub async fn check_events(conn: &impl ConnectionTrait) -> Result<u64, LogError> {
    let size = log::head(conn, Tree::Events).await?.map_or(0, |head| head.size);
    let mut seen = 0;
    while seen < size {
        let place = seen / u64::from(FULL);
        let events = log_events::from(conn, seen, FULL.into()).await?;
        let data = log::tile(conn, Tree::Events, Row::Data, place).await?.unwrap_or_default();
        for data in data.as_chunks::<32>().0.iter().take((size - seen).min(FULL.into()) as usize) {
            let event = events.get((seen % u64::from(FULL)) as usize).filter(|e| e.seq.unsigned_abs() == seen);
            let opening = event.map(opening).transpose()?.flatten();
            if opening.is_none_or(|opening| opening.commitment().0 != *data) {
                return Err(LogError::Damaged(format!("event {seen} is not the one that the tree holds")));
            }
            seen += 1;
        }
        if seen / u64::from(FULL) == place && seen < size {
            return Err(missing(Row::Data, place));
        }
    }
    Ok(seen)
}
