//! Signed notes (c2sp.org/signed-note): a text and the signatures over it, in a form that people can read.
//!
//! A note's text means nothing until [`Note::open`] found a known key's signature over it.

mod key;
mod parse;
mod sign;

use thiserror::Error;

pub use key::{ED25519, KeyError, KeyId, KeyName, MAX_NAME, Vkey, key_id};
pub use parse::{MAX_NOTE, MAX_SIGNATURES, NoteError, signature_lines};
pub use sign::{SigningKey, VerifierKey};

/// One signature line: whose key, and what it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The key's name.
    pub name: KeyName,
    /// The key's id.
    pub id: KeyId,
    /// What comes after the id, at least one byte; its form is its key's.
    pub bytes: Vec<u8>,
}

/// A text with signatures, of which nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// Why one signature doesn't count.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// Another length than the key's signatures have.
    #[error("the signature has a wrong length")]
    WrongLength,
    /// Made by another key, or over another text.
    #[error("the signature does not match")]
    BadSignature,
    /// A cosignature over a text that is no checkpoint.
    #[error("the text signed is no checkpoint")]
    NotACheckpoint,
    /// A cosignature's time is above 2^63 − 1.
    #[error("the time of the cosignature is not valid")]
    BadTime,
}

/// Why a note can't be trusted.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// No known key signed it.
    #[error("no known key signed the note")]
    NoKnownSignature,
    /// A line names a known key, which didn't make its signature.
    #[error("the signature of {name} ({id}) is not valid: {reason}")]
    BadSignature {
        /// The key's name.
        name: KeyName,
        /// The key's id.
        id: KeyId,
        /// What is wrong.
        reason: SignatureError,
    },
}

/// A key that verifies lines of a note.
pub trait Verifier {
    /// The name in its lines.
    fn name(&self) -> &KeyName;

    /// The id in its lines.
    fn id(&self) -> KeyId;

    /// Verifies what a line holds after the id, over the note's text.
    ///
    /// # Errors
    /// [`SignatureError`].
    fn verify(&self, text: &str, signature: &[u8]) -> Result<(), SignatureError>;
}

impl Note {
    /// A note with this text and no signature yet.
    ///
    /// # Errors
    /// [`NoteError::NoFinalNewline`], [`NoteError::Control`] or [`NoteError::TooLong`].
    pub fn unsigned(text: String) -> Result<Self, NoteError> {
        parse::check_text(&text)?;
        Ok(Self { text, signatures: Vec::new() })
    }

    /// What is signed: ends in a newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines below the text.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature line. A line that is there already is not doubled.
    ///
    /// # Errors
    /// [`NoteError::TooManySignatures`].
    pub fn add(&mut self, signature: Signature) -> Result<(), NoteError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.signatures.len() == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Verifies the lines of known keys and ignores the others. Gives the known keys that signed, as places in `known`,
    /// each once.
    ///
    /// # Errors
    /// [`OpenError`]. One false line of a known key refuses the whole note.
    pub fn open<V: Verifier>(&self, known: &[V]) -> Result<Vec<usize>, OpenError> {
        let mut signed = Vec::new();
        for line in &self.signatures {
            for (place, key) in known.iter().enumerate().filter(|(_, k)| line.is_of(*k)) {
                key.verify(&self.text, &line.bytes).map_err(|reason| line.refused(reason))?;
                if !signed.contains(&place) {
                    signed.push(place);
                }
            }
        }
        if signed.is_empty() { Err(OpenError::NoKnownSignature) } else { Ok(signed) }
    }
}

impl Signature {
    /// Whether the line names this key.
    pub fn is_of(&self, key: &impl Verifier) -> bool {
        self.id == key.id() && self.name == *key.name()
    }

    pub(crate) fn refused(&self, reason: SignatureError) -> OpenError {
        OpenError::BadSignature { name: self.name.clone(), id: self.id, reason }
    }
}
