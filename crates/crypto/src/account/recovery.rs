//! The recovery kit: 24 BIP39 words, 256 bits.

use std::fmt;

use bip39::{Language, Mnemonic};
use rand_core::CryptoRng;
use thiserror::Error;

use super::way_in::RecoveryProof;
use crate::{
    ids::{AccountId, Hash32, InstanceId},
    kdf::subkey,
    secret::{Secret, SecretBytes},
    sign::{PublicSigningKey, Signed, SigningKey},
};

/// Why words are not a recovery kit.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryError {
    /// Not 24 words.
    #[error("a recovery kit has 24 words, not {0}")]
    WrongCount(usize),
    /// A word isn't in the list.
    #[error("word {0} is not in the list")]
    UnknownWord(usize),
    /// All words exist, but not together: one is wrong or two are swapped.
    #[error("the words do not belong together")]
    Checksum,
}

/// 256 random bits that a person keeps as 24 words.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryKit(Secret<32>);

impl fmt::Debug for RecoveryKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKit(..)")
    }
}

impl RecoveryKit {
    /// A fresh kit.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// The 24 words (BIP39, English).
    pub fn words(&self) -> Vec<&'static str> {
        let mnemonic = Mnemonic::from_entropy_in(Language::English, self.0.expose()).expect("256 bits are 24 words");
        mnemonic.words().collect()
    }

    /// Reads the words, in any case, with any white space between.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub fn parse(words: &str) -> Result<Self, RecoveryError> {
        let lower = SecretBytes::new(words.to_lowercase().into_bytes());
        let text = std::str::from_utf8(lower.expose()).map_err(|_| RecoveryError::Checksum)?;
        let count = text.split_whitespace().count();
        if count != 24 {
            return Err(RecoveryError::WrongCount(count));
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, text).map_err(|e| match e {
            bip39::Error::UnknownWord(index) => RecoveryError::UnknownWord(index + 1),
            _ => RecoveryError::Checksum,
        })?;
        let entropy = SecretBytes::new(mnemonic.to_entropy());
        Secret::from_slice(entropy.expose()).map(Self).ok_or(RecoveryError::Checksum)
    }

    /// Whether `answer` is word number `n` (1 to 24): asked back when the kit is shown.
    pub fn check_word(&self, n: usize, answer: &str) -> bool {
        let expected = n.checked_sub(1).and_then(|i| self.words().get(i).copied());
        expected.is_some_and(|word| word == answer.trim().to_lowercase())
    }

    /// Takes over 256 bits; `None` for another length.
    pub fn from_entropy(entropy: &[u8]) -> Option<Self> {
        Secret::from_slice(entropy).map(Self)
    }

    /// The bytes that [`super::WayInSecret`] takes.
    pub fn entropy(&self) -> &Secret<32> {
        &self.0
    }

    /// The public half of the key that authenticates a reset; the server keeps it.
    pub fn proof_key(&self) -> PublicSigningKey {
        self.signing_key().public()
    }

    /// Proves to a server that one holds the kit.
    pub fn prove(&self, instance: InstanceId, account: AccountId, challenge: Hash32) -> Signed<RecoveryProof> {
        Signed::sign(RecoveryProof { instance, account, challenge }, &self.signing_key())
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(subkey(self.0.expose(), "recovery-proof", &[]))
    }
}
