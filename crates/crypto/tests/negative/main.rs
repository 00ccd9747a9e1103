//! Negative cases by name: one for each way to be wrong, each ending in its own error.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod closing;
mod devices;
mod emergency;
mod envelopes;
mod escrow;
mod manifests;
mod parts;
mod retention;
mod shares;
mod teams;
mod wraps;
