//! The keyring: every epoch's private keys, sealed by the account key.

use rand_core::CryptoRng;
use thiserror::Error;

use super::{AccountKey, KeyChain, KeyError, KeyRecord};
use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    format::{Label, SmallError},
    ids::AccountId,
    kem::{HpkeError, PrivateKey, RecipientKey, Suite, hpke_open},
    secret::{Secret, SecretBytes},
    sign::{Signed, SigningKey},
};

const MAX_EPOCHS: u32 = 10_000;

/// The private keys of one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochKeys {
    /// The epoch.
    pub epoch: u32,
    /// Ed25519.
    pub signing: SigningKey,
    /// X-Wing.
    pub xwing: PrivateKey,
    /// X25519.
    pub x25519: PrivateKey,
}

impl EpochKeys {
    /// Fresh keys.
    pub fn generate(epoch: u32, rng: &mut impl CryptoRng) -> Self {
        Self {
            epoch,
            signing: SigningKey::generate(rng),
            xwing: PrivateKey::generate(Suite::XWing, rng),
            x25519: PrivateKey::generate(Suite::X25519, rng),
        }
    }

    /// The private half of a public key, if this epoch has it.
    pub fn private_for(&self, public: &RecipientKey) -> Option<&PrivateKey> {
        [&self.xwing, &self.x25519].into_iter().find(|k| k.suite() == public.suite() && k.public() == *public)
    }

    fn record(&self, chain: Option<&KeyChain>, created_at: UnixMillis) -> KeyRecord {
        KeyRecord {
            account: chain.map(KeyChain::account),
            epoch: self.epoch,
            previous: chain.map(|c| c.current().hash()),
            signing: self.signing.public(),
            xwing: Some(self.xwing.public()),
            x25519: self.x25519.public(),
            created_at,
        }
    }
}

/// Why a keyring doesn't open.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyringError {
    /// It is not sealed by this account key for this account.
    #[error(transparent)]
    Sealed(#[from] SmallError),
    /// Its content is not a keyring.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The account's key records are not sound.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// It is older than the key records: a roll-back.
    #[error("the keyring ends at epoch {keyring}, the key records at {logged}")]
    Behind {
        /// Last epoch of the keyring.
        keyring: u32,
        /// Last epoch of the key records.
        logged: u32,
    },
    /// Its keys are not those of the key records.
    #[error("the keyring does not match the key record of epoch {0}")]
    Mismatch(u32),
    /// It has no such epoch.
    #[error("the keyring has no epoch {0}")]
    EpochUnknown(u32),
}

/// All epochs' private keys, epoch 0 first, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    epochs: Vec<EpochKeys>,
}

impl Keyring {
    /// A new account: fresh keys and the epoch-0 record, which makes the account id.
    pub fn create(created_at: UnixMillis, rng: &mut impl CryptoRng) -> (Self, Signed<KeyRecord>) {
        let keys = EpochKeys::generate(0, rng);
        let record = Signed::sign(keys.record(None, created_at), &keys.signing);
        (Self { epochs: vec![keys] }, record)
    }

    /// A new epoch: fresh keys, and the record that the old and the new key sign.
    ///
    /// # Errors
    /// [`KeyringError::Behind`] when the chain is longer than the keyring.
    pub fn rotate(
        &mut self,
        chain: &KeyChain,
        created_at: UnixMillis,
        rng: &mut impl CryptoRng,
    ) -> Result<Signed<KeyRecord>, KeyringError> {
        self.check(chain)?;
        let old = self.current().clone();
        let keys = EpochKeys::generate(old.epoch + 1, rng);
        let record = Signed::sign_record(keys.record(Some(chain), created_at), &keys.signing, Some(&old.signing))?;
        self.epochs.push(keys);
        Ok(record)
    }

    /// The current keys.
    pub fn current(&self) -> &EpochKeys {
        self.epochs.last().expect("a keyring is never empty")
    }

    /// The keys of an epoch.
    ///
    /// # Errors
    /// [`KeyringError::EpochUnknown`].
    pub fn epoch(&self, epoch: u32) -> Result<&EpochKeys, KeyringError> {
        usize::try_from(epoch).ok().and_then(|i| self.epochs.get(i)).ok_or(KeyringError::EpochUnknown(epoch))
    }

    /// HPKE-opens something sealed to a public key of this account.
    ///
    /// # Errors
    /// [`HpkeError`]; a key that the keyring doesn't hold counts as not authentic.
    pub fn hpke_open(&self, to: &RecipientKey, info: &[u8], sealed: &[u8]) -> Result<SecretBytes, HpkeError> {
        let key = self.epochs.iter().rev().find_map(|e| e.private_for(to)).ok_or(HpkeError::NotAuthentic)?;
        hpke_open(key, None, info, sealed)
    }

    /// Seals the keyring.
    pub fn seal(&self, ak: &AccountKey, account: &AccountId, rng: &mut impl CryptoRng) -> Vec<u8> {
        let plain = SecretBytes::new(self.encode());
        ak.seal(Label::Keyring, &[account.as_ref()], plain.expose(), rng)
    }

    /// Opens a keyring and checks it against the account's verified key records.
    ///
    /// # Errors
    /// [`KeyringError`]; [`KeyringError::Behind`] for one that is older than the records.
    pub fn open(ak: &AccountKey, chain: &KeyChain, sealed: &[u8]) -> Result<Self, KeyringError> {
        let plain = ak.open(Label::Keyring, &[chain.account().as_ref()], sealed)?;
        let keyring = Self::decode(plain.expose())?;
        keyring.check(chain)?;
        Ok(keyring)
    }

    fn check(&self, chain: &KeyChain) -> Result<(), KeyringError> {
        let (keyring, logged) = (self.current().epoch, chain.epoch());
        if keyring < logged && Defence::KeyringCurrent.holds() {
            return Err(KeyringError::Behind { keyring, logged });
        }
        // All of them, unless the attack suite lets a keyring be behind.
        for record in chain.records().iter().take(self.epochs.len()) {
            let record = record.claimed();
            let keys = self.epoch(record.epoch)?;
            let same = keys.signing.public() == record.signing
                && keys.x25519.public() == record.x25519
                && record.xwing.as_ref().is_none_or(|k| *k == keys.xwing.public());
            if !same {
                return Err(KeyringError::Mismatch(record.epoch));
            }
        }
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(8 + self.epochs.len() * 3 * (4 + 32));
        w.u32(self.epochs.len() as u32);
        for keys in &self.epochs {
            w.bytes(keys.signing.seed().expose()).bytes(keys.xwing.seed().expose()).bytes(keys.x25519.seed().expose());
        }
        w.finish()
    }

    fn decode(plain: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(plain);
        let count = r.u32("epochs")?;
        if count == 0 || count > MAX_EPOCHS {
            return Err(DecodeError::Invalid { field: "epochs" });
        }
        let epochs = (0..count).map(|epoch| read_epoch(epoch, &mut r)).collect::<Result<_, _>>()?;
        r.finish()?;
        Ok(Self { epochs })
    }
}

fn read_epoch(epoch: u32, r: &mut Reader<'_>) -> Result<EpochKeys, DecodeError> {
    Ok(EpochKeys {
        epoch,
        signing: SigningKey::from_seed(Secret::new(r.array("signing seed")?)),
        xwing: PrivateKey::from_seed(Suite::XWing, Secret::new(r.array("xwing seed")?)),
        x25519: PrivateKey::from_seed(Suite::X25519, Secret::new(r.array("x25519 seed")?)),
    })
}
