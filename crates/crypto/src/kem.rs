//! Recipient keys and HPKE (RFC 9180) in base and PSK mode: X-Wing or X25519, HKDF-SHA-256, AES-256-GCM.
//!
//! Bindings go into `info`; AAD stays empty; one message per encapsulation.

use std::fmt;

use thiserror::Error;

use crate::{
    encoding::{DecodeError, sha256},
    ids::Hash32,
};

/// A KEM of this protocol, by its HPKE number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Suite {
    /// DHKEM(X25519, HKDF-SHA-256): only where a key record offers nothing better.
    X25519 = 0x0020,
    /// X-Wing: ML-KEM-768 with X25519.
    XWing = 0x647a,
}

impl Suite {
    /// The HPKE KEM number.
    pub fn id(self) -> u16 {
        self as u16
    }

    /// The suite of a number.
    ///
    /// # Errors
    /// [`DecodeError::UnknownTag`].
    pub fn from_id(id: u16) -> Result<Self, DecodeError> {
        match id {
            0x0020 => Ok(Self::X25519),
            0x647a => Ok(Self::XWing),
            other => Err(DecodeError::UnknownTag { field: "suite", tag: other.into() }),
        }
    }

    /// Length of a public key, bytes.
    pub fn public_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::XWing => 1216,
        }
    }

    /// Length of an encapsulated key, bytes.
    pub fn enc_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::XWing => 1120,
        }
    }
}

/// A public key to seal to.
#[derive(Clone, PartialEq, Eq)]
pub struct RecipientKey {
    suite: Suite,
    public: Vec<u8>,
}

impl RecipientKey {
    /// A key of the suite's length. Whether X-Wing's lattice part is valid shows when something is sealed to it.
    ///
    /// # Errors
    /// [`DecodeError::WrongLength`].
    pub fn new(suite: Suite, public: &[u8]) -> Result<Self, DecodeError> {
        if public.len() != suite.public_len() {
            let (expected, found) = (suite.public_len(), public.len());
            return Err(DecodeError::WrongLength { field: "public key", expected, found });
        }
        Ok(Self { suite, public: public.to_vec() })
    }

    /// Its suite.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Its encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.public
    }

    /// SHA-256 of its encoding: how grants and wraps name it.
    pub fn hash(&self) -> Hash32 {
        sha256(&self.public)
    }
}

impl fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientKey({:?}, sha256 {})", self.suite, self.hash())
    }
}

/// Why HPKE failed.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HpkeError {
    /// The recipient's public key is not a key.
    #[error("the recipient's public key is not valid")]
    BadRecipientKey,
    /// The bytes are shorter than an encapsulated key and a tag.
    #[error("the sealed bytes are cut off")]
    Truncated,
    /// Sealed to another key, for another place, or changed.
    #[error("sealed to another key or for another place, or changed")]
    NotAuthentic,
}

#[cfg(feature = "open")]
mod private {
    use hpke::{
        Deserializable, Kem, OpModeR, OpModeS, PskBundle, Serializable,
        aead::AesGcm256,
        kdf::HkdfSha256,
        kem::{X25519HkdfSha256, XWing},
        single_shot_open, single_shot_seal_with_rng,
    };
    use rand_core::CryptoRng;

    use super::*;
    use crate::secret::{Secret, SecretBytes};

    /// A private key: the 32-byte seed of X-Wing, or the 32-byte X25519 scalar.
    #[derive(Clone, PartialEq, Eq)]
    pub struct PrivateKey {
        suite: Suite,
        seed: Secret<32>,
    }

    impl fmt::Debug for PrivateKey {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "PrivateKey({:?})", self.suite)
        }
    }

    impl PrivateKey {
        /// The key of a seed.
        pub fn from_seed(suite: Suite, seed: Secret<32>) -> Self {
            Self { suite, seed }
        }

        /// A fresh key.
        pub fn generate(suite: Suite, rng: &mut impl CryptoRng) -> Self {
            Self { suite, seed: Secret::random(rng) }
        }

        /// Its suite.
        pub fn suite(&self) -> Suite {
            self.suite
        }

        /// The seed, to be sealed.
        pub fn seed(&self) -> &Secret<32> {
            &self.seed
        }

        /// The public half.
        pub fn public(&self) -> RecipientKey {
            let public = match self.suite {
                Suite::XWing => public::<XWing>(&self.seed),
                Suite::X25519 => public::<X25519HkdfSha256>(&self.seed),
            };
            RecipientKey { suite: self.suite, public }
        }
    }

    fn public<K: Kem>(seed: &Secret<32>) -> Vec<u8> {
        let key = K::PrivateKey::from_bytes(seed.expose()).expect("both KEMs have 32-byte private keys");
        K::sk_to_pk(&key).to_bytes().to_vec()
    }

    /// A pre-shared key of at least 32 bytes of entropy after stretching, and its public name.
    #[derive(Clone, Copy)]
    pub struct Psk<'a> {
        /// The key.
        pub key: &'a Secret<32>,
        /// Its name, not secret.
        pub id: &'a [u8],
    }

    /// HPKE single-shot seal: `enc ‖ ciphertext ‖ tag`.
    ///
    /// # Errors
    /// [`HpkeError::BadRecipientKey`].
    pub fn hpke_seal(
        to: &RecipientKey,
        psk: Option<Psk<'_>>,
        info: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, HpkeError> {
        match to.suite {
            Suite::XWing => seal::<XWing>(&to.public, psk, info, plaintext, rng),
            Suite::X25519 => seal::<X25519HkdfSha256>(&to.public, psk, info, plaintext, rng),
        }
    }

    fn seal<K: Kem>(
        to: &[u8],
        psk: Option<Psk<'_>>,
        info: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, HpkeError> {
        let to = K::PublicKey::from_bytes(to).map_err(|_| HpkeError::BadRecipientKey)?;
        let mode: OpModeS<'_, K> = match psk {
            None => OpModeS::Base,
            Some(psk) => OpModeS::Psk(bundle(&psk)?),
        };
        let (enc, ciphertext) =
            single_shot_seal_with_rng::<AesGcm256, HkdfSha256, K>(&mode, &to, info, plaintext, &[], rng)
                .map_err(|_| HpkeError::BadRecipientKey)?;
        let mut out = enc.to_bytes().to_vec();
        out.extend_from_slice(&ciphertext);
        Ok(out)
    }

    fn bundle<'a>(psk: &Psk<'a>) -> Result<PskBundle<'a>, HpkeError> {
        PskBundle::new(psk.key.expose(), psk.id).map_err(|_| HpkeError::NotAuthentic)
    }

    /// HPKE single-shot open of `enc ‖ ciphertext ‖ tag`.
    ///
    /// # Errors
    /// [`HpkeError::Truncated`], [`HpkeError::NotAuthentic`].
    pub fn hpke_open(
        key: &PrivateKey,
        psk: Option<Psk<'_>>,
        info: &[u8],
        sealed: &[u8],
    ) -> Result<SecretBytes, HpkeError> {
        match key.suite {
            Suite::XWing => open::<XWing>(key, psk, info, sealed),
            Suite::X25519 => open::<X25519HkdfSha256>(key, psk, info, sealed),
        }
    }

    fn open<K: Kem>(
        key: &PrivateKey,
        psk: Option<Psk<'_>>,
        info: &[u8],
        sealed: &[u8],
    ) -> Result<SecretBytes, HpkeError> {
        let (enc, ciphertext) = sealed.split_at_checked(key.suite.enc_len()).ok_or(HpkeError::Truncated)?;
        if ciphertext.len() < crate::format::TAG {
            return Err(HpkeError::Truncated);
        }
        let enc = K::EncappedKey::from_bytes(enc).map_err(|_| HpkeError::NotAuthentic)?;
        let private = K::PrivateKey::from_bytes(key.seed.expose()).map_err(|_| HpkeError::NotAuthentic)?;
        let mode: OpModeR<'_, K> = match psk {
            None => OpModeR::Base,
            Some(psk) => OpModeR::Psk(bundle(&psk)?),
        };
        single_shot_open::<AesGcm256, HkdfSha256, K>(&mode, &private, &enc, info, ciphertext, &[])
            .map(SecretBytes::new)
            .map_err(|_| HpkeError::NotAuthentic)
    }
}
#[cfg(feature = "open")]
pub use private::{PrivateKey, Psk, hpke_open, hpke_seal};
