//! HealthSecure's cryptography: sealing, wrapping, signing, key derivation, the steps of OPAQUE, key records, access
//! chains. Written down to the byte in docs/protocol.md; modules follow its sections.
//!
//! What it doesn't do: no network, no files, no clock, no global randomness. Times are passed in, and every function
//! that needs randomness takes a generator ([`rand_core::CryptoRng`]). It works on wasm32.
//!
//! Features: without any, the crate verifies signatures, parses, replays access chains and hashes audit events: what a
//! server may do. `batch` verifies signatures of many requests to read together, and `open` adds private keys and everything that decrypts; only the client enables the two. `opaque-server`
//! adds the server's half of OPAQUE. `weaken` lets the attack suite switch [`defence`]s off; no program has it.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod account;
pub mod audit;
pub mod defence;
pub mod encoding;
pub mod format;
pub mod grant;
pub mod ids;
#[cfg(any(feature = "open", feature = "opaque-server"))]
mod kdf;
pub mod kem;
#[cfg(any(feature = "open", feature = "opaque-server"))]
pub mod opaque;
pub mod report;
pub mod secret;
pub mod sign;
#[cfg(any(feature = "open", feature = "opaque-server"))]
pub mod stretch;
pub mod team;

pub use rand_core;
