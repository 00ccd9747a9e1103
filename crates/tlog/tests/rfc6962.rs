//! Hashes, roots and proofs against RFC 6962's definitions and the roots that its implementations publish.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Leaves, leaves};
use tlog::{
    EMPTY_ROOT, Hash, leaf_hash,
    merkle::{
        CompactRange, ConsistencyError, ConsistencyProof, InclusionError, InclusionProof, ProveError, Subtree,
        prove_consistency, prove_inclusion, root,
    },
};

/// The eight leaves that implementations of Certificate Transparency test with, and the roots over the first n of them.
const DATA: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn published() -> Vec<Hash> {
    DATA.iter().map(|d| leaf_hash(&hex::decode(d).unwrap())).collect()
}

fn hash(text: &str) -> Hash {
    Hash(hex::decode(text).unwrap().try_into().unwrap())
}

#[test]
fn roots_are_the_published_ones() {
    let leaves = published();
    let mut range = CompactRange::new();
    for (n, expected) in ROOTS.iter().enumerate() {
        assert_eq!(range.root(), hash(expected), "size {n}");
        assert_eq!(root(&Leaves(&leaves), n as u64).unwrap(), hash(expected), "size {n}");
        leaves.get(n).into_iter().for_each(|l| range.push(*l));
    }
    assert_eq!(hash(ROOTS[0]), EMPTY_ROOT);
}

/// RFC 9162 section 2.1.5: the tree of seven leaves, its subtrees called as there.
#[test]
fn proofs_are_those_of_rfc_9162s_example() {
    let leaves = published();
    let node = |range: std::ops::Range<usize>| common::root(&leaves[range]);
    let [a, b, c, d, e, f, j] = [0, 1, 2, 3, 4, 5, 6].map(|i| leaves[i]);
    let (g, h, i) = (node(0..2), node(2..4), node(4..6));
    let (k, l) = (node(0..4), node(4..7));
    let reader = Leaves(&leaves[..7]);
    let inclusion = |index| prove_inclusion(&reader, index, 7).unwrap().0;
    assert_eq!(inclusion(0), [b, h, l]);
    assert_eq!(inclusion(3), [c, g, l]);
    assert_eq!(inclusion(4), [f, j, k]);
    assert_eq!(inclusion(6), [i, k]);
    let consistency = |old| prove_consistency(&reader, old, 7).unwrap().0;
    assert_eq!(consistency(3), [c, d, g, l]);
    assert_eq!(consistency(4), [l]);
    assert_eq!(consistency(6), [i, j, k]);
    assert_eq!((a, e), (leaves[0], leaves[4]));
}

#[test]
fn all_proofs_of_small_trees_are_the_definitions_and_verify() {
    let all = leaves(40);
    for n in 0..=40_usize {
        let leaves = &all[..n];
        let (reader, size, tip) = (Leaves(leaves), n as u64, common::root(leaves));
        for m in 0..n {
            let proof = prove_inclusion(&reader, m as u64, size).unwrap();
            assert_eq!(proof.0, common::path(m, leaves), "leaf {m} of {n}");
            assert_eq!(proof.verify(&leaves[m], m as u64, size, &tip), Ok(()));
        }
        for m in 1..=n {
            let proof = prove_consistency(&reader, m as u64, size).unwrap();
            assert_eq!(proof.0, common::consistency(m, leaves, true), "{m} to {n}");
            assert_eq!(proof.verify(m as u64, &common::root(&leaves[..m]), size, &tip), Ok(()));
        }
    }
}

/// A subtree's consistency proof is what SUBPROOF leaves for its ends; the verifier is checked on whole trees here and by
/// the published vectors elsewhere.
#[test]
fn a_subtree_starts_at_a_multiple_of_its_width() {
    for (start, end) in [(0, 0), (3, 3), (0, 1), (0, 7), (4, 8), (8, 13), (12, 14), (u64::MAX - 1, u64::MAX)] {
        assert!(Subtree::new(start, end).is_ok(), "{start} {end}");
    }
    for (start, end) in [(3, 2), (1, 3), (4, 9), (0, u64::MAX), (6, 9)] {
        assert!(Subtree::new(start, end).is_err(), "{start} {end}");
    }
}

#[test]
fn each_way_to_be_wrong_has_its_error() {
    let all = leaves(7);
    let (reader, tip, other) = (Leaves(&all), common::root(&all), leaf_hash(b"other"));
    let good = prove_inclusion(&reader, 2, 7).unwrap();
    let inclusion = |proof: &InclusionProof, index, size| proof.verify(&all[2], index, size, &tip).unwrap_err();
    let with = |hashes: &[Hash]| InclusionProof(hashes.to_vec());
    assert_eq!(inclusion(&good, 7, 7), InclusionError::IndexOutOfRange { index: 7, size: 7 });
    assert_eq!(inclusion(&good, 0, 0), InclusionError::IndexOutOfRange { index: 0, size: 0 });
    assert_eq!(inclusion(&with(&good.0[..2]), 2, 7), InclusionError::TooShort);
    assert_eq!(inclusion(&with(&[&good.0[..], &[other]].concat()), 2, 7), InclusionError::TooLong);
    assert_eq!(inclusion(&good, 3, 7), InclusionError::RootMismatch);
    assert_eq!(good.verify(&other, 2, 7, &tip), Err(InclusionError::RootMismatch));

    let (old, good) = (common::root(&all[..3]), prove_consistency(&reader, 3, 7).unwrap());
    let with = |hashes: &[Hash]| ConsistencyProof(hashes.to_vec());
    assert_eq!(good.verify(8, &old, 7, &tip), Err(ConsistencyError::Shrinks { old: 8, new: 7 }));
    assert_eq!(good.verify(0, &EMPTY_ROOT, 7, &tip), Err(ConsistencyError::OldIsEmpty));
    assert_eq!(with(&[]).verify(7, &other, 7, &tip), Err(ConsistencyError::Fork { size: 7 }));
    assert_eq!(with(&[]).verify(3, &old, 7, &tip), Err(ConsistencyError::TooShort));
    assert_eq!(with(&good.0[..3]).verify(3, &old, 7, &tip), Err(ConsistencyError::TooShort));
    assert_eq!(with(&[&good.0[..], &[other]].concat()).verify(3, &old, 7, &tip), Err(ConsistencyError::TooLong));
    assert_eq!(good.verify(3, &old, 3, &old), Err(ConsistencyError::TooLong));
    assert_eq!(good.verify(3, &other, 7, &tip), Err(ConsistencyError::OldRootMismatch));
    assert_eq!(good.verify(3, &old, 7, &other), Err(ConsistencyError::NewRootMismatch));
}

#[test]
fn what_a_tree_does_not_have_is_not_proved() {
    let all = leaves(5);
    let reader = Leaves(&all);
    assert_eq!(prove_inclusion(&reader, 5, 5), Err(ProveError::IndexOutOfRange { index: 5, size: 5 }));
    assert_eq!(prove_consistency(&reader, 5, 4), Err(ProveError::Shrinks { old: 5, new: 4 }));
    assert_eq!(root(&reader, 1 << 63), Err(ProveError::TooLarge(1 << 63)));
    assert!(matches!(prove_inclusion(&reader, 0, 6), Err(ProveError::Read(_))));
    assert!(CompactRange::from_hashes(5, all[..3].to_vec()).is_err());
}
