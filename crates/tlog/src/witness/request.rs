//! The body of `add-checkpoint`, and of the answer that says what the witness has.

use std::fmt;

use thiserror::Error;

use crate::{
    MAX_SIZE,
    checkpoint::{Checkpoint, CheckpointError},
    head::{self, MAX_PROOF},
    merkle::ConsistencyProof,
    note::{MAX_NOTE, Note, NoteError},
    text::decimal,
};

/// Longest request, bytes.
pub const MAX_REQUEST: usize = MAX_NOTE + 4096;

/// Why bytes are no request.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// Longer than [`MAX_REQUEST`].
    #[error("the request is too long")]
    TooLong,
    /// No empty line, or no text, before the checkpoint.
    #[error("no empty line ends the consistency proof")]
    NoSeparator,
    /// The first line isn't `old ` and a decimal in its shortest form, at most [`MAX_SIZE`].
    #[error("the old size is not valid")]
    OldSize,
    /// A line isn't the base64 of a hash.
    #[error("a hash of the consistency proof is not valid")]
    Hash,
    /// More than 63 hashes.
    #[error("the consistency proof has more than 63 hashes")]
    TooManyHashes,
    /// The checkpoint is no note.
    #[error("the checkpoint: {0}")]
    Note(#[from] NoteError),
    /// The note is no checkpoint.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The old size is above the checkpoint's.
    #[error("a tree of {new} leaves is not later than one of {old}")]
    Shrinks {
        /// The old size, leaves.
        old: u64,
        /// The checkpoint's, leaves.
        new: u64,
    },
}

/// A request to cosign a checkpoint. Nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: u64,
    proof: ConsistencyProof,
    note: Note,
    checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// A request: the size that the witness has, a proof from there, a signed checkpoint.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn new(old: u64, proof: ConsistencyProof, note: Note) -> Result<Self, RequestError> {
        if old > MAX_SIZE {
            return Err(RequestError::OldSize);
        }
        if proof.0.len() > MAX_PROOF {
            return Err(RequestError::TooManyHashes);
        }
        if note.signatures().is_empty() {
            return Err(NoteError::NoSignature.into());
        }
        let checkpoint: Checkpoint = note.text().parse()?;
        if old > checkpoint.size() {
            return Err(RequestError::Shrinks { old, new: checkpoint.size() });
        }
        Ok(Self { old, proof, note, checkpoint })
    }

    /// Parses a body.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > MAX_REQUEST {
            return Err(RequestError::TooLong);
        }
        let (lines, note) = head::split(bytes).ok_or(RequestError::NoSeparator)?;
        let (&old, hashes) = lines.split_first().ok_or(RequestError::OldSize)?;
        let old = old.strip_prefix("old ").and_then(decimal).ok_or(RequestError::OldSize)?;
        let proof = ConsistencyProof(head::hashes(hashes).ok_or(RequestError::Hash)?);
        Self::new(old, proof, Note::parse(note)?)
    }

    /// The size from which the proof leads, leaves.
    pub fn old_size(&self) -> u64 {
        self.old
    }

    /// The proof.
    pub fn proof(&self) -> &ConsistencyProof {
        &self.proof
    }

    /// The checkpoint's note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for AddCheckpoint {
    /// The body, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        writeln!(f, "{}", head::hash_lines(&self.proof.0))?;
        self.note.fmt(f)
    }
}

/// Reads the body of a 409 answer: the size that the witness has, leaves.
pub fn parse_conflict(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    decimal(text.strip_suffix('\n')?).filter(|&size| size <= MAX_SIZE)
}
