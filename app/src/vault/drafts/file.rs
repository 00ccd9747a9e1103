//! A draft's file, as the page shows it.

use client::{DraftFile, UploadState};

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Others go first.
    Waiting,
    /// Being sealed and uploaded.
    Running,
    /// All of it is stored.
    Done,
    /// It stays as the version has it that is changed.
    Kept,
    /// Paused on request; goes on where it stopped.
    Paused,
    /// No connection; goes on by itself.
    Lost,
    /// After a reload, or where the browser can't read it any more: the same file must be chosen again.
    NeedsFile,
    /// It won't work like this.
    Failed(String),
}

impl Stage {
    /// Whether nothing has to happen to it before the draft is saved.
    pub fn is_stored(&self) -> bool {
        matches!(self, Self::Done | Self::Kept)
    }
}

/// A file as the page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct FileState {
    /// Part number.
    pub part: u32,
    /// Name.
    pub name: String,
    /// Plaintext bytes.
    pub size: u64,
    /// How far it is.
    pub stage: Stage,
    /// Bytes stored.
    pub done: u64,
    /// Bytes a second, lately; 0 where it isn't known.
    pub speed: f64,
    /// What is to be known of it besides.
    pub note: Option<&'static str>,
}

/// As it is when its draft is opened.
pub(super) fn state_of(file: &DraftFile) -> FileState {
    let done = file.state == UploadState::Done;
    let stage = match done {
        true if file.is_kept() => Stage::Kept,
        true => Stage::Done,
        false => Stage::NeedsFile,
    };
    FileState {
        part: file.part,
        name: file.name.clone(),
        size: file.size,
        stage,
        done: if done { file.size } else { 0 },
        speed: 0.0,
        note: None,
    }
}
