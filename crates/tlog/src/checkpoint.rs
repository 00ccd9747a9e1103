//! Checkpoints (c2sp.org/tlog-checkpoint): a log's name, size and root, signed as a note.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::{
    EMPTY_ROOT, MAX_SIZE,
    hash::Hash,
    note::{Note, NoteError, OpenError, SigningKey, VerifierKey},
    text::decimal,
};

/// Longest origin, bytes: what an ML-DSA-44 cosignature can hold.
pub const MAX_ORIGIN: usize = 255;

/// Why a note's text is no checkpoint.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Fewer than three lines, or no newline at the end.
    #[error("a checkpoint has at least three lines")]
    Lines,
    /// An empty line, or a control character within one.
    #[error("a line of the checkpoint is empty or has a control character")]
    Line,
    /// The origin is longer than [`MAX_ORIGIN`].
    #[error("the origin is too long")]
    Origin,
    /// The size is no decimal in its shortest form, or above [`MAX_SIZE`].
    #[error("the size is not valid")]
    Size,
    /// The root isn't the base64 of a hash.
    #[error("the root is not valid")]
    Root,
    /// A tree without leaves has one root only.
    #[error("the root of an empty tree is another")]
    EmptyRoot,
}

/// Why a checkpoint can't be trusted.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenCheckpointError {
    /// The bytes are no note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint of another log.
    #[error("the checkpoint is of the log {0}")]
    WrongOrigin(String),
    /// The log didn't sign it.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// What a log says about its tree: an origin, a size, a root, and lines that nobody audits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        Self::with_extensions(origin, size, root, Vec::new())
    }

    /// A checkpoint with extension lines, which are not recommended.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn with_extensions(
        origin: &str,
        size: u64,
        root: Hash,
        extensions: Vec<String>,
    ) -> Result<Self, CheckpointError> {
        if origin.len() > MAX_ORIGIN {
            return Err(CheckpointError::Origin);
        }
        if size > MAX_SIZE {
            return Err(CheckpointError::Size);
        }
        if extensions.iter().map(String::as_str).chain([origin]).any(|l| l.is_empty() || l.contains(|c| c < ' ')) {
            return Err(CheckpointError::Line);
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// The log's unique name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree of that many leaves.
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// Lines after the root.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Whether a checkpoint without leaves has the root of nothing.
    ///
    /// # Errors
    /// [`CheckpointError::EmptyRoot`].
    pub fn check_empty(&self) -> Result<(), CheckpointError> {
        if self.size == 0 && self.root != EMPTY_ROOT { Err(CheckpointError::EmptyRoot) } else { Ok(()) }
    }

    /// Signs it as a note. The caller never signs two that are inconsistent.
    ///
    /// # Errors
    /// [`NoteError::TooLong`], for very long extension lines.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, NoteError> {
        let mut note = Note::unsigned(self.to_string())?;
        key.sign(&mut note)?;
        Ok(note)
    }
}

impl fmt::Display for Checkpoint {
    /// The note's text, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads a note's text.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Lines);
        };
        let size = decimal(size).ok_or(CheckpointError::Size)?;
        let root = Hash::from_base64(root).map_err(|_| CheckpointError::Root)?;
        Self::with_extensions(origin, size, root, lines.map(str::to_owned).collect())
    }
}

/// A log as a client knows it: its origin and its keys.
#[derive(Debug, Clone)]
pub struct Log {
    origin: String,
    keys: Vec<VerifierKey>,
}

/// A checkpoint that its log signed, and the note it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What the log says.
    pub checkpoint: Checkpoint,
    /// The note, with cosignatures that nothing has verified yet.
    pub note: Note,
}

impl Log {
    /// A log that signs with any of these keys.
    pub fn new(origin: &str, keys: Vec<VerifierKey>) -> Self {
        Self { origin: origin.to_owned(), keys }
    }

    /// The log's unique name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The log's keys.
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// Opens a checkpoint of this log. Lines of unknown keys are ignored.
    ///
    /// # Errors
    /// [`OpenCheckpointError`].
    pub fn open(&self, bytes: &[u8]) -> Result<SignedCheckpoint, OpenCheckpointError> {
        self.open_note(Note::parse(bytes)?)
    }

    /// As [`Log::open`], of a note that is parsed already.
    ///
    /// # Errors
    /// [`OpenCheckpointError`], never its note.
    pub fn open_note(&self, note: Note) -> Result<SignedCheckpoint, OpenCheckpointError> {
        let checkpoint: Checkpoint = note.text().parse()?;
        if checkpoint.origin != self.origin {
            return Err(OpenCheckpointError::WrongOrigin(checkpoint.origin));
        }
        note.open(&self.keys)?;
        checkpoint.check_empty()?;
        Ok(SignedCheckpoint { checkpoint, note })
    }
}
