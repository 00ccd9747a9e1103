//! What the leaves of the two trees commit to (docs/log.md): salted events, and keys that anyone may compare.

mod event;
mod key;

use thiserror::Error;

pub use event::{EventCommitment, EventOpening, MAX_EVENT, SALT_LEN};
pub use key::{KeyTreeLeaf, Label, MAX_LABEL, MIN_LABEL};

/// First byte of every leaf and opening that is stored.
pub const VERSION: u8 = 1;

/// Why bytes are no leaf or opening.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeafError {
    /// The version byte names a format that this program doesn't know.
    #[error("unknown version {0}")]
    UnknownVersion(u8),
    /// The kind byte names a leaf that this program doesn't know.
    #[error("unknown kind of leaf {0}")]
    UnknownKind(u8),
    /// The bytes end early.
    #[error("the bytes end early")]
    Truncated,
    /// Bytes follow the end.
    #[error("bytes follow the end")]
    Trailing,
    /// A label isn't 32 to 80 bytes long.
    #[error("a label has 32 to 80 bytes, not {0}")]
    Label(usize),
    /// An event is longer than [`MAX_EVENT`].
    #[error("an event of {0} bytes is too long")]
    Event(usize),
}

fn split_version(bytes: &[u8]) -> Result<&[u8], LeafError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some((&other, _)) => Err(LeafError::UnknownVersion(other)),
        None => Err(LeafError::Truncated),
    }
}
