//! subtree/v1: ML-DSA-44 (FIPS 204) over names, range and root (tlog-cosignature, “ML-DSA-44 signed message”), here always of
//! a whole tree.

use ml_dsa::{MlDsa44, Signature, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::{COSIGNATURE_ML_DSA_44, Statement};
use crate::{
    note::{KeyError, KeyId, KeyName, SignatureError, Vkey, key_id},
    skey::Skey,
};

/// Length of a signature, bytes.
const SIGNATURE_LEN: usize = 2420;
/// Length of a public key, bytes.
const PUBLIC_LEN: usize = 1312;

#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub name: KeyName,
    pub id: KeyId,
    public: [u8; PUBLIC_LEN],
}

impl PublicKey {
    pub fn new(vkey: &Vkey) -> Result<Self, KeyError> {
        let public = vkey.expect(COSIGNATURE_ML_DSA_44)?;
        Ok(Self { name: vkey.name.clone(), id: key_id(&vkey.name, COSIGNATURE_ML_DSA_44, &public), public })
    }

    pub fn vkey(&self) -> Vkey {
        Vkey { name: self.name.clone(), kind: COSIGNATURE_ML_DSA_44, public: self.public.to_vec() }
    }

    pub fn verify(&self, statement: &Statement<'_>, signature: &[u8]) -> Result<(), SignatureError> {
        if signature.len() != SIGNATURE_LEN {
            return Err(SignatureError::WrongLength);
        }
        let signature = Signature::<MlDsa44>::try_from(signature).map_err(|_| SignatureError::BadSignature)?;
        let key = VerifyingKey::<MlDsa44>::decode(&self.public.into());
        let valid = key.verify_with_context(&message(&self.name, statement), &[], &signature);
        if valid { Ok(()) } else { Err(SignatureError::BadSignature) }
    }
}

/// A private key, kept as its seed, which is zeroised when dropped.
#[derive(Clone)]
pub struct PrivateKey {
    pub name: KeyName,
    pub id: KeyId,
    seed: Zeroizing<[u8; 32]>,
}

impl PrivateKey {
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let seed = Zeroizing::new(*seed);
        let id = key_id(&name, COSIGNATURE_ML_DSA_44, &public(&seed));
        Self { name, id, seed }
    }

    pub fn from_skey(skey: Skey) -> Result<Self, KeyError> {
        let key = Self::from_seed(skey.name, &skey.seed);
        if key.id == skey.id { Ok(key) } else { Err(KeyError::WrongId) }
    }

    pub fn to_skey(&self) -> Zeroizing<String> {
        let (name, seed) = (self.name.clone(), self.seed.clone());
        Skey { name, id: self.id, kind: COSIGNATURE_ML_DSA_44, seed }.write()
    }

    pub fn public(&self) -> PublicKey {
        PublicKey { name: self.name.clone(), id: self.id, public: public(&self.seed) }
    }

    /// Deterministic, so that no generator can fail it.
    pub fn sign(&self, statement: &Statement<'_>) -> Option<Vec<u8>> {
        let key = SigningKey::<MlDsa44>::from_seed(&(*self.seed).into());
        let signature = key.expanded_key().sign_deterministic(&message(&self.name, statement), &[]).ok()?;
        Some(signature.encode().to_vec())
    }
}

fn public(seed: &[u8; 32]) -> [u8; PUBLIC_LEN] {
    let key = SigningKey::<MlDsa44>::from_seed(&(*seed).into());
    key.expanded_key().verifying_key().encode().into()
}

/// `cosigned_message`. Names and origins are checked to be at most 255 bytes long where they are read.
fn message(name: &KeyName, statement: &Statement<'_>) -> Vec<u8> {
    let checkpoint = statement.checkpoint;
    let mut out = b"subtree/v1\n\0".to_vec();
    write_text(&mut out, name.as_str());
    out.extend(statement.time.to_be_bytes());
    write_text(&mut out, checkpoint.origin());
    out.extend(0_u64.to_be_bytes());
    out.extend(checkpoint.size().to_be_bytes());
    out.extend(checkpoint.root().0);
    out
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(text.len() as u8);
    out.extend(text.as_bytes());
}
