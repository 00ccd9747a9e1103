//! Whatever is appended, however it is cut up: one tree. Whatever is changed in a proof: refused.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Leaves, leaves, tiles};
use proptest::prelude::*;
use tlog::{
    Hash,
    merkle::{CompactRange, ConsistencyProof, InclusionProof, prove_consistency, prove_inclusion, root},
    tile::{Edge, Tiles},
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn one_tree_from_tiles_from_scratch_and_incrementally(
        size in 0_u64..1500,
        steps in prop::collection::vec(0_usize..400, 0..8),
    ) {
        let all = leaves(size);
        let expected = common::root(&all);
        let (edge, map) = tiles(&all, &steps);
        prop_assert_eq!(edge.root(), expected);
        prop_assert_eq!(root(&Tiles::new(&map, size), size).unwrap(), expected);
        prop_assert_eq!(root(&Leaves(&all), size).unwrap(), expected);
        let mut range = CompactRange::new();
        all.iter().for_each(|l| range.push(*l));
        prop_assert_eq!(range.root(), expected);
        prop_assert_eq!(CompactRange::load(&Tiles::new(&map, size), size).unwrap(), range);
    }

    /// A process that stops and goes on from its tiles at any point makes the same tree.
    #[test]
    fn a_tree_goes_on_from_its_tiles(before in 0_usize..1200, after in 0_usize..700) {
        let all = leaves((before + after) as u64);
        let (_, mut map) = tiles(&all[..before], &[]);
        let mut edge = Edge::load(&&map, before as u64).unwrap();
        let mut range = CompactRange::load(&Tiles::new(&map, before as u64), before as u64).unwrap();
        for leaf in &all[before..] {
            edge.push(*leaf);
            range.push(*leaf);
        }
        edge.take().iter().for_each(|(id, tile)| map.insert(id, tile.clone()));
        prop_assert_eq!(edge.root(), common::root(&all));
        prop_assert_eq!(range.root(), common::root(&all));
        prop_assert_eq!(root(&Tiles::new(&map, all.len() as u64), all.len() as u64).unwrap(), common::root(&all));
    }

    #[test]
    fn inclusion_proofs_hold_and_their_mutations_do_not(
        (size, index) in (1_u64..1500).prop_flat_map(|n| (Just(n), 0..n)),
        change in any::<prop::sample::Index>(),
        bit in 0_usize..256,
    ) {
        let all = leaves(size);
        let (tip, leaf) = (common::root(&all), all[index as usize]);
        let (_, map) = tiles(&all, &[]);
        let proof = prove_inclusion(&Tiles::new(&map, size), index, size).unwrap();
        prop_assert_eq!(&proof, &prove_inclusion(&Leaves(&all), index, size).unwrap());
        prop_assert_eq!(proof.verify(&leaf, index, size, &tip), Ok(()));
        for mutated in mutations(&proof.0, change, bit) {
            prop_assert!(InclusionProof(mutated).verify(&leaf, index, size, &tip).is_err());
        }
        prop_assert!(proof.verify(&flipped(leaf, bit), index, size, &tip).is_err());
        prop_assert!(proof.verify(&leaf, index, size, &flipped(tip, bit)).is_err());
        let other = change.index(size as usize) as u64;
        prop_assert_eq!(proof.verify(&leaf, other, size, &tip).is_ok(), other == index);
    }

    #[test]
    fn consistency_proofs_hold_and_their_mutations_do_not(
        (new, old) in (1_u64..1500).prop_flat_map(|n| (Just(n), 1..=n)),
        change in any::<prop::sample::Index>(),
        bit in 0_usize..256,
    ) {
        let all = leaves(new);
        let (old_root, new_root) = (common::root(&all[..old as usize]), common::root(&all));
        let (_, map) = tiles(&all, &[]);
        let proof = prove_consistency(&Tiles::new(&map, new), old, new).unwrap();
        prop_assert_eq!(&proof, &prove_consistency(&Leaves(&all), old, new).unwrap());
        prop_assert_eq!(proof.verify(old, &old_root, new, &new_root), Ok(()));
        for mutated in mutations(&proof.0, change, bit) {
            prop_assert!(ConsistencyProof(mutated).verify(old, &old_root, new, &new_root).is_err());
        }
        prop_assert!(proof.verify(old, &flipped(old_root, bit), new, &new_root).is_err());
        prop_assert!(proof.verify(old, &old_root, new, &flipped(new_root, bit)).is_err());
    }

    #[test]
    fn no_numbers_make_a_verifier_panic(
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
        a in any::<u64>(), b in any::<u64>(), c in any::<u64>(),
    ) {
        let hashes: Vec<Hash> = hashes.into_iter().map(Hash).collect();
        let any = Hash([0; 32]);
        let _ = InclusionProof(hashes.clone()).verify(&any, a, b, &any);
        let _ = ConsistencyProof(hashes.clone()).verify(a, &any, b, &any);
        if let Ok(tree) = tlog::merkle::Subtree::new(a, b) {
            let _ = tree.verify_consistency(&ConsistencyProof(hashes.clone()), &any, c, &any);
            let _ = tree.verify_inclusion(&InclusionProof(hashes), &any, c, &any);
        }
    }
}

fn flipped(mut hash: Hash, bit: usize) -> Hash {
    hash.0[bit / 8] ^= 1 << (bit % 8);
    hash
}

/// One bit flipped, a hash left out, doubled, added at either end, and neighbours swapped.
fn mutations(proof: &[Hash], at: prop::sample::Index, bit: usize) -> Vec<Vec<Hash>> {
    let garbage = Hash([0x5a; 32]);
    let mut all = vec![[proof, &[garbage]].concat(), [&[garbage], proof].concat()];
    if proof.is_empty() {
        return all;
    }
    let at = at.index(proof.len());
    let mut bits = proof.to_vec();
    bits[at] = flipped(bits[at], bit);
    let (mut less, mut twice) = (proof.to_vec(), proof.to_vec());
    less.remove(at);
    twice.insert(at, proof[at]);
    all.extend([bits, less, twice]);
    if at > 0 {
        let mut swapped = proof.to_vec();
        swapped.swap(at, at - 1);
        all.push(swapped);
    }
    all
}
