//! Verifying that a tree is the beginning of a later one (RFC 9162 section 2.1.4.2).

use thiserror::Error;

use super::Subtree;
use crate::hash::{EMPTY_ROOT, Hash};

/// Why a consistency proof shows nothing.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsistencyError {
    /// A tree doesn't shrink.
    #[error("a tree of {new} leaves is not later than one of {old}")]
    Shrinks {
        /// The earlier size, leaves.
        old: u64,
        /// The later size, leaves.
        new: u64,
    },
    /// Every tree begins with nothing; there is nothing to prove.
    #[error("a proof from an empty tree shows nothing")]
    OldIsEmpty,
    /// Two roots for one size: the log forked.
    #[error("two trees of {size} leaves have different roots")]
    Fork {
        /// The one size, leaves.
        size: u64,
    },
    /// Fewer hashes than these sizes take.
    #[error("the consistency proof is too short")]
    TooShort,
    /// More hashes than these sizes take.
    #[error("the consistency proof is too long")]
    TooLong,
    /// The proof leads to another root of the earlier tree.
    #[error("the consistency proof leads to another earlier root")]
    OldRootMismatch,
    /// The proof leads to another root of the later tree.
    #[error("the consistency proof leads to another later root")]
    NewRootMismatch,
}

/// The hashes that both trees' roots can be made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsistencyProof(pub Vec<Hash>);

impl ConsistencyProof {
    /// Verifies that the tree of `old` leaves is the beginning of the tree of `new` leaves. For equal sizes the proof is
    /// empty and the roots are the same; for no leaves they are [`EMPTY_ROOT`].
    ///
    /// # Errors
    /// [`ConsistencyError`].
    pub fn verify(&self, old: u64, old_root: &Hash, new: u64, new_root: &Hash) -> Result<(), ConsistencyError> {
        if old > new {
            return Err(ConsistencyError::Shrinks { old, new });
        }
        if old == new {
            return self.verify_same(old, old_root, new_root);
        }
        let tree = Subtree::new(0, old).ok().filter(|t| t.end() > 0).ok_or(ConsistencyError::OldIsEmpty)?;
        tree.verify_consistency(self, old_root, new, new_root)
    }

    fn verify_same(&self, size: u64, old_root: &Hash, new_root: &Hash) -> Result<(), ConsistencyError> {
        if !self.0.is_empty() {
            return Err(ConsistencyError::TooLong);
        }
        if size == 0 && *old_root != EMPTY_ROOT {
            return Err(ConsistencyError::OldRootMismatch);
        }
        if old_root == new_root { Ok(()) } else { Err(ConsistencyError::Fork { size }) }
    }
}
