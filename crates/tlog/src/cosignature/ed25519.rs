//! cosignature/v1: Ed25519 over two lines and the checkpoint's text (tlog-cosignature, “Ed25519 signed message”).

use super::{COSIGNATURE_ED25519, Statement};
use crate::{
    ed25519::{self, NamedKey},
    note::{KeyError, KeyId, KeyName, SignatureError, Vkey, key_id},
};

#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub name: KeyName,
    pub id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

impl PublicKey {
    pub fn new(vkey: &Vkey) -> Result<Self, KeyError> {
        let public = vkey.expect(COSIGNATURE_ED25519)?;
        let id = key_id(&vkey.name, COSIGNATURE_ED25519, &public);
        Ok(Self { name: vkey.name.clone(), id, key: ed25519::public(&public)? })
    }

    pub fn of(key: &NamedKey) -> Self {
        Self { name: key.name.clone(), id: key.id, key: key.public() }
    }

    pub fn vkey(&self) -> Vkey {
        Vkey { name: self.name.clone(), kind: COSIGNATURE_ED25519, public: self.key.as_bytes().to_vec() }
    }

    pub fn verify(&self, statement: &Statement<'_>, signature: &[u8]) -> Result<(), SignatureError> {
        ed25519::verify(&self.key, message(statement).as_bytes(), signature)
    }
}

/// It names no cosigner: a key must not be used under two names.
pub fn message(statement: &Statement<'_>) -> String {
    format!("cosignature/v1\ntime {}\n{}", statement.time, statement.text)
}
