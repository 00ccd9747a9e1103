//! Subtrees that needn't be complete nor start at 0 (draft-ietf-plants-merkle-tree-certs section 4), which ML-DSA-44
//! cosignatures can speak about. A whole tree is the subtree from 0; consistency of trees is the case of that.

use thiserror::Error;

use super::{ConsistencyError, ConsistencyProof, InclusionError, InclusionProof};
use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// A range of leaves that is no subtree of any tree.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("leaves {start} to {end} are no subtree")]
pub struct InvalidSubtree {
    /// First leaf.
    pub start: u64,
    /// Leaf after the last.
    pub end: u64,
}

/// Leaves `start..end`, where `start` is a multiple of the smallest power of two that is not below `end − start`. The draft
/// has none without leaves; here they are allowed, as in transparency-dev/merkle, and have the root of nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subtree {
    start: u64,
    end: u64,
}

impl Subtree {
    /// Checks the range.
    ///
    /// # Errors
    /// [`InvalidSubtree`].
    pub fn new(start: u64, end: u64) -> Result<Self, InvalidSubtree> {
        let aligned =
            |width: u64| width == 0 || width.checked_next_power_of_two().is_some_and(|w| start.is_multiple_of(w));
        match end.checked_sub(start) {
            Some(width) if aligned(width) => Ok(Self { start, end }),
            _ => Err(InvalidSubtree { start, end }),
        }
    }

    /// First leaf.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Leaf after the last.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Verifies that `leaf` is number `index` of the whole tree, by the subtree's hash.
    ///
    /// # Errors
    /// [`InclusionError`]; its index and size count from the subtree's start.
    pub fn verify_inclusion(
        &self,
        proof: &InclusionProof,
        leaf: &Hash,
        index: u64,
        hash: &Hash,
    ) -> Result<(), InclusionError> {
        let size = self.end - self.start;
        let within = index.checked_sub(self.start).ok_or(InclusionError::IndexOutOfRange { index, size })?;
        proof.verify(leaf, within, size, hash)
    }

    /// Verifies that this subtree, with this hash, is part of the tree of `size` leaves with this root.
    ///
    /// # Errors
    /// [`ConsistencyError`]; the subtree takes the place of the old tree.
    pub fn verify_consistency(
        &self,
        proof: &ConsistencyProof,
        hash: &Hash,
        size: u64,
        root: &Hash,
    ) -> Result<(), ConsistencyError> {
        if self.end > size {
            return Err(ConsistencyError::Shrinks { old: self.end, new: size });
        }
        if self.start == self.end {
            return verify_empty(proof, hash);
        }
        let (implied_hash, implied_root) = self.implied(proof, hash, size)?;
        if implied_hash != *hash {
            return Err(ConsistencyError::OldRootMismatch);
        }
        if implied_root != *root {
            return Err(ConsistencyError::NewRootMismatch);
        }
        Ok(())
    }

    /// The subtree's hash and the tree's root that the proof leads to. The subtree has leaves, and the tree has them all.
    fn implied(&self, proof: &ConsistencyProof, hash: &Hash, size: u64) -> Result<(Hash, Hash), ConsistencyError> {
        // Places, in the level reached, of the subtree's first and last node and of the tree's last.
        let (mut first, mut last, mut tree_last) = (self.start, self.end - 1, size - 1);
        // Up to the largest complete subtree that ends where this one does: there the proof begins.
        while first != last && (last == tree_last || last & 1 == 1) {
            (first, last, tree_last) = (first >> 1, last >> 1, tree_last >> 1);
        }
        let mut rest = proof.0.iter();
        let start = if first == last { hash } else { rest.next().ok_or(ConsistencyError::TooShort)? };
        let (mut sub, mut tree) = (*start, *start);
        for sibling in rest {
            if tree_last == 0 {
                return Err(ConsistencyError::TooLong);
            }
            if last & 1 == 1 || last == tree_last {
                if first < last {
                    sub = node_hash(sibling, &sub);
                }
                tree = node_hash(sibling, &tree);
                let up = last.trailing_zeros();
                (first, last, tree_last) = (first >> up, last >> up, tree_last >> up);
            } else {
                tree = node_hash(&tree, sibling);
            }
            (first, last, tree_last) = (first >> 1, last >> 1, tree_last >> 1);
        }
        if tree_last == 0 { Ok((sub, tree)) } else { Err(ConsistencyError::TooShort) }
    }
}

/// No leaves are part of every tree, without a proof.
fn verify_empty(proof: &ConsistencyProof, hash: &Hash) -> Result<(), ConsistencyError> {
    if !proof.0.is_empty() {
        return Err(ConsistencyError::TooLong);
    }
    if *hash == EMPTY_ROOT { Ok(()) } else { Err(ConsistencyError::OldRootMismatch) }
}
