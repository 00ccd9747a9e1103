//! The account key (AK): 256 random bits that seal the keyring, the state, drafts and redeemed seeds.

use rand_core::CryptoRng;

use crate::{
    format::{Label, SmallError, open_small, seal_small},
    secret::{Secret, SecretBytes},
};

/// The account key. Made at sign-up, renewed when a way in is removed; only ever sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountKey(Secret<32>);

impl AccountKey {
    /// A fresh account key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// The key of given bytes, as an OS keyring or a wrap gives them back.
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The bytes, to be wrapped or kept in an OS keyring.
    pub fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// Seals a payload under this key's subkey for `label`.
    pub fn seal(&self, label: Label, bindings: &[&[u8]], plaintext: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        seal_small(self.0.expose(), label, bindings, plaintext, rng)
    }

    /// Opens what [`AccountKey::seal`] sealed for the same label and bindings.
    ///
    /// # Errors
    /// [`SmallError`].
    pub fn open(&self, label: Label, bindings: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, SmallError> {
        open_small(self.0.expose(), label, bindings, sealed)
    }
}
