//! Why the log can't go on.

use tlog::{checkpoint::CheckpointError, note::NoteError};

use crate::{ServiceError, secrets::SecretsError};

/// Why the log can't go on. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Tiles, events and the signed head don't belong together.
    #[error(
        "the log of events is damaged: {0}. Nothing was changed. Whoever has seen the log would notice: restore the \
         newest backup of the database (docs/operations.md, “A damaged log”)"
    )]
    Damaged(String),
    /// A tree was published, but the key that signed it is gone.
    #[error("secrets/{file} is missing, but it has signed a log of {size} events: restore it from a backup")]
    KeyMissing {
        /// Name of the file.
        file: &'static str,
        /// Leaves of the tree.
        size: u64,
    },
    /// Another sequencer has taken the lease.
    #[error("another server has taken over the log")]
    Stale,
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Reading or writing failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Witnesses can't be asked.
    #[error("witnesses can't be asked: {0}")]
    Witnesses(String),
    /// The log's name or size is nothing that can be signed.
    #[error("a checkpoint can't be made: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is nothing that can be signed.
    #[error("a checkpoint can't be signed: {0}")]
    Note(#[from] NoteError),
}

impl From<sea_orm::DbErr> for LogError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Service(error.into())
    }
}
