//! New leaves on their way into the tree: what one transaction of the sequencer writes.

use entities::audit_events::Model;
use tlog::{
    checkpoint::Checkpoint,
    leaf::EventCommitment,
    note::{SigningKey, Verifier},
    tile::Edge,
};

use super::{LogError, leaf::opening};
use crate::storage::{
    log::{Head, Row, StoredTile},
    log_events,
};

/// What is to be written.
#[derive(Debug)]
pub struct Batch {
    /// Events of an earlier version, with the salts that they were given.
    pub salted: Vec<Model>,
    /// Tiles that are new or wider.
    pub tiles: Vec<StoredTile>,
    /// The head that they make.
    pub head: Head,
}

/// Appends events to the edge, whose size is the first one's position. `loose` is the data of the leaves that fill no
/// bundle; both are as after the batch, and to be thrown away where it isn't written.
pub fn append(
    edge: &mut Edge,
    loose: &mut Vec<[u8; 32]>,
    events: Vec<Model>,
    key: &SigningKey,
) -> Result<Batch, LogError> {
    let mut salted = Vec::new();
    let mut tiles = Vec::new();
    for mut event in events {
        if event.seq.unsigned_abs() != edge.size() {
            return Err(LogError::Damaged(format!("event {} is missing", edge.size())));
        }
        let old = event.salt.is_none();
        if old {
            log_events::give_salt(&mut event)?;
        }
        push(edge, loose, &mut tiles, commitment(&event)?);
        if old {
            salted.push(event);
        }
    }
    tiles.extend(data_tile(edge.size() >> 8, loose));
    tiles.extend(edge.take().into_iter().map(|(id, tile)| StoredTile {
        row: Row::Level(id.level()),
        place: id.index(),
        hashes: tile.to_bytes(),
    }));
    let head = sign(edge, key)?;
    Ok(Batch { salted, tiles, head })
}

fn commitment(event: &Model) -> Result<EventCommitment, LogError> {
    let opening = opening(event)?.ok_or_else(|| LogError::Damaged(format!("event {} has no salt", event.seq)))?;
    Ok(opening.commitment())
}

fn push(edge: &mut Edge, loose: &mut Vec<[u8; 32]>, tiles: &mut Vec<StoredTile>, leaf: EventCommitment) {
    edge.push(leaf.leaf_hash());
    loose.push(leaf.0);
    if edge.size() & 0xff == 0 {
        tiles.extend(data_tile((edge.size() >> 8) - 1, loose));
        loose.clear();
    }
}

fn data_tile(place: u64, data: &[[u8; 32]]) -> Option<StoredTile> {
    (!data.is_empty()).then(|| StoredTile { row: Row::Data, place, hashes: data.concat() })
}

/// The head of the tree so far.
pub fn sign(edge: &Edge, key: &SigningKey) -> Result<Head, LogError> {
    let origin = key.verifier();
    let checkpoint = Checkpoint::new(origin.name().as_str(), edge.size(), edge.root())?;
    Ok(Head { size: edge.size(), checkpoint: checkpoint.sign(key)?.to_string() })
}
