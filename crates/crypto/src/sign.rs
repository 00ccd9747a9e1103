//! Ed25519 (RFC 8032, strict verification) and the signed envelope.
//!
//! Stored form: `version ‖ u32 BE length of body ‖ body ‖ signature(64)…`; what is signed is
//! `"healthsecure/v1/<object>" ‖ 0x00 ‖ body`. A received envelope keeps its bytes and is verified over them.

#[cfg(feature = "batch")]
mod batch;

#[cfg(feature = "batch")]
pub(crate) use batch::Batch;

use std::{fmt, ops::Range};

use ed25519_dalek::Signature as DalekSignature;
use thiserror::Error;

use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, Writer, context, sha256, split_version},
    ids::Hash32,
};

/// Length of an Ed25519 signature, bytes.
pub const SIGNATURE_LEN: usize = 64;

/// Why a signature doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// Made by another key, or over other bytes.
    #[error("the signature does not match")]
    BadSignature,
    /// The public key is not a point on the curve, or of small order.
    #[error("the public key is not valid")]
    BadKey,
}

/// An Ed25519 public key, as encoded. Validity shows when it verifies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicSigningKey(pub [u8; 32]);

impl fmt::Debug for PublicSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicSigningKey({})", Hash32(self.0))
    }
}

impl PublicSigningKey {
    /// Verifies with `verify_strict`: refuses small-order keys and non-canonical encodings.
    ///
    /// # Errors
    /// [`VerifyError::BadKey`] or [`VerifyError::BadSignature`].
    pub fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<(), VerifyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).map_err(|_| VerifyError::BadKey)?;
        if key.is_weak() {
            return Err(VerifyError::BadKey);
        }
        key.verify_strict(message, &DalekSignature::from_bytes(signature)).map_err(|_| VerifyError::BadSignature)
    }
}

/// An object that goes into a [`Signed`] envelope.
pub trait SignedObject: Sized {
    /// The `<object>` of its context.
    const NAME: &'static str;
    /// Longest body accepted, bytes.
    const LIMIT: usize;

    /// Writes the fields.
    fn encode(&self, w: &mut Writer);

    /// Reads the fields.
    ///
    /// # Errors
    /// Whatever the bytes do wrong.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// How many signatures its envelope carries.
    fn signatures(&self) -> usize {
        1
    }
}

/// A received or made envelope: the exact bytes and what they claim.
///
/// Parsing verifies nothing. [`Signed::verify`] gives the object out; [`Signed::claimed`] is for finding the signer.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed<T> {
    blob: Vec<u8>,
    body: Range<usize>,
    object: T,
}

impl<T: SignedObject> Signed<T> {
    /// Parses an envelope. Nothing is verified yet.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn parse(blob: &[u8]) -> Result<Self, DecodeError> {
        let rest = split_version(blob)?;
        let (len, rest) = rest.split_first_chunk::<4>().ok_or(DecodeError::Truncated)?;
        let len = u32::from_be_bytes(*len) as usize;
        if len > T::LIMIT {
            return Err(DecodeError::TooLong { field: T::NAME, limit: T::LIMIT });
        }
        let body = rest.get(..len).ok_or(DecodeError::Truncated)?;
        let mut reader = Reader::new(body);
        let object = T::decode(&mut reader)?;
        reader.finish()?;
        let signatures = rest.len() - len;
        let expected = object.signatures() * SIGNATURE_LEN;
        if signatures < expected {
            return Err(DecodeError::Truncated);
        }
        if signatures > expected {
            return Err(DecodeError::Trailing);
        }
        Ok(Self { blob: blob.to_vec(), body: 5..5 + len, object })
    }

    /// The bytes to store and send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.blob
    }

    /// SHA-256 of the stored bytes, signatures included.
    pub fn hash(&self) -> Hash32 {
        sha256(&self.blob)
    }

    /// What the envelope says, unverified: enough to find out whose key to ask.
    pub fn claimed(&self) -> &T {
        &self.object
    }

    /// Verifies the only (or first) signature and gives the object out.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub fn verify(&self, key: &PublicSigningKey) -> Result<&T, VerifyError> {
        self.verify_nth(0, key)
    }

    /// As [`Signed::verify`], while this defence is on.
    pub(crate) fn verify_under(&self, defence: Defence, key: &PublicSigningKey) -> Result<&T, VerifyError> {
        if defence.holds() { self.verify(key) } else { Ok(&self.object) }
    }

    pub(crate) fn verify_nth(&self, n: usize, key: &PublicSigningKey) -> Result<&T, VerifyError> {
        let signature = self.signature(n).ok_or(VerifyError::BadSignature)?;
        key.verify(&self.input(), signature)?;
        Ok(&self.object)
    }

    fn signature(&self, n: usize) -> Option<&[u8; SIGNATURE_LEN]> {
        let start = self.body.end + n * SIGNATURE_LEN;
        self.blob.get(start..start + SIGNATURE_LEN)?.try_into().ok()
    }

    /// What is signed.
    fn input(&self) -> Vec<u8> {
        signature_input::<T>(&self.blob[self.body.clone()])
    }
}

impl<T: fmt::Debug> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signed").field(&self.object).finish()
    }
}

fn signature_input<T: SignedObject>(body: &[u8]) -> Vec<u8> {
    let mut input = context(T::NAME);
    input.extend_from_slice(body);
    input
}

#[cfg(feature = "open")]
fn envelope(body: &[u8], signatures: &[[u8; SIGNATURE_LEN]]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(5 + body.len() + signatures.len() * SIGNATURE_LEN);
    blob.push(crate::encoding::VERSION);
    blob.extend_from_slice(&(body.len() as u32).to_be_bytes());
    blob.extend_from_slice(body);
    signatures.iter().for_each(|s| blob.extend_from_slice(s));
    blob
}

#[cfg(feature = "open")]
mod private {
    use rand_core::CryptoRng;

    use super::*;
    use crate::secret::Secret;

    /// An Ed25519 private key, kept as its 32-byte seed.
    #[derive(Clone, PartialEq, Eq)]
    pub struct SigningKey {
        seed: Secret<32>,
        public: PublicSigningKey,
    }

    impl SigningKey {
        /// The key of a seed.
        pub fn from_seed(seed: Secret<32>) -> Self {
            let public = ed25519_dalek::SigningKey::from_bytes(seed.expose()).verifying_key().to_bytes();
            Self { seed, public: PublicSigningKey(public) }
        }

        /// A fresh key.
        pub fn generate(rng: &mut impl CryptoRng) -> Self {
            Self::from_seed(Secret::random(rng))
        }

        /// The public half.
        pub fn public(&self) -> PublicSigningKey {
            self.public
        }

        /// The seed, to be sealed.
        pub fn seed(&self) -> &Secret<32> {
            &self.seed
        }

        /// Signs bytes. Callers sign canonical encodings with a context, nothing else.
        pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
            use ed25519_dalek::Signer;
            ed25519_dalek::SigningKey::from_bytes(self.seed.expose()).sign(message).to_bytes()
        }
    }

    impl fmt::Debug for SigningKey {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "SigningKey({:?})", self.public)
        }
    }

    impl<T: SignedObject> Signed<T> {
        /// Encodes and signs.
        pub fn sign(object: T, key: &SigningKey) -> Self {
            Self::sign_with(object, &[key])
        }

        pub(crate) fn sign_with(object: T, keys: &[&SigningKey]) -> Self {
            let mut w = Writer::body();
            object.encode(&mut w);
            let body = w.finish();
            let input = signature_input::<T>(&body);
            let signatures: Vec<_> = keys.iter().map(|k| k.sign(&input)).collect();
            let blob = envelope(&body, &signatures);
            Self { blob, body: 5..5 + body.len(), object }
        }
    }
}
#[cfg(feature = "open")]
pub use private::SigningKey;
