//! Cosignatures (c2sp.org/tlog-cosignature): a witness states that a checkpoint is consistent with all that it saw of the
//! log. Ed25519 always; ML-DSA-44, which also withstands quantum computers, with the feature `ml-dsa`.

mod cosigner;
mod ed25519;
#[cfg(feature = "ml-dsa")]
mod ml_dsa;
mod quorum;

use std::{fmt, str::FromStr};

pub use cosigner::{CosignError, Cosigner};
pub use quorum::{Cosigned, Quorum, QuorumError, QuorumKeysError};

use crate::{
    checkpoint::Checkpoint,
    note::{KeyError, KeyId, KeyName, SignatureError, Verifier, Vkey},
};

/// Signature type of timestamped Ed25519 cosignatures.
pub const COSIGNATURE_ED25519: u8 = 0x04;
/// Signature type of timestamped ML-DSA-44 cosignatures.
pub const COSIGNATURE_ML_DSA_44: u8 = 0x06;
/// Latest time that a cosignature can state: 2^63 − 1 seconds.
pub const MAX_TIME: u64 = i64::MAX as u64;

/// What a cosignature is made over.
struct Statement<'a> {
    /// The checkpoint as written.
    text: &'a str,
    /// The checkpoint as read. Ed25519 signs the text, and only that it is a checkpoint matters.
    #[cfg_attr(not(feature = "ml-dsa"), expect(dead_code, reason = "ML-DSA-44 signs its fields"))]
    checkpoint: &'a Checkpoint,
    /// When it was cosigned, Unix seconds.
    time: u64,
}

/// A witness's public key.
#[derive(Clone, PartialEq, Eq)]
pub struct CosignerKey(Key);

#[derive(Clone, PartialEq, Eq)]
enum Key {
    Ed25519(Box<ed25519::PublicKey>),
    #[cfg(feature = "ml-dsa")]
    MlDsa44(Box<ml_dsa::PublicKey>),
}

impl CosignerKey {
    /// A key of what a vkey says.
    ///
    /// # Errors
    /// [`KeyError::Type`] for a type that this build doesn't verify, [`KeyError::PublicKey`].
    pub fn new(vkey: &Vkey) -> Result<Self, KeyError> {
        match vkey.kind {
            COSIGNATURE_ED25519 => ed25519::PublicKey::new(vkey).map(|k| Self(Key::Ed25519(Box::new(k)))),
            #[cfg(feature = "ml-dsa")]
            COSIGNATURE_ML_DSA_44 => ml_dsa::PublicKey::new(vkey).map(|k| Self(Key::MlDsa44(Box::new(k)))),
            other => Err(KeyError::Type(other)),
        }
    }

    /// The key as a vkey.
    pub fn vkey(&self) -> Vkey {
        match &self.0 {
            Key::Ed25519(key) => key.vkey(),
            #[cfg(feature = "ml-dsa")]
            Key::MlDsa44(key) => key.vkey(),
        }
    }

    /// Verifies a cosignature over a checkpoint's text and gives its time, Unix seconds.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_time(&self, text: &str, signature: &[u8]) -> Result<u64, SignatureError> {
        let (time, rest) = signature.split_first_chunk::<8>().ok_or(SignatureError::WrongLength)?;
        let time = u64::from_be_bytes(*time);
        if time > MAX_TIME {
            return Err(SignatureError::BadTime);
        }
        let statement =
            Statement { text, checkpoint: &text.parse().map_err(|_| SignatureError::NotACheckpoint)?, time };
        match &self.0 {
            Key::Ed25519(key) => key.verify(&statement, rest)?,
            #[cfg(feature = "ml-dsa")]
            Key::MlDsa44(key) => key.verify(&statement, rest)?,
        }
        Ok(time)
    }
}

impl Verifier for CosignerKey {
    fn name(&self) -> &KeyName {
        match &self.0 {
            Key::Ed25519(key) => &key.name,
            #[cfg(feature = "ml-dsa")]
            Key::MlDsa44(key) => &key.name,
        }
    }

    fn id(&self) -> KeyId {
        match &self.0 {
            Key::Ed25519(key) => key.id,
            #[cfg(feature = "ml-dsa")]
            Key::MlDsa44(key) => key.id,
        }
    }

    fn verify(&self, text: &str, signature: &[u8]) -> Result<(), SignatureError> {
        self.verify_time(text, signature).map(drop)
    }
}

impl FromStr for CosignerKey {
    type Err = KeyError;

    /// Reads a vkey.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::new(&text.parse()?)
    }
}

impl fmt::Display for CosignerKey {
    /// Writes a vkey.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vkey().fmt(f)
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerKey({} {})", self.name(), self.id())
    }
}
