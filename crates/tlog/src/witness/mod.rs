//! Witnessing (c2sp.org/tlog-witness, `add-checkpoint`): what a log sends, and what a witness decides. Without HTTP and
//! storage: the witness's program brings both.
//!
//! 1. [`Witness::receive`] parses a request and verifies the log's signature.
//! 2. In one transaction the program reads what it last cosigned of [`Received::origin`], asks [`Received::decide`], and
//!    stores the [`TreeHead`] that it gives.
//! 3. Only then [`Accepted::cosign`] makes the answer.

mod decide;
mod request;

pub use decide::{Accepted, Received, Refusal, TreeHead, Witness};
pub use request::{AddCheckpoint, MAX_REQUEST, RequestError, parse_conflict};
