//! Parsers against bytes that nobody meant: random ones, and the vectors with something changed. The checks are the fuzz
//! targets' own.
#![allow(clippy::unwrap_used)]

#[path = "../fuzz/checks.rs"]
mod checks;

use proptest::{prelude::*, sample::Index};
use serde_json::Value;
use tlog::tile::{BundleId, Resource, TileId};

const CHECKS: [fn(&[u8]); 6] =
    [checks::tile, checks::note, checks::checkpoint, checks::proof, checks::witness_request, checks::leaf];

fn inputs() -> Vec<Vec<u8>> {
    let all: Value = serde_json::from_str(include_str!("../testdata/cases.json")).unwrap();
    let kinds = ["vkey", "checkpoint", "proof", "witness"].into_iter();
    let cases = kinds.flat_map(|k| all[k].as_array().unwrap().clone());
    cases.filter_map(|c| Some(c["input"].as_str()?.as_bytes().to_vec())).collect()
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) }
}

#[test]
fn no_vector_makes_a_parser_panic() {
    inputs().iter().for_each(|input| CHECKS.iter().for_each(|check| check(input)));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        CHECKS.iter().for_each(|check| check(&bytes));
    }

    #[test]
    fn any_text(text in "(tile/|old |index |— |[a-z0-9+/=\n ]){0,60}") {
        CHECKS.iter().for_each(|check| check(text.as_bytes()));
    }

    #[test]
    fn any_leaf(kind in 0_u8..4, bytes in prop::collection::vec(any::<u8>(), 0..150)) {
        checks::leaf(&[&[1, kind], &bytes[..]].concat());
    }

    #[test]
    fn changed_vectors(which in any::<Index>(), at in any::<Index>(), change in 0..4, byte in any::<u8>()) {
        let mut input = which.get(&inputs()).clone();
        prop_assume!(!input.is_empty());
        let at = at.index(input.len());
        match change {
            0 => input[at] = byte,
            1 => input.insert(at, byte),
            2 => drop(input.remove(at)),
            _ => input.truncate(at),
        }
        CHECKS.iter().for_each(|check| check(&input));
    }

    #[test]
    fn paths_are_read_as_written(level in 0_u8..64, index in 0_u64..1 << 55, width in 1_u16..=256) {
        let tile = Resource::Tile(TileId::new(level, index, width).unwrap());
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        let bundle = Resource::Bundle(BundleId::new(index, width).unwrap());
        prop_assert_eq!(bundle.to_string().parse(), Ok(bundle));
    }
}
