//! The form of a note (signed-note, “Format”).

use std::fmt;

use thiserror::Error;

use super::{KeyId, KeyName, Note, Signature};
use crate::text::{from_base64, to_base64};

/// Longest note, bytes: room for as many signatures as are read, each as long as post-quantum ones are.
pub const MAX_NOTE: usize = 512 * 1024;
/// Most signatures read. The specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 64;

/// Why bytes are no note.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than [`MAX_NOTE`].
    #[error("the note is too long")]
    TooLong,
    /// Not UTF-8.
    #[error("the note is not UTF-8")]
    NotUtf8,
    /// It has an ASCII control character that isn't a newline.
    #[error("the note has a control character")]
    Control,
    /// Text or signatures don't end in a newline.
    #[error("the note does not end in a newline")]
    NoFinalNewline,
    /// No empty line between text and signatures.
    #[error("no empty line ends the text")]
    NoSeparator,
    /// No line after the empty line.
    #[error("the note has no signature")]
    NoSignature,
    /// More lines than [`MAX_SIGNATURES`].
    #[error("the note has too many signatures")]
    TooManySignatures,
    /// A line isn't `— name base64`.
    #[error("a signature line has a wrong form")]
    Line,
    /// A line's base64 isn't canonical, or shorter than an id and one byte.
    #[error("the base64 of a signature line is not valid")]
    Base64,
    /// A line's name is empty, too long, or has a space or a plus.
    #[error("the name in a signature line is not valid")]
    Name,
}

impl Note {
    /// Parses a note: text, an empty line, signature lines. Verifies nothing.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = text(bytes)?;
        let (before, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NoSeparator)?;
        let signatures = read_lines(lines)?;
        Ok(Self { text: format!("{before}\n"), signatures })
    }
}

/// Parses signature lines alone, one or more: what a witness answers.
///
/// # Errors
/// [`NoteError`].
pub fn signature_lines(bytes: &[u8]) -> Result<Vec<Signature>, NoteError> {
    read_lines(text(bytes)?)
}

pub(super) fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > MAX_NOTE {
        return Err(NoteError::TooLong);
    }
    if text.bytes().any(|b| b < 0x20 && b != b'\n') {
        return Err(NoteError::Control);
    }
    if text.ends_with('\n') { Ok(()) } else { Err(NoteError::NoFinalNewline) }
}

fn text(bytes: &[u8]) -> Result<&str, NoteError> {
    if bytes.len() > MAX_NOTE {
        return Err(NoteError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
    check_text(text)?;
    Ok(text)
}

fn read_lines(text: &str) -> Result<Vec<Signature>, NoteError> {
    if text.is_empty() {
        return Err(NoteError::NoSignature);
    }
    let lines = text.strip_suffix('\n').ok_or(NoteError::NoFinalNewline)?;
    if lines.split('\n').count() > MAX_SIGNATURES {
        return Err(NoteError::TooManySignatures);
    }
    lines.split('\n').map(read_line).collect()
}

fn read_line(line: &str) -> Result<Signature, NoteError> {
    let (name, signature) = line.strip_prefix("— ").and_then(|l| l.split_once(' ')).ok_or(NoteError::Line)?;
    let name = KeyName::new(name).map_err(|_| NoteError::Name)?;
    let signature = from_base64(signature).ok_or(NoteError::Base64)?;
    let (id, bytes) = signature.split_first_chunk::<4>().ok_or(NoteError::Base64)?;
    if bytes.is_empty() {
        return Err(NoteError::Base64);
    }
    Ok(Signature { name, id: KeyId(*id), bytes: bytes.to_vec() })
}

impl fmt::Display for Note {
    /// The form to store and send.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|s| s.fmt(f))
    }
}

impl fmt::Display for Signature {
    /// One line, with its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.0[..], &self.bytes].concat();
        writeln!(f, "— {} {}", self.name, to_base64(&bytes))
    }
}
