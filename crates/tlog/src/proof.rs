//! Proof files (c2sp.org/tlog-proof, `.tlog-proof`): all that shows, without a network, that a log holds a leaf.

use std::fmt;

use thiserror::Error;

use crate::{
    checkpoint::{Checkpoint, CheckpointError, Log, OpenCheckpointError},
    cosignature::{Cosigned, Quorum, QuorumError},
    hash::Hash,
    head::{self, MAX_PROOF},
    merkle::{InclusionError, InclusionProof},
    note::{MAX_NOTE, Note, NoteError},
    text::{decimal, from_base64, to_base64},
};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// Longest extra data, bytes.
pub const MAX_EXTRA: usize = 64 * 1024;
/// Longest proof file, bytes.
pub const MAX_PROOF_FILE: usize = MAX_NOTE + 2 * MAX_EXTRA;

/// Why bytes are no proof file.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofFileError {
    /// Longer than [`MAX_PROOF_FILE`], or its extra data than [`MAX_EXTRA`].
    #[error("the proof is too long")]
    TooLong,
    /// The first line isn't `c2sp.org/tlog-proof@v1`.
    #[error("not a proof of a known version")]
    Version,
    /// No empty line, or no text, before the checkpoint.
    #[error("no empty line ends the proof")]
    NoSeparator,
    /// The `extra` line has no canonical base64, or nothing.
    #[error("the extra data are not valid")]
    Extra,
    /// No `index` line, or its number isn't a decimal in its shortest form.
    #[error("the index is not valid")]
    Index,
    /// A line isn't the base64 of a hash.
    #[error("a hash of the proof is not valid")]
    Hash,
    /// More hashes than any tree takes.
    #[error("the proof has more than 63 hashes")]
    TooManyHashes,
    /// The checkpoint is no note.
    #[error("the checkpoint: {0}")]
    Note(#[from] NoteError),
    /// The note is no checkpoint.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
}

/// Why a proof shows nothing.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// The checkpoint isn't the log's.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] OpenCheckpointError),
    /// Too few witnesses vouch for the checkpoint.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
    /// The leaf isn't in the tree.
    #[error(transparent)]
    Inclusion(#[from] InclusionError),
}

/// A leaf's place, its inclusion proof and the checkpoint to which it leads. Nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    extra: Option<Vec<u8>>,
    index: u64,
    inclusion: InclusionProof,
    checkpoint: Note,
}

/// What a verified proof says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The checkpoint of the tree that holds the leaf.
    pub checkpoint: Checkpoint,
    /// Place of the leaf, from 0.
    pub index: u64,
    /// The known witnesses that vouch for the checkpoint.
    pub cosigned: Vec<Cosigned>,
}

impl ProofFile {
    /// A proof that leaf `index` is in the tree of a checkpoint.
    ///
    /// # Errors
    /// [`ProofFileError::Checkpoint`], [`ProofFileError::TooManyHashes`], or [`ProofFileError::Note`] without a signature.
    pub fn new(index: u64, inclusion: InclusionProof, checkpoint: Note) -> Result<Self, ProofFileError> {
        if inclusion.0.len() > MAX_PROOF {
            return Err(ProofFileError::TooManyHashes);
        }
        if checkpoint.signatures().is_empty() {
            return Err(NoteError::NoSignature.into());
        }
        checkpoint.text().parse::<Checkpoint>()?;
        Ok(Self { extra: None, index, inclusion, checkpoint })
    }

    /// Adds data that nothing authenticates, such as the opening of the leaf's commitment.
    ///
    /// # Errors
    /// [`ProofFileError::Extra`] for nothing, [`ProofFileError::TooLong`].
    pub fn with_extra(mut self, extra: Vec<u8>) -> Result<Self, ProofFileError> {
        match extra.len() {
            0 => Err(ProofFileError::Extra),
            1..=MAX_EXTRA => {
                self.extra = Some(extra);
                Ok(self)
            }
            _ => Err(ProofFileError::TooLong),
        }
    }

    /// Parses a proof file.
    ///
    /// # Errors
    /// [`ProofFileError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > MAX_PROOF_FILE {
            return Err(ProofFileError::TooLong);
        }
        if !bytes.starts_with(FIRST_LINE.as_bytes()) {
            return Err(ProofFileError::Version);
        }
        let (lines, checkpoint) = head::split(bytes).ok_or(ProofFileError::NoSeparator)?;
        let (&first, lines) = lines.split_first().ok_or(ProofFileError::Version)?;
        if first != FIRST_LINE {
            return Err(ProofFileError::Version);
        }
        let (extra, lines) = match lines.split_first() {
            Some((line, rest)) if line.starts_with("extra") => (Some(read_extra(line)?), rest),
            _ => (None, lines),
        };
        let (&index, hashes) = lines.split_first().ok_or(ProofFileError::Index)?;
        let index = index.strip_prefix("index ").and_then(decimal).ok_or(ProofFileError::Index)?;
        let hashes = head::hashes(hashes).ok_or(ProofFileError::Hash)?;
        let proof = Self::new(index, InclusionProof(hashes), Note::parse(checkpoint)?)?;
        match extra {
            Some(extra) => proof.with_extra(extra),
            None => Ok(proof),
        }
    }

    /// Data that nothing authenticates.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The leaf's place, as claimed.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The checkpoint, as claimed.
    pub fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// Verifies that the log holds this leaf (a leaf's hash), that the log signed the checkpoint, and that enough witnesses
    /// cosigned it.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, leaf: &Hash, log: &Log, witnesses: &Quorum) -> Result<Proven, ProofError> {
        let checkpoint = log.open_note(self.checkpoint.clone())?.checkpoint;
        let cosigned = witnesses.check(&self.checkpoint)?;
        self.inclusion.verify(leaf, self.index, checkpoint.size(), checkpoint.root())?;
        Ok(Proven { checkpoint, index: self.index, cosigned })
    }
}

fn read_extra(line: &str) -> Result<Vec<u8>, ProofFileError> {
    line.strip_prefix("extra ").and_then(from_base64).ok_or(ProofFileError::Extra)
}

impl fmt::Display for ProofFile {
    /// The file, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        writeln!(f, "{}", head::hash_lines(&self.inclusion.0))?;
        self.checkpoint.fmt(f)
    }
}
