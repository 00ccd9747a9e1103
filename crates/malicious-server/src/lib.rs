//! The malicious server: plays HealthSecure's server towards the honest client, honestly until it is told to lie.
//!
//! - [`double`]: the server, in memory, without any of the checks that a client must make itself;
//! - [`attack`]: every attack by name, and the walls that it must break through, in their order;
//! - [`scene`]: people, reports and forgeries that the attacks share.
//!
//! The suite (`tests/suite`) runs each attack against `crates/client`: with every defence on, it is refused by name; with the
//! first wall switched off, by the next one's name; with all of its walls off, it must succeed, or the test proves nothing.
//! docs/attacks.md tells the same to people.
//!
//! It is a test bench, so it panics where something is not as the test has set it up.
#![allow(clippy::unwrap_used, clippy::result_large_err)]

pub mod attack;
pub mod double;
pub mod scene;
