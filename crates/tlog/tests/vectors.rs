//! The published vectors of transparency-dev/merkle (testdata: inclusion, consistency, subtreeinclusion,
//! subtreeconsistency), read from the folder `rfc6962` in `HEALTHSECURE_TEST_DATA` or in `../shared/data` beside the project.
//! Counts are printed: `cargo test -p healthsecure-tlog --test vectors -- --nocapture`.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tlog::{
    Hash, leaf_hash,
    merkle::{ConsistencyProof, InclusionProof, Subtree},
};

/// The folder of vectors, or none with a loud line.
fn folder(name: &str) -> Option<PathBuf> {
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let roots = env::var_os("HEALTHSECURE_TEST_DATA").map(PathBuf::from).into_iter().chain([project]);
    let found = roots.map(|r| r.join("rfc6962").join(name)).find(|f| f.is_dir());
    if found.is_none() {
        println!("SKIPPED: no vectors rfc6962/{name}: clone transparency-dev/merkle and link its testdata there");
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { files(&p) } else { vec![p] }).collect()
}

/// Runs each file of a folder through `verify`, which says whether the proof holds.
fn run(name: &str, least: usize, verify: impl Fn(&Value) -> Option<bool>) {
    let Some(folder) = folder(name) else { return };
    let (mut good, mut bad) = (0, 0);
    for file in files(&folder) {
        let vector: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let refused = vector["wantErr"].as_bool().unwrap();
        // What isn't even a subtree is refused before the proof is looked at.
        let holds = verify(&vector).unwrap_or(false);
        assert_eq!(holds, !refused, "{}: {}", file.display(), vector["desc"]);
        if refused { bad += 1 } else { good += 1 }
    }
    println!("transparency-dev/merkle {name}: {} vectors, {good} hold, {bad} refused", good + bad);
    assert!(good + bad >= least && good > 0 && bad > 0, "{name}: only {good} + {bad} vectors ran");
}

/// A hash; none for nothing. Some vectors have words in its place, which stand for some hash: equal for equal words.
fn bytes(text: &Value) -> Option<Hash> {
    let text = text.as_str().filter(|t| !t.is_empty())?;
    Some(Hash::from_base64(text).unwrap_or_else(|_| leaf_hash(text.as_bytes())))
}

fn proof(vector: &Value) -> Option<Vec<Hash>> {
    vector["proof"].as_array().map_or(Some(Vec::new()), |list| list.iter().map(bytes).collect())
}

#[test]
fn inclusion() {
    run("inclusion", 98, |v| {
        let (index, size) = (v["leafIdx"].as_u64()?, v["treeSize"].as_u64()?);
        let proof = InclusionProof(proof(v)?);
        Some(proof.verify(&bytes(&v["leafHash"])?, index, size, &bytes(&v["root"])?).is_ok())
    });
}

#[test]
fn consistency() {
    run("consistency", 98, |v| {
        let proof = ConsistencyProof(proof(v)?);
        let (old, new) = (v["size1"].as_u64()?, v["size2"].as_u64()?);
        Some(proof.verify(old, &bytes(&v["root1"])?, new, &bytes(&v["root2"])?).is_ok())
    });
}

#[test]
fn subtree_inclusion() {
    run("subtreeinclusion", 204, |v| {
        let tree = Subtree::new(v["start"].as_u64()?, v["end"].as_u64()?).ok()?;
        let (proof, index) = (InclusionProof(proof(v)?), v["leafIdx"].as_u64()?);
        Some(tree.verify_inclusion(&proof, &bytes(&v["leafHash"])?, index, &bytes(&v["root"])?).is_ok())
    });
}

#[test]
fn subtree_consistency() {
    run("subtreeconsistency", 118, |v| {
        let tree = Subtree::new(v["start"].as_u64()?, v["end"].as_u64()?).ok()?;
        let (proof, size) = (ConsistencyProof(proof(v)?), v["size"].as_u64()?);
        Some(tree.verify_consistency(&proof, &bytes(&v["root1"])?, size, &bytes(&v["root2"])?).is_ok())
    });
}
