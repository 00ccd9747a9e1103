//! Ed25519 (RFC 8032) with strict verification: what note and cosigner keys share.

use ed25519_dalek::Signer;
use zeroize::Zeroizing;

use crate::{
    note::{KeyError, KeyId, KeyName, SignatureError, key_id},
    skey::Skey,
};

/// Length of a signature, bytes.
pub const SIGNATURE_LEN: usize = 64;

/// A public key that is a point on the curve and not of small order.
pub fn public(bytes: &[u8; 32]) -> Result<ed25519_dalek::VerifyingKey, KeyError> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::PublicKey)?;
    if key.is_weak() { Err(KeyError::PublicKey) } else { Ok(key) }
}

/// Verifies; small-order keys and non-canonical encodings are refused.
pub fn verify(key: &ed25519_dalek::VerifyingKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let signature: &[u8; SIGNATURE_LEN] = signature.try_into().map_err(|_| SignatureError::WrongLength)?;
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    key.verify_strict(message, &signature).map_err(|_| SignatureError::BadSignature)
}

/// A private key with its name and type. Zeroised when dropped, never printed.
#[derive(Clone)]
pub struct NamedKey {
    pub name: KeyName,
    pub id: KeyId,
    kind: u8,
    key: ed25519_dalek::SigningKey,
}

impl NamedKey {
    pub fn from_seed(name: KeyName, kind: u8, seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let id = key_id(&name, kind, key.verifying_key().as_bytes());
        Self { name, id, kind, key }
    }

    pub fn public(&self) -> ed25519_dalek::VerifyingKey {
        self.key.verifying_key()
    }

    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.key.sign(message).to_bytes()
    }

    pub fn to_skey(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(self.key.to_bytes());
        Skey { name: self.name.clone(), id: self.id, kind: self.kind, seed }.write()
    }

    pub fn from_skey(text: &str, kind: u8) -> Result<Self, KeyError> {
        let skey = Skey::read(text)?;
        if skey.kind != kind {
            return Err(KeyError::Type(skey.kind));
        }
        let key = Self::from_seed(skey.name, kind, &skey.seed);
        if key.id == skey.id { Ok(key) } else { Err(KeyError::WrongId) }
    }
}
