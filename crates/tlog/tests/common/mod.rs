//! A tree straight from RFC 6962's recursive definitions: slow, and nothing like the crate's own code.
#![allow(dead_code)]

use tlog::{
    EMPTY_ROOT, Hash, leaf_hash,
    merkle::{HashReader, Node},
    node_hash,
    tile::{Edge, TileMap},
};

/// Leaf n is the hash of n's eight bytes.
pub fn leaves(n: u64) -> Vec<Hash> {
    (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// MTH of section 2.1.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// PATH of section 2.1.1.
pub fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut hashes, sibling) =
        if m < left.len() { (path(m, left), root(right)) } else { (path(m - left.len(), right), root(left)) };
    hashes.push(sibling);
    hashes
}

/// SUBPROOF of section 2.1.2; PROOF(m, D) is SUBPROOF(m, D, true).
pub fn consistency(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut hashes, sibling) = if m <= left.len() {
        (consistency(m, left, whole), root(right))
    } else {
        (consistency(m - left.len(), right, false), root(left))
    };
    hashes.push(sibling);
    hashes
}

/// Reads nodes by hashing their leaves again.
pub struct Leaves<'a>(pub &'a [Hash]);

impl HashReader for Leaves<'_> {
    type Error = Node;

    fn read(&self, nodes: &[Node]) -> Result<Vec<Hash>, Node> {
        let node = |n: &Node| {
            let (start, end) = ((n.index as usize) << n.level, (n.index as usize + 1) << n.level);
            self.0.get(start..end).map(root).ok_or(*n)
        };
        nodes.iter().map(node).collect()
    }
}

/// Appends leaves in steps and keeps the tiles of each.
pub fn tiles(leaves: &[Hash], steps: &[usize]) -> (Edge, TileMap) {
    let (mut edge, mut map) = (Edge::new(), TileMap::new());
    let mut rest = leaves;
    for &step in steps.iter().chain([&leaves.len()]) {
        let (now, later) = rest.split_at(step.min(rest.len()));
        now.iter().for_each(|l| edge.push(*l));
        edge.take().iter().for_each(|(id, tile)| map.insert(id, tile.clone()));
        rest = later;
    }
    (edge, map)
}
