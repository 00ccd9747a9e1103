//! The escrow words, and what is sealed to their key.

use rand_core::CryptoRng;

use super::{AccountEscrow, EscrowError, EscrowKey};
use crate::{
    account::{EpochKeys, RecoveryError, RecoveryKit, fingerprint::words_of},
    encoding::{UnixMillis, Writer, sha256},
    ids::{AccountId, Hash32, InstanceId, WayInId},
    kem::{HpkeError, PrivateKey, RecipientKey, Suite, hpke_open, hpke_seal},
    sign::Signed,
};

/// The private half of an escrow key as an organisation keeps it: 24 words on paper, X-Wing's seed. A type of its own, so that
/// nobody's recovery kit is taken for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowWords(RecoveryKit);

impl EscrowWords {
    /// Fresh ones.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(RecoveryKit::generate(rng))
    }

    /// Reads them, in any case, with any white space between.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub fn parse(words: &str) -> Result<Self, RecoveryError> {
        RecoveryKit::parse(words).map(Self)
    }

    /// The 24 words (BIP39, English).
    pub fn words(&self) -> Vec<&'static str> {
        self.0.words()
    }

    /// Whether `answer` is word number `n` (1 to 24).
    pub fn check_word(&self, n: usize, answer: &str) -> bool {
        self.0.check_word(n, answer)
    }

    /// The public half.
    pub fn public(&self) -> RecipientKey {
        self.private().public()
    }

    fn private(&self) -> PrivateKey {
        PrivateKey::from_seed(Suite::XWing, self.0.entropy().clone())
    }
}

impl EscrowKey {
    /// The key of these words.
    pub fn of(words: &EscrowWords, instance: InstanceId, time: UnixMillis) -> Self {
        Self { instance, public: words.public(), time }
    }

    /// What an organisation hands out on paper and its people compare: twelve words of BIP39's English list, the first 132
    /// bits of SHA-256(`context("escrow-fingerprint")` ‖ instance ‖ SHA-256 of the key).
    pub fn fingerprint_words(&self) -> [&'static str; 12] {
        let mut w = Writer::with_context("escrow-fingerprint");
        w.bytes(self.instance.as_ref()).bytes(self.public.hash().as_ref());
        words_of(&w.sha256())
    }
}

/// Seals the secret of a way in to an escrow key, and signs that it was done.
///
/// # Errors
/// [`HpkeError::BadRecipientKey`].
pub fn seal_escrow(
    (account, keys): (AccountId, &EpochKeys),
    way_in: WayInId,
    secret: &RecoveryKit,
    to: &EscrowKey,
    time: UnixMillis,
    rng: &mut impl CryptoRng,
) -> Result<(Signed<AccountEscrow>, Vec<u8>), HpkeError> {
    let mut statement = AccountEscrow {
        account,
        way_in,
        key_hash: to.public.hash(),
        sealed_hash: Hash32([0; 32]),
        epoch: keys.epoch,
        time,
    };
    let sealed = hpke_seal(&to.public, None, &statement.info(), secret.entropy().expose(), rng)?;
    statement.sealed_hash = sha256(&sealed);
    Ok((Signed::sign(statement, &keys.signing), sealed))
}

/// Opens what a verified statement is about, with the escrow words.
///
/// # Errors
/// [`EscrowError::WrongKey`] for words of another escrow key; [`EscrowError::WrongSecret`].
pub fn open_escrow(statement: &AccountEscrow, sealed: &[u8], words: &EscrowWords) -> Result<RecoveryKit, EscrowError> {
    if words.public().hash() != statement.key_hash {
        return Err(EscrowError::WrongKey);
    }
    if sha256(sealed) != statement.sealed_hash {
        return Err(EscrowError::WrongSecret);
    }
    let opened = hpke_open(&words.private(), None, &statement.info(), sealed);
    let opened = opened.map_err(|_| EscrowError::WrongSecret)?;
    RecoveryKit::from_entropy(opened.expose()).ok_or(EscrowError::WrongSecret)
}
