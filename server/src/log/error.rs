//! Why the log can't go on.

use tlog::{checkpoint::CheckpointError, note::NoteError};

use crate::{
    ServiceError,
    secrets::SecretsError,
    storage::{log::Tree, migrate::DatabaseError},
};

/// Why the log can't go on. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Tiles, entries and the signed head don't belong together.
    #[error(
        "the log is damaged: {0}. Nothing was changed. Whoever has seen the log would notice: restore the \
         newest backup of the database (docs/operations.md, “A damaged log”)"
    )]
    Damaged(String),
    /// A tree was published, but a key that it was made with is gone.
    #[error("secrets/{file} is missing, but a log of {size} leaves was made with it: restore it from a backup")]
    KeyMissing {
        /// Name of the file.
        file: &'static str,
        /// Leaves of the tree.
        size: u64,
    },
    /// The key of labels isn't the one that made those in the tree.
    #[error("secrets/{file} is not the key that the log's labels were made with: restore it from a backup")]
    OtherKey {
        /// Name of the file.
        file: &'static str,
    },
    /// Another sequencer has taken the lease.
    #[error("another server has taken over the log")]
    Stale,
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The database can't be opened.
    #[error(transparent)]
    Open(#[from] DatabaseError),
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

impl LogError {
    /// Says in which tree something is damaged.
    pub(super) fn of(self, tree: Tree) -> Self {
        match self {
            Self::Damaged(what) => Self::Damaged(format!("in the tree of {}, {what}", tree.name())),
            other => other,
        }
    }
}

impl From<sea_orm::DbErr> for LogError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Service(error.into())
    }
}
