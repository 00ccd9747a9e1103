//! Key records: an account's public keys, epoch by epoch, each signed by itself and by the one before.

use std::collections::BTreeMap;

use thiserror::Error;

use super::Device;
use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, Hash32, TeamId},
    kem::{RecipientKey, Suite},
    sign::{PublicSigningKey, Signed, SignedObject, VerifyError},
    team::TeamChain,
};

/// One epoch's public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The account; none in epoch 0, whose hash becomes the account id.
    pub account: Option<AccountId>,
    /// 0, 1, 2 …
    pub epoch: u32,
    /// Hash of the record before; none in epoch 0.
    pub previous: Option<Hash32>,
    /// Signs everything the account says in this epoch.
    pub signing: PublicSigningKey,
    /// X-Wing public key; none for a client that has only X25519.
    pub xwing: Option<RecipientKey>,
    /// X25519 public key.
    pub x25519: RecipientKey,
    /// When the epoch began, as its maker says.
    pub created_at: UnixMillis,
}

impl KeyRecord {
    /// The key to seal to: X-Wing, or X25519 where that is all there is.
    pub fn recipient(&self) -> &RecipientKey {
        self.xwing.as_ref().unwrap_or(&self.x25519)
    }

    fn suites(&self) -> Vec<u8> {
        let best = self.xwing.is_some().then_some(Suite::XWing);
        best.into_iter().chain([Suite::X25519]).flat_map(|s| s.id().to_be_bytes()).collect()
    }
}

impl SignedObject for KeyRecord {
    const NAME: &'static str = "key-record";
    const LIMIT: usize = 8192;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.account.as_ref().map_or(&[][..], |a| a.as_ref()))
            .u32(self.epoch)
            .bytes(self.previous.as_ref().map_or(&[][..], |h| h.as_ref()))
            .bytes(&self.signing.0)
            .bytes(&self.suites())
            .bytes(self.xwing.as_ref().map_or(&[][..], RecipientKey::as_bytes))
            .bytes(self.x25519.as_bytes())
            .bytes(&[]) // room for a post-quantum signature key
            .time(self.created_at);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let account = r.optional("account")?.map(AccountId);
        let epoch = r.u32("epoch")?;
        let previous = r.optional("previous")?.map(Hash32);
        let signing = PublicSigningKey(r.array("signing key")?);
        let suites = r.bytes("suites", 64)?;
        let xwing = match r.bytes("xwing key", Suite::XWing.public_len())? {
            [] => None,
            key => Some(RecipientKey::new(Suite::XWing, key)?),
        };
        let x25519 = RecipientKey::new(Suite::X25519, r.bytes("x25519 key", 32)?)?;
        if !r.bytes("post-quantum signing key", 8192)?.is_empty() {
            return Err(DecodeError::Invalid { field: "post-quantum signing key" });
        }
        let created_at = r.time("created at")?;
        let record = Self { account, epoch, previous, signing, xwing, x25519, created_at };
        if record.suites() != suites {
            return Err(DecodeError::Invalid { field: "suites" });
        }
        let first = epoch == 0;
        if record.account.is_none() != first || record.previous.is_none() != first {
            return Err(DecodeError::Invalid { field: "epoch" });
        }
        Ok(record)
    }

    fn signatures(&self) -> usize {
        if self.epoch == 0 { 1 } else { 2 }
    }
}

impl AccountId {
    /// The account that an epoch-0 record makes: SHA-256 of its stored bytes.
    pub fn of(record0: &Signed<KeyRecord>) -> Self {
        Self(record0.hash().0)
    }
}

#[cfg(feature = "open")]
impl Signed<KeyRecord> {
    /// Signs a record: with its own key, and after epoch 0 with the one before.
    ///
    /// # Errors
    /// [`KeyError::BrokenChain`] when `previous` is there in epoch 0, or isn't later.
    pub fn sign_record(
        record: KeyRecord,
        own: &crate::sign::SigningKey,
        previous: Option<&crate::sign::SigningKey>,
    ) -> Result<Self, KeyError> {
        match (record.epoch, previous) {
            (0, None) => Ok(Self::sign(record, own)),
            (1.., Some(previous)) => Ok(Self::sign_with(record, &[own, previous])),
            (epoch, _) => Err(KeyError::BrokenChain { epoch }),
        }
    }
}

/// Why key records, or a signature under them, don't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// A record is not a record.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A signature doesn't match.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// No records at all.
    #[error("there are no key records")]
    Empty,
    /// The records belong to another account.
    #[error("the key records are of another account")]
    WrongAccount,
    /// A record doesn't follow the one before.
    #[error("key record {epoch} does not follow the one before")]
    BrokenChain {
        /// The epoch it claims.
        epoch: u32,
    },
    /// A record drops X-Wing after one had it.
    #[error("key record {epoch} drops the post-quantum key")]
    DowngradedSuite {
        /// Its epoch.
        epoch: u32,
    },
    /// The chain is shorter than, or other than, what was seen before.
    #[error("the key records are not those seen before")]
    NotTheOnesSeen,
    /// No such account is known.
    #[error("the account is not known")]
    AccountUnknown,
    /// The account has no such epoch.
    #[error("epoch {0} is not known")]
    EpochUnknown(u32),
    /// The signature names an epoch that had ended by its time.
    #[error("epoch {0} had ended then")]
    EpochEnded(u32),
    /// The signature of a device from before it was made, or after it ended or was removed.
    #[error("the device was not one that sends then")]
    DeviceEnded,
}

/// How long after the next record's time an epoch's signatures still count, milliseconds. A server takes a signed time up to ten
/// minutes ahead of its clock, and a record whose time is up to ten minutes behind it.
pub const EPOCH_OVERLAP: UnixMillis = 20 * 60 * 1000;

/// An account's verified records, epoch 0 to the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChain {
    account: AccountId,
    records: Vec<Signed<KeyRecord>>,
}

impl KeyChain {
    /// Verifies records from epoch 0 on: signatures, links, times and suites.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn verify(records: Vec<Signed<KeyRecord>>) -> Result<Self, KeyError> {
        let (first, rest) = records.split_first().ok_or(KeyError::Empty)?;
        let account = AccountId::of(first);
        if first.claimed().epoch != 0 {
            return Err(KeyError::BrokenChain { epoch: first.claimed().epoch });
        }
        first.verify(&first.claimed().signing)?;
        let mut before = first;
        for (record, epoch) in rest.iter().zip(1u32..) {
            verify_link(account, before, record, epoch)?;
            before = record;
        }
        Ok(Self { account, records })
    }

    /// Parses and verifies stored records, and that they are `account`'s.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse(account: &AccountId, blobs: &[impl AsRef<[u8]>]) -> Result<Self, KeyError> {
        let records = blobs.iter().map(|b| Signed::parse(b.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let chain = Self::verify(records)?;
        if Defence::AccountId.holds() && chain.account != *account {
            return Err(KeyError::WrongAccount);
        }
        Ok(Self { account: *account, ..chain })
    }

    /// Checks that this chain goes on from what was seen: epoch `epoch` has the hash `hash`.
    ///
    /// # Errors
    /// [`KeyError::NotTheOnesSeen`].
    pub fn continues(&self, epoch: u32, hash: &Hash32) -> Result<(), KeyError> {
        match self.record(epoch) {
            Some(record) if record.hash() == *hash => Ok(()),
            _ => Err(KeyError::NotTheOnesSeen),
        }
    }

    /// The account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The current record.
    pub fn current(&self) -> &Signed<KeyRecord> {
        self.records.last().expect("verify refuses an empty chain")
    }

    /// The current epoch.
    pub fn epoch(&self) -> u32 {
        self.current().claimed().epoch
    }

    /// The key to seal to now.
    pub fn recipient(&self) -> &RecipientKey {
        self.current().claimed().recipient()
    }

    /// The record of an epoch.
    pub fn record(&self, epoch: u32) -> Option<&Signed<KeyRecord>> {
        self.records.get(usize::try_from(epoch).ok()?)
    }

    /// Whether the key of this hash is the one of that suite in an epoch.
    pub fn has_key(&self, epoch: u32, suite: Suite, hash: &Hash32) -> bool {
        let Some(record) = self.record(epoch) else { return false };
        let record = record.claimed();
        let key = match suite {
            Suite::XWing => record.xwing.as_ref(),
            Suite::X25519 => Some(&record.x25519),
        };
        key.is_some_and(|key| key.hash() == *hash)
    }

    /// All records, epoch 0 first.
    pub fn records(&self) -> &[Signed<KeyRecord>] {
        &self.records
    }

    /// The key that verifies what the account signed in `epoch` at `time`. The time is the signer's word, bounded by
    /// the record that ended the epoch, and [`EPOCH_OVERLAP`] after: another device's clock may be ahead of the one that
    /// made the new keys, and what it signed just before must not be lost.
    ///
    /// # Errors
    /// [`KeyError::EpochUnknown`], [`KeyError::EpochEnded`].
    pub fn signer(&self, epoch: u32, time: UnixMillis) -> Result<&PublicSigningKey, KeyError> {
        let record = self.record(epoch).ok_or(KeyError::EpochUnknown(epoch))?.claimed();
        if self
            .record(epoch.saturating_add(1))
            .is_some_and(|next| time.saturating_sub(EPOCH_OVERLAP) > next.claimed().created_at)
        {
            return Err(KeyError::EpochEnded(epoch));
        }
        Ok(&record.signing)
    }
}

fn verify_link(
    account: AccountId,
    before: &Signed<KeyRecord>,
    record: &Signed<KeyRecord>,
    epoch: u32,
) -> Result<(), KeyError> {
    let (old, new) = (before.claimed(), record.claimed());
    let broken = KeyError::BrokenChain { epoch: new.epoch };
    if new.epoch != epoch || new.previous != Some(before.hash()) || new.created_at < old.created_at {
        return Err(broken);
    }
    if new.account != Some(account) {
        return Err(KeyError::WrongAccount);
    }
    if old.xwing.is_some() && new.xwing.is_none() {
        return Err(KeyError::DowngradedSuite { epoch });
    }
    record.verify(&new.signing)?;
    if Defence::KeySuccession.holds() {
        record.verify_nth(1, &old.signing)?;
    }
    Ok(())
}

/// Where verified key chains come from. The caller decides what it trusts: pins, the log.
pub trait KeyDirectory {
    /// The chain of an account, if known.
    fn chain(&self, account: &AccountId) -> Option<&KeyChain>;

    /// The device that sends under this id, if there is one. It signs, and nothing is ever sealed to it.
    fn device(&self, _id: &AccountId) -> Option<&Device> {
        None
    }

    /// The key for a signature: a person's, or a device's.
    ///
    /// # Errors
    /// [`KeyError`].
    fn signer(&self, account: &AccountId, epoch: u32, time: UnixMillis) -> Result<&PublicSigningKey, KeyError> {
        match self.chain(account) {
            Some(chain) => chain.signer(epoch, time),
            None => self.device(account).ok_or(KeyError::AccountUnknown)?.signer(epoch, time),
        }
    }

    /// The verified rosters of a team, if known.
    fn team(&self, _team: &TeamId) -> Option<&TeamChain> {
        None
    }
}

impl KeyDirectory for (BTreeMap<AccountId, KeyChain>, BTreeMap<TeamId, TeamChain>) {
    fn chain(&self, account: &AccountId) -> Option<&KeyChain> {
        self.0.get(account)
    }

    fn team(&self, team: &TeamId) -> Option<&TeamChain> {
        self.1.get(team)
    }
}

impl KeyDirectory for BTreeMap<AccountId, KeyChain> {
    fn chain(&self, account: &AccountId) -> Option<&KeyChain> {
        self.get(account)
    }
}

impl KeyDirectory for KeyChain {
    fn chain(&self, account: &AccountId) -> Option<&KeyChain> {
        (self.account == *account).then_some(self)
    }
}
