//! New leaves on their way into the tree: what one transaction of the sequencer writes.

use tlog::{
    checkpoint::Checkpoint,
    leaf_hash,
    note::{SigningKey, Verifier},
    tile::Edge,
};

use super::{
    LogError, data,
    entry::{self, Entry},
};
use crate::storage::log::{Head, Row, StoredTile, Tree};

/// What is to be written.
#[derive(Debug)]
pub struct Batch {
    /// The leaves' entries.
    pub entries: Vec<Entry>,
    /// Tiles that are new or wider.
    pub tiles: Vec<StoredTile>,
    /// The head that they make.
    pub head: Head,
}

/// A tree's right edge: what is needed to append.
#[derive(Debug)]
pub struct Grown {
    /// Which.
    pub tree: Tree,
    /// Its hashes.
    pub edge: Edge,
    /// Data of the leaves that fill no bundle yet.
    pub loose: Vec<Vec<u8>>,
}

impl Grown {
    /// Appends entries, the first of which stands at the tree's size. The tree is then as after the batch, and to be
    /// thrown away where that isn't written.
    pub fn append(&mut self, entries: Vec<Entry>, key: &SigningKey) -> Result<Batch, LogError> {
        let mut tiles = Vec::new();
        for entry in &entries {
            if entry.place != self.edge.size() {
                return Err(LogError::Damaged(format!("{} {} is missing", entry::noun(self.tree), self.edge.size())));
            }
            self.push(&mut tiles, &entry.data);
        }
        tiles.extend(self.data_tile(self.edge.size() >> 8));
        tiles.extend(self.edge.take().into_iter().map(|(id, tile)| StoredTile {
            row: Row::Level(id.level()),
            place: id.index(),
            hashes: tile.to_bytes(),
        }));
        let head = self.sign(key)?;
        Ok(Batch { entries, tiles, head })
    }

    fn push(&mut self, tiles: &mut Vec<StoredTile>, data: &[u8]) {
        self.edge.push(leaf_hash(data));
        self.loose.push(data.to_vec());
        if self.edge.size() & 0xff == 0 {
            tiles.extend(self.data_tile((self.edge.size() >> 8) - 1));
            self.loose.clear();
        }
    }

    fn data_tile(&self, place: u64) -> Option<StoredTile> {
        let tile = || StoredTile { row: Row::Data, place, hashes: data::join(self.tree, &self.loose) };
        (!self.loose.is_empty()).then(tile)
    }

    /// The head of the tree so far.
    fn sign(&self, key: &SigningKey) -> Result<Head, LogError> {
        let origin = key.verifier();
        let checkpoint = Checkpoint::new(origin.name().as_str(), self.edge.size(), self.edge.root())?;
        Ok(Head { size: self.edge.size(), checkpoint: checkpoint.sign(key)?.to_string() })
    }
}
