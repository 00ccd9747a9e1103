//! Every fuzz target over its seeds, and over bytes that chance makes of them.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs};

use fuzz_checks::{TARGETS, folder, sealed};
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

#[test]
fn every_target_has_its_program_and_its_seeds() {
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len());
    let in_folder = |of: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(folder().join(of)).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(in_folder("fuzz_targets"), names);
    assert_eq!(in_folder("seeds"), names);
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for name in &names {
        let program = fs::read_to_string(folder().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("::{name}(data)")), "{name}.rs runs another check");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not in Cargo.toml");
    }
}

/// Some of each target's seeds are read and some aren't, so that both ends of each check are reached.
#[test]
fn no_seed_breaks_a_check() {
    for target in TARGETS {
        let seeds = target.seeds().unwrap();
        let read = seeds.iter().filter(|(_, bytes)| (target.check)(bytes)).count();
        println!("{}: {} seeds, {read} of them read", target.name, seeds.len());
        assert!(read > 0 && read < seeds.len(), "{}: {read} of {} are read", target.name, seeds.len());
    }
}

#[test]
fn everything_that_is_signed_has_a_seed() {
    let target = TARGETS.iter().find(|target| target.name == "signed").unwrap();
    let found: BTreeSet<_> = target.seeds().unwrap().iter().flat_map(|(_, bytes)| sealed::signed_as(bytes)).collect();
    let all = [
        "access-entry",
        "account-closing",
        "account-removal",
        "author-statement",
        "code-proof",
        "emergency-contact",
        "genesis",
        "key-record",
        "manifest",
        "read-request",
        "recovery-proof",
        "recovery-split",
        "role-statement",
        "team-leave",
        "team-roster",
        "way-in",
    ];
    assert_eq!(found, all.into());
}

/// One change of bytes.
#[derive(Debug, Clone)]
enum Edit {
    Put(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    /// A piece of another seed in the place of what is there.
    Splice(Index, Index, Index, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Put(at, byte)),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        2 => at().prop_map(Edit::Remove),
        1 => at().prop_map(Edit::Cut),
        2 => (at(), at(), at(), any::<u8>()).prop_map(|(at, seed, from, len)| Edit::Splice(at, seed, from, len)),
    ]
}

fn changed(seeds: &[(String, Vec<u8>)], which: Index, edits: &[Edit]) -> Vec<u8> {
    let mut bytes = which.get(seeds).1.clone();
    for edit in edits {
        if bytes.is_empty() {
            return bytes;
        }
        match *edit {
            Edit::Put(at, byte) => *at.get_mut(&mut bytes) = byte,
            Edit::Insert(at, byte) => bytes.insert(at.index(bytes.len()), byte),
            Edit::Remove(at) => drop(bytes.remove(at.index(bytes.len()))),
            Edit::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Edit::Splice(at, seed, from, len) => {
                let other = &seed.get(seeds).1;
                let from = if other.is_empty() { 0 } else { from.index(other.len()) };
                let piece = &other[from..other.len().min(from + usize::from(len))];
                let at = at.index(bytes.len());
                let end = bytes.len().min(at + piece.len());
                bytes.splice(at..end, piece.iter().copied());
            }
        }
    }
    bytes
}

fn check_all(bytes: &[u8]) {
    for target in TARGETS {
        (target.check)(bytes);
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

/// The same bytes each time.
#[test]
fn bytes_made_of_seeds_break_no_check() {
    for target in TARGETS {
        let seeds = target.seeds().unwrap();
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let bytes = (any::<Index>(), prop::collection::vec(edit(), 1..6));
        let ended = TestRunner::new_with_rng(config(1_000), rng).run(&bytes, |(which, edits)| {
            (target.check)(&changed(&seeds, which, &edits));
            Ok(())
        });
        assert!(ended.is_ok(), "{}: {}", target.name, ended.unwrap_err());
    }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check_all(&bytes);
    }

    #[test]
    fn any_text(text in "(tile/|old |index |— |[a-z0-9+/=\n ]){0,60}") {
        check_all(text.as_bytes());
    }

    #[test]
    fn any_leaf(kind in 0_u8..4, bytes in prop::collection::vec(any::<u8>(), 0..150)) {
        fuzz_checks::log::leaf(&[&[1, kind], &bytes[..]].concat());
    }

    /// Other bytes than the last time.
    #[test]
    fn other_bytes_made_of_seeds(
        target in prop::sample::select(TARGETS),
        which in any::<Index>(),
        edits in prop::collection::vec(edit(), 1..6),
    ) {
        (target.check)(&changed(&target.seeds().unwrap(), which, &edits));
    }
}
