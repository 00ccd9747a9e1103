//! Names, ids and texts of keys (signed-note, “Signatures” and “Verifier keys”).

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::text::{from_base64, to_base64};

/// Signature type of Ed25519 over the note's text.
pub const ED25519: u8 = 0x01;
/// Longest key name, bytes: what an ML-DSA-44 cosignature can hold.
pub const MAX_NAME: usize = 255;

/// Why a text is no key, or not one that can be used here.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The name is empty, longer than 255 bytes, or has a space, a control character or a plus.
    #[error("the key's name is not valid")]
    Name,
    /// Not `name+id+base64`.
    #[error("the key has a wrong form")]
    Form,
    /// The id isn't eight lower-case hex digits.
    #[error("the key's id is not eight hex digits")]
    Id,
    /// The id isn't that of this name and key.
    #[error("the key's id is another key's")]
    WrongId,
    /// The base64 isn't canonical, or holds nothing.
    #[error("the key's base64 is not valid")]
    Base64,
    /// A key of a type that doesn't belong here.
    #[error("a key of type {0:#04x} can't be used here")]
    Type(u8),
    /// The public key has another length than its type, isn't on the curve, or is of small order.
    #[error("the public key is not valid")]
    PublicKey,
}

/// Name of a key: 1 to 255 bytes without spaces, control characters and plus. By custom a URL without its scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn new(name: &str) -> Result<Self, KeyError> {
        let wrong = |c: char| c.is_whitespace() || c < ' ' || c == '+';
        if name.is_empty() || name.len() > MAX_NAME || name.contains(wrong) {
            return Err(KeyError::Name);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The four bytes that, with the name, say which key made a signature. Not a strong hash: only a key that is known in full
/// verifies anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let id = u32::from_str_radix(text, 16).map(|n| Self(n.to_be_bytes())).map_err(|_| KeyError::Id)?;
        if id.to_string() == text { Ok(id) } else { Err(KeyError::Id) }
    }
}

/// `SHA-256(name ‖ 0x0A ‖ type ‖ public key)[..4]`.
pub fn key_id(name: &KeyName, kind: u8, public: &[u8]) -> KeyId {
    let hash = Sha256::new().chain_update(name.as_str()).chain_update([b'\n', kind]).chain_update(public).finalize();
    KeyId([hash[0], hash[1], hash[2], hash[3]])
}

/// A verifier key of any type, as text: `name+id+base64(type ‖ public key)`. Its id is right; its public key isn't looked
/// at until it becomes a key of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vkey {
    /// The key's name.
    pub name: KeyName,
    /// The signature type.
    pub kind: u8,
    /// The public key, encoded as its type says.
    pub public: Vec<u8>,
}

impl Vkey {
    /// The public key, if it is of this type and length.
    pub(crate) fn expect<const N: usize>(&self, kind: u8) -> Result<[u8; N], KeyError> {
        if self.kind != kind {
            return Err(KeyError::Type(self.kind));
        }
        self.public[..].try_into().map_err(|_| KeyError::PublicKey)
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.kind], &self.public[..]].concat();
        write!(f, "{}+{}+{}", self.name, key_id(&self.name, self.kind, &self.public), to_base64(&material))
    }
}

impl FromStr for Vkey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
        let (id, material) = rest.split_once('+').ok_or(KeyError::Form)?;
        let (name, id) = (KeyName::new(name)?, id.parse::<KeyId>()?);
        let material = from_base64(material).ok_or(KeyError::Base64)?;
        let (&kind, public) = material.split_first().ok_or(KeyError::Base64)?;
        if key_id(&name, kind, public) != id {
            return Err(KeyError::WrongId);
        }
        Ok(Self { name, kind, public: public.to_vec() })
    }
}
