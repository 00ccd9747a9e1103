//! What holds the server to its past: the public log (docs/log.md), as a client checks it.
//!
//! | File | What it does |
//! |---|---|
//! | `files.rs` | fetches checkpoints, tiles and bundles, bounded |
//! | `tiles.rs` | a tree of which every tile in hand leads to a signed root |
//! | `kept.rs` | the key pinned at first sight and the newest checkpoint, as kept between sessions |
//! | `view.rs` | one log as this session sees it: goes forward only, and proves each step |
//! | `opening.rs` | an audit event and the leaf that stands for it |
//! | `events.rs` | marks the events that are shown |
//! | `listing.rs` | whether a list of all events leaves one out |
//! | `head.rs` | the newest tree, to be written down |
//! | `session.rs` | the check at the start of a session; a refusal that stays |
//! | `asking.rs` | changes which witnesses a device asks for |
//! | `witnesses.rs` | how many witnesses this device asks for |
//! | `whole.rs` | reads a whole log, for `hs audit verify` |
//! | `evidence.rs` | what a refusal leaves behind, for anyone to check |
//! | `record.rs` | what a report's record leaves behind that lacks something |
//! | `proof.rs` | proof files of single events, for anyone to check |
//!
//! Everything but `opening.rs`, `events.rs`, `listing.rs`, `record.rs` and `proof.rs` works for any tree of the server: a [`Tree`] says where
//! it is, the key says its name, and a leaf is a hash.

mod asking;
mod events;
mod evidence;
mod files;
mod head;
mod kept;
mod listing;
mod opening;
mod proof;
mod record;
mod session;
mod tiles;
mod view;
mod whole;
mod witnesses;

pub use asking::AskError;
pub use events::{CheckedEvent, Mark};
pub use tlog::note::VerifierKey;

pub use crate::key_log::KEYS;
pub use evidence::{Evidence, EvidenceError, LeafShown};
pub use head::LogHead;
pub use kept::KeptLog;
pub use proof::{EventProof, EventProofError, ProvenEvent};
pub use record::RecordShown;
pub use whole::{LogCheck, LogFound, WholeLog};
pub use witnesses::{Witnesses, WitnessesError};

pub(crate) use files::Files;
pub(crate) use kept::merge_kept;
pub(crate) use record::{BrokenRecord, SeenEvent, leaf_shown};
pub(crate) use session::Guard;
pub(crate) use view::Claim;

use crypto::defence::Defence;

use crate::{error::ClientError, refusal::Refusal};

/// One of the server's trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    /// What it is called where something is kept of it.
    pub name: &'static str,
    /// Its files' prefix, without the last slash.
    pub path: &'static str,
    /// That every server names its key. One that names none hides it, and nothing goes on.
    pub named: Defence,
}

/// The tree of audit events: leaf n commits to event n.
pub const EVENTS: Tree = Tree { name: "events", path: "/log/events", named: Defence::LogNamed };

/// A refusal by which the session ends, and what shows that it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// What was refused.
    pub refusal: Refusal,
    /// To be saved, and given to whoever must act on it.
    pub evidence: Evidence,
}

/// Why a check of the log came to no good end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It couldn't be made now: no connection, throttled. Nothing is known.
    Error(ClientError),
    /// The log is not what it was, or not what it says.
    Stop(Box<Stopped>),
}

impl From<ClientError> for Halt {
    fn from(error: ClientError) -> Self {
        Self::Error(error)
    }
}
