//! The verifiable log as this server keeps it (docs/log.md): the events tree, whose leaf n commits to audit event n, and
//! the keys tree, whose leaf n is entry n of the accounts' key records and e-mail addresses.
//!
//! An event and the salt of its leaf are written by the transaction that records it, an entry of keys by the one that
//! makes the key record or the account. Behind that, one `sequencer` a tree puts new leaves into tiles, in their order,
//! and signs the head: tiles and head in one transaction, which a fencing number lets nobody but the newest holder of the
//! lease commit. `check` compares it all at start.

mod backfill;
mod batch;
mod check;
mod data;
mod entry;
mod error;
mod key;
mod labels;
mod leaf;
mod look;
mod publish;
mod reads;
mod sequencer;
mod standing;
mod store;
mod task;
mod verify;

pub use backfill::backfill;
pub use check::{Compared, check, check_entries};
pub use data::split as split_data;
pub use error::LogError;
pub use key::{file as key_file, load as load_key};
pub use labels::Labels;
pub use leaf::opening;
pub use look::{Looked, look};
pub use reads::LogReads;
pub use sequencer::{Round, Sequencer};
pub use task::Log;
pub use verify::{Verified, verify, verify_in};
