//! Merkle trees as in RFC 6962 section 2.1 and RFC 9162 section 2.1: growing them, proving, verifying.
//!
//! A tree of n leaves is a row of complete subtrees, largest first; [`Node`] names one, [`CompactRange`] keeps the row,
//! and [`HashReader`] gives out those that a proof needs.

mod compact;
mod consistency;
mod inclusion;
mod node;
mod prove;
mod subtree;

pub use compact::{CompactRange, WrongCount};
pub use consistency::{ConsistencyError, ConsistencyProof};
pub use inclusion::{InclusionError, InclusionProof};
pub use node::{Node, cover, fold};
pub use prove::{HashReader, ProveError, consistency_nodes, inclusion_nodes, prove_consistency, prove_inclusion, root};
pub use subtree::{InvalidSubtree, Subtree};
