//! Ed25519 over a note's text (signed-note, “Ed25519 signatures”).

use std::{fmt, str::FromStr};

use zeroize::Zeroizing;

use super::{ED25519, KeyError, KeyId, KeyName, Note, NoteError, Signature, SignatureError, Verifier, Vkey, key_id};
use crate::ed25519::{self, NamedKey};

/// A public key of type `0x01`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifierKey {
    /// A key from its name and its 32 bytes (RFC 8032).
    ///
    /// # Errors
    /// [`KeyError::PublicKey`].
    pub fn new(name: KeyName, public: &[u8; 32]) -> Result<Self, KeyError> {
        Ok(Self { id: key_id(&name, ED25519, public), key: ed25519::public(public)?, name })
    }
}

impl Verifier for VerifierKey {
    fn name(&self) -> &KeyName {
        &self.name
    }

    fn id(&self) -> KeyId {
        self.id
    }

    fn verify(&self, text: &str, signature: &[u8]) -> Result<(), SignatureError> {
        ed25519::verify(&self.key, text.as_bytes(), signature)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    /// Reads a vkey.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let vkey: Vkey = text.parse()?;
        let public = vkey.expect(ED25519)?;
        Self::new(vkey.name, &public)
    }
}

impl fmt::Display for VerifierKey {
    /// Writes a vkey.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Vkey { name: self.name.clone(), kind: ED25519, public: self.key.as_bytes().to_vec() }.fmt(f)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

/// A private key of type `0x01`: a log's. Zeroised when dropped.
#[derive(Clone)]
pub struct SigningKey(NamedKey);

impl SigningKey {
    /// The key of a seed of 32 random bytes.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(NamedKey::from_seed(name, ED25519, seed))
    }

    /// Reads an skey, `PRIVATE+KEY+name+id+base64`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_skey(text: &str) -> Result<Self, KeyError> {
        NamedKey::from_skey(text, ED25519).map(Self)
    }

    /// The text to keep secret.
    pub fn to_skey(&self) -> Zeroizing<String> {
        self.0.to_skey()
    }

    /// The public half.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.0.name.clone(), id: self.0.id, key: self.0.public() }
    }

    /// Signs a note's text and adds the line.
    ///
    /// # Errors
    /// [`NoteError::TooManySignatures`].
    pub fn sign(&self, note: &mut Note) -> Result<(), NoteError> {
        let bytes = self.0.sign(note.text().as_bytes()).to_vec();
        note.add(Signature { name: self.0.name.clone(), id: self.0.id, bytes })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifier())
    }
}
