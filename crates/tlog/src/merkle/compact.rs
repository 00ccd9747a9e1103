//! The least that is needed to go on with a tree: the hashes of its complete subtrees.

use thiserror::Error;

use super::{HashReader, ProveError, fold, node::cover, prove::read};
use crate::hash::{Hash, node_hash};

/// Another number of hashes than a tree of this size has complete subtrees.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("a tree of {size} leaves has {expected} complete subtrees, not {given}")]
pub struct WrongCount {
    /// Size of the tree, leaves.
    pub size: u64,
    /// How many hashes it takes: the number of one bits in `size`.
    pub expected: usize,
    /// How many were given.
    pub given: usize,
}

/// A tree that only grows, kept as at most 63 hashes. Appending a leaf costs one or two hashes on average.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompactRange {
    size: u64,
    /// Of the complete subtrees, largest first.
    hashes: Vec<Hash>,
}

impl CompactRange {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on from hashes kept before, largest subtree first.
    ///
    /// # Errors
    /// [`WrongCount`].
    pub fn from_hashes(size: u64, hashes: Vec<Hash>) -> Result<Self, WrongCount> {
        let expected = size.count_ones() as usize;
        if hashes.len() != expected {
            return Err(WrongCount { size, expected, given: hashes.len() });
        }
        Ok(Self { size, hashes })
    }

    /// Goes on from a tree of `size` leaves that `reader` holds.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn load<R: HashReader>(reader: &R, size: u64) -> Result<Self, ProveError<R::Error>> {
        Ok(Self { size, hashes: read(reader, &cover(0, size))? })
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes to keep, largest subtree first.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Appends the hash of a leaf ([`crate::leaf_hash`]).
    pub fn push(&mut self, leaf: Hash) {
        let complete = self.size.trailing_ones() as usize;
        let kept = self.hashes.len() - complete;
        let joined = self.hashes.drain(kept..).rev().fold(leaf, |right, left| node_hash(&left, &right));
        self.hashes.push(joined);
        self.size += 1;
    }

    /// The root of the tree so far.
    pub fn root(&self) -> Hash {
        fold(&self.hashes)
    }
}
