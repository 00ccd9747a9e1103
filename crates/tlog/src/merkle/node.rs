//! Complete subtrees, and how a range of leaves is made of them.

use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// A complete subtree: the 2^`level` leaves from `index` · 2^`level` on. Level 0 is a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height above the leaves, 0 to 63.
    pub level: u8,
    /// Place among the nodes of its level, from 0.
    pub index: u64,
}

/// The complete subtrees that make up the leaves `start..end`, from left to right, each as large as its place allows.
/// Empty unless `start < end`.
pub fn cover(mut start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    while start < end {
        let level = start.trailing_zeros().min((end - start).ilog2());
        nodes.push(Node { level: level as u8, index: start >> level });
        start += 1 << level;
    }
    nodes
}

/// The hash over a row of complete subtrees, which joins from the right. That of an empty row is [`EMPTY_ROOT`].
pub fn fold(hashes: &[Hash]) -> Hash {
    let joined = hashes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
    joined.unwrap_or(EMPTY_ROOT)
}

/// The largest power of two below `n`; `n` is at least 2.
pub(super) fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_covered_once_from_left_to_right() {
        for start in 0..40 {
            for end in start..80 {
                let mut at = start;
                for node in cover(start, end) {
                    assert_eq!(node.index << node.level, at);
                    at += 1 << node.level;
                }
                assert_eq!(at, end);
            }
        }
    }

    #[test]
    fn the_split_is_rfc_6962s() {
        assert_eq!([2, 3, 4, 5, 8, 9].map(split), [1, 2, 2, 4, 4, 8]);
    }
}
