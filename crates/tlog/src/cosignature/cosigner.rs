//! A witness's private key.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use super::{COSIGNATURE_ED25519, CosignerKey, Key, MAX_TIME, Statement, ed25519};
#[cfg(feature = "ml-dsa")]
use super::{COSIGNATURE_ML_DSA_44, ml_dsa};
use crate::{
    checkpoint::Checkpoint,
    ed25519::NamedKey,
    note::{KeyError, KeyName, Signature, Verifier},
    skey::Skey,
};

/// Why a checkpoint can't be cosigned.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CosignError {
    /// The time is 0, which would say nothing, or above [`MAX_TIME`].
    #[error("{0} is no time of a cosignature")]
    Time(u64),
    /// The signature scheme failed.
    #[error("the cosignature can't be made")]
    Scheme,
}

/// A witness's private key. Zeroised when dropped. It signs whatever it is given: [`crate::witness`] decides what.
#[derive(Clone)]
pub struct Cosigner(Private);

#[derive(Clone)]
enum Private {
    Ed25519(Box<NamedKey>),
    #[cfg(feature = "ml-dsa")]
    MlDsa44(ml_dsa::PrivateKey),
}

impl Cosigner {
    /// An Ed25519 key from a seed of 32 random bytes. A key is used under one name only.
    pub fn ed25519(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(Private::Ed25519(Box::new(NamedKey::from_seed(name, COSIGNATURE_ED25519, seed))))
    }

    /// An ML-DSA-44 key from a seed of 32 random bytes.
    #[cfg(feature = "ml-dsa")]
    pub fn ml_dsa_44(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(Private::MlDsa44(ml_dsa::PrivateKey::from_seed(name, seed)))
    }

    /// Reads an skey, `PRIVATE+KEY+name+id+base64(type ‖ seed)`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_skey(text: &str) -> Result<Self, KeyError> {
        match Skey::read(text)? {
            #[cfg(feature = "ml-dsa")]
            skey if skey.kind == COSIGNATURE_ML_DSA_44 => {
                ml_dsa::PrivateKey::from_skey(skey).map(|k| Self(Private::MlDsa44(k)))
            }
            _ => NamedKey::from_skey(text, COSIGNATURE_ED25519).map(|k| Self(Private::Ed25519(Box::new(k)))),
        }
    }

    /// The text to keep secret.
    pub fn to_skey(&self) -> Zeroizing<String> {
        match &self.0 {
            Private::Ed25519(key) => key.to_skey(),
            #[cfg(feature = "ml-dsa")]
            Private::MlDsa44(key) => key.to_skey(),
        }
    }

    /// The public half.
    pub fn key(&self) -> CosignerKey {
        CosignerKey(match &self.0 {
            Private::Ed25519(key) => Key::Ed25519(Box::new(ed25519::PublicKey::of(key))),
            #[cfg(feature = "ml-dsa")]
            Private::MlDsa44(key) => Key::MlDsa44(Box::new(key.public())),
        })
    }

    /// States, as of `time` (Unix seconds), that this is the largest tree seen of its log and consistent with all before.
    ///
    /// # Errors
    /// [`CosignError`].
    pub fn cosign(&self, checkpoint: &Checkpoint, time: u64) -> Result<Signature, CosignError> {
        if !(1..=MAX_TIME).contains(&time) {
            return Err(CosignError::Time(time));
        }
        let statement = Statement { text: &checkpoint.to_string(), checkpoint, time };
        let (name, id, signature) = match &self.0 {
            Private::Ed25519(key) => (&key.name, key.id, key.sign(ed25519::message(&statement).as_bytes()).to_vec()),
            #[cfg(feature = "ml-dsa")]
            Private::MlDsa44(key) => (&key.name, key.id, key.sign(&statement).ok_or(CosignError::Scheme)?),
        };
        Ok(Signature { name: name.clone(), id, bytes: [&time.to_be_bytes()[..], &signature].concat() })
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosigner({} {})", self.key().name(), self.key().id())
    }
}
