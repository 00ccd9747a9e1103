//! What a proof costs, in time and bytes, as the tree grows: `cargo run --release -p healthsecure-tlog --example proofs`.
//! Sizes may be given as arguments, and `--json` for one object a line. Tiles lie in memory; the time includes deriving
//! hashes from them. `verify` is what a client does. Consistency is that of a tree of a leaf more than half as many, whose proof is
//! among the longest.

use std::{error::Error, hint::black_box, time::Instant};

use tlog::{
    HASH_LEN, leaf_hash,
    merkle::{inclusion_nodes, prove_consistency, prove_inclusion, root as root_of},
    tile::{Edge, TileMap, Tiles, tiles_for},
};

const RUNS: u64 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let (json, sizes): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument == "--json");
    let mut sizes = sizes.iter().map(|a| a.parse()).collect::<Result<Vec<u64>, _>>()?;
    if sizes.is_empty() {
        sizes = vec![10_000, 1_000_000, 10_000_000];
    }
    if json.is_empty() {
        println!(
            "{:>10} {:>12} {:>9} {:>11} {:>11} {:>9} {:>11} {:>11} {:>11}",
            "leaves", "append", "proof", "make", "verify", "tiles", "consistency", "make", "verify"
        );
    }
    sizes.into_iter().try_for_each(|size| measure(size, !json.is_empty()))
}

fn measure(size: u64, json: bool) -> Result<(), Box<dyn Error>> {
    let (mut edge, mut map) = (Edge::new(), TileMap::new());
    let start = Instant::now();
    for n in 0..size {
        edge.push(leaf_hash(&n.to_be_bytes()));
    }
    edge.take().into_iter().for_each(|(id, tile)| map.insert(&id, tile));
    let append = start.elapsed().as_nanos() / u128::from(size.max(1));

    let (tiles, root) = (Tiles::new(&map, size), edge.root());
    let index = |n: u64| (n * 7919) % size;
    let start = Instant::now();
    for n in 0..RUNS {
        black_box(prove_inclusion(&tiles, index(n), size)?);
    }
    let make = start.elapsed().as_nanos() / u128::from(RUNS);

    let proof = prove_inclusion(&tiles, index(1), size)?;
    let leaf = leaf_hash(&index(1).to_be_bytes());
    let start = Instant::now();
    for _ in 0..RUNS {
        black_box(&proof).verify(&leaf, index(1), size, &root)?;
    }
    let verify = start.elapsed().as_nanos() / u128::from(RUNS);

    let bytes = proof.0.len() * HASH_LEN;
    let read = tiles_for(&inclusion_nodes(index(1), size), size).len();

    let old = size / 2 + 1;
    let start = Instant::now();
    for _ in 0..RUNS {
        black_box(prove_consistency(&tiles, black_box(old), size)?);
    }
    let prove = start.elapsed().as_nanos() / u128::from(RUNS);
    let (consistency, old_root) = (prove_consistency(&tiles, old, size)?, root_of(&tiles, old)?);
    let start = Instant::now();
    for _ in 0..RUNS {
        black_box(&consistency).verify(old, &old_root, size, &root)?;
    }
    let check = start.elapsed().as_nanos() / u128::from(RUNS);
    let longer = consistency.0.len() * HASH_LEN;

    if json {
        let consistency = format!(r#"{{"bytes":{longer},"make":{prove},"verify":{check}}}"#);
        println!(
            r#"{{"leaves":{size},"bytes":{bytes},"make":{make},"verify":{verify},"tiles":{read},"consistency":{consistency}}}"#
        );
    } else {
        let (make, prove) = (make / 1000, prove / 1000);
        println!(
            "{size:>10} {append:>9} ns {bytes:>7} B {make:>8} µs {verify:>8} ns {read:>9} {longer:>9} B {prove:>8} µs {check:>8} ns"
        );
    }
    Ok(())
}
