//! Verifying that a leaf is in a tree (RFC 9162 section 2.1.3.2).

use thiserror::Error;

use crate::hash::{Hash, node_hash};

/// Why an inclusion proof shows nothing.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InclusionError {
    /// The tree has no such leaf.
    #[error("there is no leaf {index} in a tree of {size}")]
    IndexOutOfRange {
        /// The leaf, from 0.
        index: u64,
        /// Size of the tree, leaves.
        size: u64,
    },
    /// Fewer hashes than lie on the way from this leaf to the root.
    #[error("the inclusion proof is too short")]
    TooShort,
    /// More hashes than lie on the way from this leaf to the root.
    #[error("the inclusion proof is too long")]
    TooLong,
    /// The leaf, the proof and the root don't belong together.
    #[error("the inclusion proof leads to another root")]
    RootMismatch,
}

/// The hashes beside the way from a leaf to the root, the leaf's sibling first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InclusionProof(pub Vec<Hash>);

impl InclusionProof {
    /// Verifies that `leaf` (a leaf's hash) is number `index` in the tree of `size` leaves with this root.
    ///
    /// # Errors
    /// [`InclusionError`].
    pub fn verify(&self, leaf: &Hash, index: u64, size: u64, root: &Hash) -> Result<(), InclusionError> {
        if self.implied_root(leaf, index, size)? == *root { Ok(()) } else { Err(InclusionError::RootMismatch) }
    }

    /// The root that leaf and proof lead to. It means something only when compared with a root that is trusted.
    ///
    /// # Errors
    /// [`InclusionError`], never its mismatch.
    pub fn implied_root(&self, leaf: &Hash, index: u64, size: u64) -> Result<Hash, InclusionError> {
        if index >= size {
            return Err(InclusionError::IndexOutOfRange { index, size });
        }
        // `at` is this node's place in its level, `last` that of the level's last node.
        let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
        for sibling in &self.0 {
            if last == 0 {
                return Err(InclusionError::TooLong);
            }
            if at & 1 == 1 || at == last {
                hash = node_hash(sibling, &hash);
                // A last node without a right sibling goes up unchanged until it is one.
                let up = at.trailing_zeros();
                (at, last) = (at >> up, last >> up);
            } else {
                hash = node_hash(&hash, sibling);
            }
            (at, last) = (at >> 1, last >> 1);
        }
        if last == 0 { Ok(hash) } else { Err(InclusionError::TooShort) }
    }
}
