//! The verifiable log as this server keeps it (docs/log.md): the events tree, whose leaf n commits to audit event n.
//!
//! An event and the salt of its leaf are written by the transaction that records it. Behind that, one `sequencer` puts
//! new leaves into tiles, in the audit's order, and signs the head: tiles and head in one transaction, which a fencing
//! number lets nobody but the newest holder of the lease commit. `check` compares it all at start.

mod batch;
mod check;
mod error;
mod key;
mod leaf;
mod publish;
mod reads;
mod sequencer;
mod store;
mod task;
mod verify;

pub use check::{check, check_events};
pub use error::LogError;
pub use key::{NAME as KEY_FILE, load as load_key};
pub use leaf::opening;
pub use reads::LogReads;
pub use sequencer::{Round, Sequencer};
pub use task::Log;
pub use verify::verify;
