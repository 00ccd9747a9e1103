//! Tiles, bundles and their paths.
#![allow(clippy::unwrap_used)]

mod common;

use common::{leaves, tiles};
use proptest::prelude::*;
use tlog::{
    MAX_SIZE, leaf_hash,
    merkle::{Node, inclusion_nodes, prove_inclusion},
    tile::{
        Bundle, BundleError, BundleId, Edge, EdgeError, InvalidId, MAX_INDEX, PathError, Resource, Tile, TileError,
        TileId, TileMap, Tiles, WrongLength, tiles_for,
    },
};

fn id(level: u8, index: u64, width: u16) -> TileId {
    TileId::new(level, index, width).unwrap()
}

/// The examples of tlog-tiles, and the longest.
#[test]
fn paths_are_the_specifications() {
    let cases = [
        ("checkpoint", Resource::Checkpoint),
        ("tile/0/000", Resource::Tile(id(0, 0, 256))),
        ("tile/0/x001/x234/067", Resource::Tile(id(0, 1_234_067, 256))),
        ("tile/1/x001/x234/067.p/17", Resource::Tile(id(1, 1_234_067, 17))),
        ("tile/63/999.p/255", Resource::Tile(id(63, 999, 255))),
        ("tile/entries/x001/000.p/1", Resource::Bundle(BundleId::new(1000, 1).unwrap())),
        ("tile/0/x036/x028/x797/x018/x963/967", Resource::Tile(id(0, MAX_INDEX, 256))),
    ];
    for (path, resource) in cases {
        assert_eq!(path.parse(), Ok(resource), "{path}");
        assert_eq!(resource.to_string(), path);
    }
}

#[test]
fn other_paths_are_refused() {
    let cases = [
        ("", PathError::Unknown),
        ("/checkpoint", PathError::Unknown),
        ("tile", PathError::Unknown),
        ("tile/0", PathError::Unknown),
        ("tile//000", PathError::Level),
        ("tile/00/000", PathError::Level),
        ("tile/+1/000", PathError::Level),
        ("tile/256/000", PathError::Level),
        ("tile/64/000", PathError::Id(InvalidId::Level(64))),
        ("tile/0/", PathError::Index),
        ("tile/0/1", PathError::Index),
        ("tile/0/0000", PathError::Index),
        ("tile/0/x001", PathError::Index),
        ("tile/0/001/000", PathError::Index),
        ("tile/0/x001/x000", PathError::Index),
        ("tile/0/X001/000", PathError::Index),
        ("tile/0/x001//000", PathError::Index),
        ("tile/0/../000", PathError::Index),
        ("tile/0/٠٠٠", PathError::Index),
        ("tile/0/x000/000", PathError::LongIndex),
        ("tile/0/x000/x001/000", PathError::LongIndex),
        ("tile/0/x036/x028/x797/x018/x963/968", PathError::Id(InvalidId::Index(MAX_INDEX + 1))),
        ("tile/0/x999/x999/x999/x999/x999/x999/x999/999", PathError::Id(InvalidId::Index(u64::MAX))),
        ("tile/0/000.p/0", PathError::Width),
        ("tile/0/000.p/256", PathError::Width),
        ("tile/0/000.p/01", PathError::Width),
        ("tile/0/000.p/", PathError::Width),
        ("tile/0/000.p/1/", PathError::Width),
        ("tile/0/000.p", PathError::Index),
    ];
    for (path, error) in cases {
        assert_eq!(path.parse::<Resource>(), Err(error), "{path}");
    }
}

#[test]
fn a_tile_has_the_length_of_its_width() {
    let tile = Tile::new(leaves(3)).unwrap();
    let bytes = tile.to_bytes();
    assert_eq!(Tile::parse(&id(0, 0, 3), &bytes), Ok(tile));
    assert_eq!(Tile::parse(&id(0, 0, 4), &bytes), Err(WrongLength { expected: 128, found: 96 }));
    assert_eq!(Tile::parse(&id(0, 0, 2), &bytes), Err(WrongLength { expected: 64, found: 96 }));
    assert_eq!(Tile::parse(&id(0, 0, 3), &bytes[..95]), Err(WrongLength { expected: 96, found: 95 }));
    assert_eq!(Tile::new(Vec::new()), None);
    assert_eq!(Tile::new(leaves(257)), None);
}

#[test]
fn a_bundle_is_its_entries() {
    let bundle = Bundle::new(vec![b"one".to_vec(), Vec::new(), vec![7; 65_535]]).unwrap();
    let (bytes, three) = (bundle.to_bytes(), BundleId::new(0, 3).unwrap());
    assert_eq!(&bytes[..7], b"\x00\x03one\x00\x00");
    assert_eq!(Bundle::parse(&three, &bytes), Ok(bundle.clone()));
    assert_eq!(bundle.leaf_hashes()[1], leaf_hash(b""));
    assert_eq!(Bundle::parse(&three, &bytes[..bytes.len() - 1]), Err(BundleError::Truncated(2)));
    assert_eq!(Bundle::parse(&three, &bytes[..6]), Err(BundleError::Truncated(1)));
    assert_eq!(Bundle::parse(&three, &[&bytes[..], b"x"].concat()), Err(BundleError::Trailing));
    assert_eq!(Bundle::parse(&BundleId::new(0, 4).unwrap(), &bytes), Err(BundleError::Truncated(3)));
    assert_eq!(Bundle::new(vec![vec![0; 65_536]]), Err(BundleError::TooLong(65_536)));
    assert_eq!(Bundle::new(Vec::new()), Err(BundleError::Count(0)));
}

/// The tree of 70000 leaves has 273 full and one partial tile at level 0, and so on up.
#[test]
fn appending_makes_the_tiles_of_the_specification() {
    let mut edge = Edge::new();
    leaves(70_000).into_iter().for_each(|l| edge.push(l));
    let made = edge.take();
    let count = |level, full| made.iter().filter(|(t, _)| t.level() == level && t.is_full() == full).count();
    assert_eq!([count(0, true), count(0, false)], [273, 1]);
    assert_eq!([count(1, true), count(1, false)], [1, 1]);
    assert_eq!([count(2, true), count(2, false)], [0, 1]);
    assert!(made.iter().all(|(t, tile)| t.is_of(70_000) && tile.hashes().len() == usize::from(t.width())));
    assert!(edge.take().is_empty());
}

#[test]
fn a_proof_from_tiles_reads_few_of_them() {
    let all = leaves(70_000);
    let (_, map) = tiles(&all, &[]);
    let nodes = inclusion_nodes(1000, 70_000);
    assert_eq!(tiles_for(&nodes, 70_000), [id(0, 3, 256), id(0, 273, 112), id(1, 0, 256), id(1, 1, 17)]);
    let proof = prove_inclusion(&Tiles::new(&map, 70_000), 1000, 70_000).unwrap();
    assert_eq!(proof.verify(&all[1000], 1000, 70_000, &common::root(&all)), Ok(()));
}

#[test]
fn missing_and_narrow_tiles_are_named() {
    let all = leaves(300);
    let (_, mut map) = tiles(&all[..260], &[]);
    let tiles = Tiles::new(&map, 300);
    let read = |node| tlog::merkle::HashReader::read(&tiles, &[node]).unwrap_err();
    assert!(matches!(read(Node { level: 0, index: 299 }), TileError::Narrow { level: 0, index: 1, width: 44 }));
    assert!(matches!(read(Node { level: 0, index: 300 }), TileError::OutsideTree { index: 300, .. }));
    assert!(matches!(read(Node { level: 200, index: 0 }), TileError::OutsideTree { .. }));
    assert!(matches!(read(Node { level: 63, index: u64::MAX }), TileError::OutsideTree { .. }));
    let empty = TileMap::new();
    assert!(matches!(Edge::load(&&empty, 5), Err(EdgeError::Source(_))));
    assert!(matches!(Edge::load(&&map, 300), Err(EdgeError::Narrow(0))));
    assert!(matches!(Edge::load(&&map, MAX_SIZE + 1), Err(EdgeError::TooLarge(_))));
    map.insert(&id(0, 1, 44), Tile::new(all[256..].to_vec()).unwrap());
    assert_eq!(Edge::load(&&map, 300).unwrap().root(), common::root(&all));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paths_are_read_as_written(level in 0_u8..64, index in 0_u64..1 << 55, width in 1_u16..=256) {
        let tile = Resource::Tile(id(level, index, width));
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        let bundle = Resource::Bundle(BundleId::new(index, width).unwrap());
        prop_assert_eq!(bundle.to_string().parse(), Ok(bundle));
    }
}
