//! Key derivation of c2sp.org/chunked-encryption, Cobblestone-256.

use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use rand_core::CryptoRng;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{COMMITMENT, FormatError, HEADER, MAX_CHUNKS, PartHeader, SALT};
use crate::secret::Secret;

/// Bytes of what opens one part alone.
pub const PART_SECRET: usize = 32 + 12;

const PREFIX: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// What seals and opens the chunks of one part.
///
/// In a browser: import `key` into WebCrypto as a non-extractable AES-GCM key, use [`PartKey::nonce`] for chunk `n`,
/// 128-bit tags, no additional data, and put [`PartKey::header_bytes`] before chunk 0.
#[derive(Clone)]
pub struct PartKey {
    /// AES-256 key.
    pub key: Secret<32>,
    /// XORed with the chunk number for each nonce.
    pub base_nonce: [u8; 12],
    /// Second half of the header.
    pub commitment: [u8; COMMITMENT],
    /// First half of the header.
    pub salt: [u8; SALT],
}

impl PartKey {
    /// Key, base nonce and commitment of `(content key, salt, context)`:
    /// HKDF-Expand-SHA-512(content key, prefix ‖ salt ‖ context, 76).
    pub fn derive(content_key: &Secret<32>, salt: [u8; SALT], context: &[u8]) -> Self {
        let mut okm = expand_76(content_key.expose(), &[PREFIX, &salt, context]);
        let mut key = Secret::new([0u8; 32]);
        key.expose_mut().copy_from_slice(&okm[..32]);
        let mut base_nonce = [0u8; 12];
        base_nonce.copy_from_slice(&okm[32..44]);
        let mut commitment = [0u8; COMMITMENT];
        commitment.copy_from_slice(&okm[44..76]);
        okm.zeroize();
        Self { key, base_nonce, commitment, salt }
    }

    /// Derives under a fresh random salt: for a part that is about to be sealed.
    pub fn fresh(content_key: &Secret<32>, context: &[u8], rng: &mut impl CryptoRng) -> Self {
        let mut salt = [0u8; SALT];
        rng.fill_bytes(&mut salt);
        Self::derive(content_key, salt, context)
    }

    /// Derives for a received part and checks its commitment, which must come before anything is opened.
    ///
    /// # Errors
    /// [`FormatError::WrongCommitment`].
    pub fn for_header(content_key: &Secret<32>, header: &PartHeader, context: &[u8]) -> Result<Self, FormatError> {
        let key = Self::derive(content_key, header.salt, context);
        if bool::from(key.commitment.ct_eq(&header.commitment)) { Ok(key) } else { Err(FormatError::WrongCommitment) }
    }

    /// What opens this part and no other: key ‖ base nonce. It is passed on where a part is carried over into a version
    /// whose readers have another content key.
    pub fn secret(&self) -> Secret<PART_SECRET> {
        let mut out = Secret::new([0u8; PART_SECRET]);
        let (key, nonce) = out.expose_mut().split_at_mut(32);
        key.copy_from_slice(self.key.expose());
        nonce.copy_from_slice(&self.base_nonce);
        out
    }

    /// From [`PartKey::secret`]. Whether the header is the part's is for a signed manifest to say: without the content key
    /// the commitment can't be computed.
    pub fn from_secret(secret: &Secret<PART_SECRET>, header: &PartHeader) -> Self {
        let mut key = Secret::new([0u8; 32]);
        key.expose_mut().copy_from_slice(&secret.expose()[..32]);
        let mut base_nonce = [0u8; 12];
        base_nonce.copy_from_slice(&secret.expose()[32..]);
        Self { key, base_nonce, commitment: header.commitment, salt: header.salt }
    }

    /// The header of the part.
    pub fn header(&self) -> PartHeader {
        PartHeader { salt: self.salt, commitment: self.commitment }
    }

    /// `salt ‖ commitment`: the part's first bytes.
    pub fn header_bytes(&self) -> [u8; HEADER] {
        self.header().to_bytes()
    }

    /// Nonce of chunk `n`: base nonce XOR `n` as a 96-bit big-endian number.
    ///
    /// # Errors
    /// [`FormatError::TooLong`] from chunk 2^38 on.
    pub fn nonce(&self, n: u64) -> Result<[u8; 12], FormatError> {
        if n >= MAX_CHUNKS {
            return Err(FormatError::TooLong);
        }
        let mut nonce = self.base_nonce;
        nonce[4..].iter_mut().zip(n.to_be_bytes()).for_each(|(b, c)| *b ^= c);
        Ok(nonce)
    }

    pub(super) fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.key.expose().into())
    }
}

impl fmt::Debug for PartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartKey").finish_non_exhaustive()
    }
}

/// HKDF-Expand with SHA-512 to 76 bytes. Written out because `hkdf` refuses the 32-byte PRK that the format prescribes.
fn expand_76(prk: &[u8; 32], info: &[&[u8]]) -> [u8; 76] {
    let mut block1 = hmac(prk, &[], info, 1);
    let mut block2 = hmac(prk, &block1, info, 2);
    let mut out = [0u8; 76];
    out[..64].copy_from_slice(&block1);
    out[64..].copy_from_slice(&block2[..12]);
    block1.zeroize();
    block2.zeroize();
    out
}

fn hmac(key: &[u8; 32], before: &[u8], info: &[&[u8]], counter: u8) -> [u8; 64] {
    let mut mac = <Hmac<Sha512> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(before);
    info.iter().for_each(|part| mac.update(part));
    mac.update(&[counter]);
    mac.finalize().into_bytes().into()
}
