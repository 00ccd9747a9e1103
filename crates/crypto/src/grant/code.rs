//! Access codes: Crockford base32, Argon2id, a pre-shared key and a proof key.

use std::fmt;

use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::Zeroizing;

use super::CodeProof;
use crate::{
    account::{AccountKey, KeyChain, Keyring},
    encoding::{Writer, sha256},
    format::{Label, SmallError},
    ids::{AccountId, GrantId, ReportId},
    kdf::subkey,
    kem::{HpkeError, PrivateKey, Psk, RecipientKey, Suite, hpke_open, hpke_seal},
    report::Recipient,
    secret::{Secret, SecretBytes},
    sign::{Signed, SigningKey},
    stretch::KdfParams,
};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How long a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeLength {
    /// 8 characters, 40 bits: the recipient's key is verified.
    Verified,
    /// 12 characters, 60 bits: it is not.
    Unverified,
}

impl CodeLength {
    /// Characters.
    pub fn characters(self) -> usize {
        match self {
            Self::Verified => 8,
            Self::Unverified => 12,
        }
    }
}

/// Why an access code can't be used.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeError {
    /// Not 8 or 12 characters of the alphabet.
    #[error("that is not an access code")]
    NotACode,
    /// Argon2id could not run, usually for want of memory.
    #[error("the key derivation could not run")]
    KdfFailed,
    /// The grant is not one by code.
    #[error("the grant has no access code")]
    NotACodeGrant,
    /// The sealed seed is not the one the grant names.
    #[error("the sealed seed is not the one the grant names")]
    WrongSealedSeed,
    /// The seed doesn't open: wrong code, or sealed to another key.
    #[error("the access code does not open this grant")]
    WrongCode,
    /// The seed is not that of the grant's key.
    #[error("the seed is not that of the grant's key")]
    WrongSeed,
    /// The recipient's key is not a key.
    #[error(transparent)]
    Hpke(#[from] HpkeError),
    /// The resealed seed doesn't open.
    #[error(transparent)]
    Sealed(#[from] SmallError),
}

/// A code in normal form: upper case, no separators, `O`→`0`, `I` and `L`→`1`.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessCode(SecretBytes);

impl fmt::Debug for AccessCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessCode(..)")
    }
}

impl AccessCode {
    /// A fresh code; 5 uniform bits a character.
    pub fn generate(length: CodeLength, rng: &mut impl CryptoRng) -> Self {
        let mut bytes = vec![0u8; length.characters()];
        rng.fill_bytes(&mut bytes);
        bytes.iter_mut().for_each(|b| *b = ALPHABET[usize::from(*b & 31)]);
        Self(SecretBytes::new(bytes))
    }

    /// Reads a typed code: any case, white space and hyphens ignored.
    ///
    /// # Errors
    /// [`CodeError::NotACode`].
    pub fn parse(typed: &str) -> Result<Self, CodeError> {
        let mut out = Zeroizing::new(Vec::with_capacity(typed.len()));
        for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let c = match c.to_ascii_uppercase() {
                'O' => b'0',
                'I' | 'L' => b'1',
                c => u8::try_from(c).map_err(|_| CodeError::NotACode)?,
            };
            if !ALPHABET.contains(&c) {
                return Err(CodeError::NotACode);
            }
            out.push(c);
        }
        match out.len() {
            8 | 12 => Ok(Self(SecretBytes::new(std::mem::take(&mut *out)))),
            _ => Err(CodeError::NotACode),
        }
    }

    /// For the screen: groups of four with hyphens.
    pub fn display(&self) -> String {
        let groups: Vec<_> = self.0.expose().chunks(4).map(|g| String::from_utf8_lossy(g)).collect();
        groups.join("-")
    }

    /// Stretches the code: Argon2id(code, salt = grant id), then labels "psk" and "proof". Half a second, 64 MiB: in a
    /// worker.
    ///
    /// # Errors
    /// [`CodeError::KdfFailed`].
    pub fn stretch(&self, grant: &GrantId) -> Result<CodeKeys, CodeError> {
        let stretched = KdfParams::FLOOR.stretch(self.0.expose(), grant.as_ref()).ok_or(CodeError::KdfFailed)?;
        Ok(CodeKeys {
            psk: subkey(stretched.expose(), "code/psk", &[grant.as_ref()]),
            proof: SigningKey::from_seed(subkey(stretched.expose(), "code/proof", &[grant.as_ref()])),
        })
    }
}

/// What a code stretches to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeKeys {
    psk: Secret<32>,
    proof: SigningKey,
}

impl CodeKeys {
    /// Both keys as bytes (psk ‖ proof seed), for a message from a worker.
    pub fn to_bytes(&self) -> Secret<64> {
        let mut out = Secret::new([0u8; 64]);
        out.expose_mut()[..32].copy_from_slice(self.psk.expose());
        out.expose_mut()[32..].copy_from_slice(self.proof.seed().expose());
        out
    }

    /// Reads what [`CodeKeys::to_bytes`] wrote; none if it isn't 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (psk, proof) = bytes.split_at_checked(32)?;
        let proof = SigningKey::from_seed(Secret::from_slice(proof)?);
        Some(Self { psk: Secret::from_slice(psk)?, proof })
    }

    /// Proves to a server that one knows the code.
    pub fn prove(&self, proof: CodeProof) -> Signed<CodeProof> {
        Signed::sign(proof, &self.proof)
    }
}

/// A grant by code, ready to be signed into the chain and given to the server.
#[derive(Debug, Clone)]
pub struct CodeGrant {
    /// For the grant entry.
    pub recipient: Recipient,
    /// For the server, which releases it against a proof.
    pub sealed_seed: Vec<u8>,
}

fn seed_info(
    report: &ReportId,
    grant: &GrantId,
    account: &AccountId,
    epoch: u32,
    to: &RecipientKey,
    key: &RecipientKey,
) -> Vec<u8> {
    let mut w = Writer::with_context("code-seed");
    w.bytes(report.as_ref())
        .bytes(grant.as_ref())
        .bytes(account.as_ref())
        .u32(epoch)
        .bytes(to.hash().as_ref())
        .bytes(key.hash().as_ref());
    w.finish()
}

/// Makes the key pair of a grant by code and seals its seed to the recipient's current key and the code.
///
/// # Errors
/// [`CodeError::Hpke`].
pub fn make_code_grant(
    report: &ReportId,
    grant: &GrantId,
    to: &KeyChain,
    keys: &CodeKeys,
    rng: &mut impl CryptoRng,
) -> Result<CodeGrant, CodeError> {
    let pair = PrivateKey::generate(Suite::XWing, rng);
    let (key, account, epoch) = (pair.public(), to.account(), to.epoch());
    let info = seed_info(report, grant, &account, epoch, to.recipient(), &key);
    let psk = Psk { key: &keys.psk, id: grant.as_ref() };
    let sealed_seed = hpke_seal(to.recipient(), Some(psk), &info, pair.seed().expose(), rng)?;
    let recipient =
        Recipient::Code { account, epoch, key, proof: keys.proof.public(), sealed_seed: sha256(&sealed_seed) };
    Ok(CodeGrant { recipient, sealed_seed })
}

/// Opens a grant's seed with the recipient's keyring and the code.
///
/// # Errors
/// [`CodeError`]; [`CodeError::WrongCode`] when it doesn't open.
pub fn open_code_seed(
    report: &ReportId,
    grant: &GrantId,
    recipient: &Recipient,
    keyring: &Keyring,
    keys: &CodeKeys,
    sealed_seed: &[u8],
) -> Result<PrivateKey, CodeError> {
    let Recipient::Code { account, epoch, key, sealed_seed: expected, .. } = recipient else {
        return Err(CodeError::NotACodeGrant);
    };
    if sha256(sealed_seed) != *expected {
        return Err(CodeError::WrongSealedSeed);
    }
    let own = keyring.epoch(*epoch).map_err(|_| CodeError::WrongCode)?;
    let psk = Psk { key: &keys.psk, id: grant.as_ref() };
    let open = |private: &PrivateKey| {
        let info = seed_info(report, grant, account, *epoch, &private.public(), key);
        hpke_open(private, Some(psk), &info, sealed_seed)
    };
    let seed = open(&own.xwing).or_else(|_| open(&own.x25519)).map_err(|_| CodeError::WrongCode)?;
    grant_key(key, &seed)
}

fn grant_key(key: &RecipientKey, seed: &SecretBytes) -> Result<PrivateKey, CodeError> {
    let seed = Secret::from_slice(seed.expose()).ok_or(CodeError::WrongSeed)?;
    let pair = PrivateKey::from_seed(Suite::XWing, seed);
    if pair.public() == *key { Ok(pair) } else { Err(CodeError::WrongSeed) }
}

/// Reseals a redeemed seed under the account key, for the server to keep.
pub fn reseal_grant_seed(
    ak: &AccountKey,
    account: &AccountId,
    grant: &GrantId,
    seed: &PrivateKey,
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    ak.seal(Label::GrantSeed, &[account.as_ref(), grant.as_ref()], seed.seed().expose(), rng)
}

/// Opens a resealed seed and checks it against the grant's key.
///
/// # Errors
/// [`CodeError::Sealed`], [`CodeError::WrongSeed`].
pub fn open_grant_seed(
    ak: &AccountKey,
    account: &AccountId,
    grant: &GrantId,
    key: &RecipientKey,
    sealed: &[u8],
) -> Result<PrivateKey, CodeError> {
    let seed = ak.open(Label::GrantSeed, &[account.as_ref(), grant.as_ref()], sealed)?;
    grant_key(key, &seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_write_them() {
        let code = AccessCode::parse("o1lI-abcd").unwrap();
        assert_eq!(code.display(), "0111-ABCD");
        assert_eq!(AccessCode::parse(" 0111 ABCD\n").unwrap(), code);
        for bad in ["", "0111ABC", "0111ABCDE", "0111ABCU", "0111-ABCß", "0111ABCDEFGH0"] {
            assert_eq!(AccessCode::parse(bad), Err(CodeError::NotACode), "{bad}");
        }
    }
}
