//! Leaves of the events tree: `SHA-256(32 random bytes ‖ event)`. The tree can be public, and tells nothing: whoever is
//! entitled to an event gets its opening. When an event is pruned its opening goes; the commitment stays in the tree.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{LeafError, VERSION, split_version};
use crate::hash::{Hash, leaf_hash};

/// Length of a salt, bytes.
pub const SALT_LEN: usize = 32;
/// Longest event, bytes.
pub const MAX_EVENT: usize = 8 * 1024 * 1024;

/// The 32 bytes that the tree holds of an event: its entry in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventCommitment(pub [u8; 32]);

impl EventCommitment {
    /// The hash of the leaf.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.0)
    }
}

/// What a commitment was made of. Stored and sent as `0x01 ‖ salt ‖ event`.
#[derive(Clone, PartialEq, Eq)]
pub struct EventOpening {
    salt: [u8; SALT_LEN],
    event: Vec<u8>,
}

impl EventOpening {
    /// Commits to an event's stored bytes under a fresh random salt. A salt that is guessed or used again gives away what the
    /// event says to whoever can guess that.
    ///
    /// # Errors
    /// [`LeafError::Event`].
    pub fn new(salt: [u8; SALT_LEN], event: Vec<u8>) -> Result<Self, LeafError> {
        if event.len() > MAX_EVENT { Err(LeafError::Event(event.len())) } else { Ok(Self { salt, event }) }
    }

    /// The event's stored bytes.
    pub fn event(&self) -> &[u8] {
        &self.event
    }

    /// What the tree holds.
    pub fn commitment(&self) -> EventCommitment {
        EventCommitment(Sha256::new().chain_update(self.salt).chain_update(&self.event).finalize().into())
    }

    /// The form to store and send.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&[VERSION], &self.salt[..], &self.event].concat()
    }

    /// Reads an opening.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        let (salt, event) = split_version(bytes)?.split_first_chunk().ok_or(LeafError::Truncated)?;
        Self::new(*salt, event.to_vec())
    }
}

impl fmt::Debug for EventOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventOpening({} bytes)", self.event.len())
    }
}
