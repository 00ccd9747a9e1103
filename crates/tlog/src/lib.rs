//! HealthSecure's verifiable log: what a Merkle log says, how it is signed, and what proves it. Written down in
//! docs/log.md; each module follows one published specification.
//!
//! | Module | Specification |
//! |---|---|
//! | [`merkle`] | RFC 6962 section 2.1, RFC 9162 section 2.1; subtrees of draft-ietf-plants-merkle-tree-certs |
//! | [`tile`] | c2sp.org/tlog-tiles |
//! | [`note`] | c2sp.org/signed-note |
//! | [`checkpoint`] | c2sp.org/tlog-checkpoint |
//! | [`cosignature`] | c2sp.org/tlog-cosignature |
//! | [`proof`] | c2sp.org/tlog-proof |
//! | [`witness`] | c2sp.org/tlog-witness |
//! | [`leaf`] | docs/log.md, “Leaves” |
//! | `vrf` | c2sp.org/vrf-r255 (feature `vrf`) |
//!
//! What it doesn't do: no network, no storage, no clock, no own randomness. Hashes are read through traits, times and
//! seeds are passed in. It doesn't know what a report, an account or an audit event is: leaves commit to bytes. It works
//! on wasm32.
//!
//! Features: `ml-dsa` adds post-quantum cosignatures; `vrf` adds the labels of e-mail addresses and their proofs.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod checkpoint;
pub mod cosignature;
mod ed25519;
mod hash;
mod head;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod proof;
mod skey;
mod text;
pub mod tile;
#[cfg(feature = "vrf")]
pub mod vrf;
pub mod witness;

pub use hash::{EMPTY_ROOT, HASH_LEN, Hash, NotAHash, leaf_hash, node_hash};

/// Largest tree size, leaves: 2^63 − 1, what other implementations hold in a signed integer.
pub const MAX_SIZE: u64 = i64::MAX as u64;
