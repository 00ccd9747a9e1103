//! Making roots and proofs out of complete subtrees, which a [`HashReader`] gives out.

use thiserror::Error;

use super::{
    ConsistencyProof, InclusionProof,
    node::{Node, cover, fold, split},
};
use crate::{MAX_SIZE, hash::Hash};

/// Where the hashes of complete subtrees are. It may keep them, or derive them, as [`crate::tile::Tiles`] does.
pub trait HashReader {
    /// Why it can't read.
    type Error;

    /// The hashes of these nodes, in their order.
    ///
    /// # Errors
    /// What the store says.
    fn read(&self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error>;
}

/// Why there is no proof.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// The tree has no such leaf.
    #[error("there is no leaf {index} in a tree of {size}")]
    IndexOutOfRange {
        /// Leaf asked for, from 0.
        index: u64,
        /// Size of the tree, leaves.
        size: u64,
    },
    /// A tree doesn't shrink.
    #[error("a tree of {new} leaves is not later than one of {old}")]
    Shrinks {
        /// The earlier size, leaves.
        old: u64,
        /// The later size, leaves.
        new: u64,
    },
    /// Above [`MAX_SIZE`].
    #[error("a tree has at most 2^63 − 1 leaves, not {0}")]
    TooLarge(u64),
    /// The reader gave another number of hashes than asked.
    #[error("{given} hashes were read instead of {asked}")]
    WrongCount {
        /// How many nodes were asked for.
        asked: usize,
        /// How many hashes came.
        given: usize,
    },
    /// What the reader says.
    #[error("a hash can't be read: {0}")]
    Read(E),
}

/// Leaves `.0` to `.1`, exclusive: what one hash of a proof stands for.
type Range = (u64, u64);

/// The root of the first `size` leaves.
///
/// # Errors
/// [`ProveError`].
pub fn root<R: HashReader>(reader: &R, size: u64) -> Result<Hash, ProveError<R::Error>> {
    limit(size)?;
    Ok(fold(&read(reader, &cover(0, size))?))
}

/// Proves that leaf `index` is in the tree of the first `size` leaves (RFC 9162 section 2.1.3.1).
///
/// # Errors
/// [`ProveError`].
pub fn prove_inclusion<R: HashReader>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<InclusionProof, ProveError<R::Error>> {
    limit(size)?;
    if index >= size {
        return Err(ProveError::IndexOutOfRange { index, size });
    }
    resolve(reader, &inclusion_ranges(index, size)).map(InclusionProof)
}

/// Proves that the tree of `old` leaves is the beginning of the tree of `new` leaves (RFC 9162 section 2.1.4.1). The
/// proof is empty for equal sizes, and from nothing.
///
/// # Errors
/// [`ProveError`].
pub fn prove_consistency<R: HashReader>(
    reader: &R,
    old: u64,
    new: u64,
) -> Result<ConsistencyProof, ProveError<R::Error>> {
    limit(new)?;
    if old > new {
        return Err(ProveError::Shrinks { old, new });
    }
    resolve(reader, &consistency_ranges(old, new)).map(ConsistencyProof)
}

/// The nodes that [`prove_inclusion`] will read, for who has to fetch them first. Empty without such a leaf.
pub fn inclusion_nodes(index: u64, size: u64) -> Vec<Node> {
    if index >= size || size > MAX_SIZE { Vec::new() } else { nodes(&inclusion_ranges(index, size)) }
}

/// The nodes that [`prove_consistency`] will read. Empty where the proof is, and for a tree that shrinks.
pub fn consistency_nodes(old: u64, new: u64) -> Vec<Node> {
    if old > new || new > MAX_SIZE { Vec::new() } else { nodes(&consistency_ranges(old, new)) }
}

/// PATH(index, D\[0..size\]), from the leaf's sibling up.
fn inclusion_ranges(index: u64, size: u64) -> Vec<Range> {
    let (mut start, mut end) = (0, size);
    let mut ranges = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((start, middle));
            start = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// PROOF(old, D\[0..new\]), from the bottom up.
fn consistency_ranges(old: u64, new: u64) -> Vec<Range> {
    if old == 0 || old == new {
        return Vec::new();
    }
    let (mut start, mut end) = (0, new);
    let mut ranges = Vec::new();
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((start, middle));
            start = middle;
        }
    }
    // The verifier has the old tree itself, but not a part of it.
    if start > 0 {
        ranges.push((start, end));
    }
    ranges.reverse();
    ranges
}

fn nodes(ranges: &[Range]) -> Vec<Node> {
    ranges.iter().flat_map(|&(start, end)| cover(start, end)).collect()
}

/// One hash for each range, all read in one go.
fn resolve<R: HashReader>(reader: &R, ranges: &[Range]) -> Result<Vec<Hash>, ProveError<R::Error>> {
    let hashes = read(reader, &nodes(ranges))?;
    let mut rest = &hashes[..];
    let take = |&(start, end): &Range| {
        let (row, after) = rest.split_at(cover(start, end).len());
        rest = after;
        fold(row)
    };
    Ok(ranges.iter().map(take).collect())
}

pub(super) fn read<R: HashReader>(reader: &R, nodes: &[Node]) -> Result<Vec<Hash>, ProveError<R::Error>> {
    let hashes = reader.read(nodes).map_err(ProveError::Read)?;
    if hashes.len() != nodes.len() {
        return Err(ProveError::WrongCount { asked: nodes.len(), given: hashes.len() });
    }
    Ok(hashes)
}

fn limit<E>(size: u64) -> Result<(), ProveError<E>> {
    if size > MAX_SIZE { Err(ProveError::TooLarge(size)) } else { Ok(()) }
}
