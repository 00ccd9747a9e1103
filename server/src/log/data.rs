//! The leaves' data as a row holds them: commitments to events side by side, keys with their lengths as in a bundle.

use tlog::HASH_LEN;

use crate::storage::log::Tree;

/// The data of 1 to 256 leaves as one row.
pub fn join(tree: Tree, leaves: &[Vec<u8>]) -> Vec<u8> {
    match tree {
        Tree::Events => leaves.concat(),
        Tree::Keys => leaves.iter().flat_map(|data| [&length(data)[..], data].concat()).collect(),
    }
}

/// A leaf of the keys tree has at most 146 bytes.
fn length(data: &[u8]) -> [u8; 2] {
    (data.len() as u16).to_be_bytes()
}

/// The first of a row, which may hold more by now; `None` if it holds fewer.
pub fn split(tree: Tree, row: &[u8], width: u16) -> Option<Vec<Vec<u8>>> {
    let mut rest = row;
    let mut next = || {
        let data;
        (data, rest) = match tree {
            Tree::Events => rest.split_at_checked(HASH_LEN)?,
            Tree::Keys => {
                let (length, after) = rest.split_first_chunk()?;
                after.split_at_checked(u16::from_be_bytes(*length).into())?
            }
        };
        Some(data.to_vec())
    };
    (0..width).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_joined_splits_again_at_any_width() {
        let leaves =
            |tree| (0..9_u8).map(move |n| vec![n; if tree == Tree::Events { 32 } else { 70 + usize::from(n) }]);
        for tree in Tree::ALL {
            let leaves: Vec<_> = leaves(tree).collect();
            let row = join(tree, &leaves);
            for width in 0..=9 {
                assert_eq!(split(tree, &row, width).unwrap(), leaves[..usize::from(width)], "{tree:?}");
            }
            assert_eq!(split(tree, &row, 10), None);
            assert_eq!(split(tree, &row[..row.len() - 1], 9), None);
        }
    }
}
