//! Recovery shares: the secret of a way in, split among contacts by Shamir's scheme, so that a threshold of them opens the
//! account and fewer learn nothing; and the signed statement of who holds which share.
//!
//! The sealed shares lie with the server, which opens none of them. What a contact reads out is a [`RecoveryShare`]'s text.

#[cfg(feature = "open")]
mod seal;
#[cfg(feature = "open")]
mod share;

use thiserror::Error;

use super::{KeyChain, KeyError};
use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, Hash32, WayInId},
    kem::Suite,
    sign::{Signed, SignedObject, VerifyError},
};

#[cfg(feature = "open")]
pub use seal::{open_share, split_recovery};
#[cfg(feature = "open")]
pub use share::{CombineError, RecoveryShare, SHARE_CHARACTERS, ShareError, check_together, combine_shares};

/// Fewest and most contacts among whom a secret is split.
pub const SHARE_HOLDERS: std::ops::RangeInclusive<usize> = 2..=8;

/// Fewest shares that open an account: one alone must not.
pub const SHARE_THRESHOLD_MIN: u8 = 2;

/// Bytes of a split's id.
pub const SPLIT_ID_LEN: usize = 8;

/// What the shares of one split have in common, and what tells them from those of another: the beginning of the hash of its
/// statement.
pub type SplitId = [u8; SPLIT_ID_LEN];

/// A contact, and the share that is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareHolder {
    /// Who holds it.
    pub contact: AccountId,
    /// Epoch of the contact's key.
    pub contact_epoch: u32,
    /// That key's suite.
    pub suite: Suite,
    /// Its SHA-256.
    pub key_hash: Hash32,
    /// Which share: 1 for the first holder of the statement, and so on.
    pub index: u8,
    /// SHA-256 of the sealed share.
    pub sealed_hash: Hash32,
    /// What only this share has: tells a wrong one from the right one. A share is 256 uniform bits, also to whoever has
    /// fewer others than the threshold, so that its hash hides it.
    pub commitment: Hash32,
}

impl ShareHolder {
    /// Whether the key that it names is one of the contact's.
    pub fn names_key_of(&self, contact: &KeyChain) -> bool {
        contact.account() == self.contact && contact.has_key(self.contact_epoch, self.suite, &self.key_hash)
    }
}

/// Among whom an account split the secret of a way in, and how many of them open it; signed by the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverySplit {
    /// The account.
    pub account: AccountId,
    /// The way in that the secret opens.
    pub way_in: WayInId,
    /// How many shares open it.
    pub threshold: u8,
    /// The contacts, in the order of their shares.
    pub holders: Vec<ShareHolder>,
    /// Epoch of the account's signing key.
    pub epoch: u32,
    /// When it was signed.
    pub time: UnixMillis,
}

impl RecoverySplit {
    /// HPKE info of a holder's sealed share.
    pub fn info(&self, holder: &ShareHolder) -> Vec<u8> {
        let mut w = Writer::with_context("recovery-share");
        w.bytes(self.account.as_ref())
            .bytes(self.way_in.as_ref())
            .bytes(holder.contact.as_ref())
            .u32(holder.contact_epoch)
            .u16(holder.suite.id())
            .bytes(holder.key_hash.as_ref())
            .u8(holder.index);
        w.finish()
    }

    /// A contact's share, if one is theirs.
    pub fn held_by(&self, contact: &AccountId) -> Option<&ShareHolder> {
        self.holders.iter().find(|holder| holder.contact == *contact)
    }

    fn is_sound(&self) -> Result<(), DecodeError> {
        if !SHARE_HOLDERS.contains(&self.holders.len()) {
            return Err(DecodeError::Invalid { field: "holders" });
        }
        if self.threshold < SHARE_THRESHOLD_MIN || usize::from(self.threshold) > self.holders.len() {
            return Err(DecodeError::Invalid { field: "threshold" });
        }
        for (at, (holder, index)) in self.holders.iter().zip(1u8..).enumerate() {
            if holder.index != index {
                return Err(DecodeError::Invalid { field: "index" });
            }
            let twice = self.holders[..at].iter().any(|before| before.contact == holder.contact);
            if twice || holder.contact == self.account {
                return Err(DecodeError::Invalid { field: "contact" });
            }
        }
        Ok(())
    }
}

impl SignedObject for RecoverySplit {
    const NAME: &'static str = "recovery-split";
    const LIMIT: usize = 2048;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.account.as_ref()).bytes(self.way_in.as_ref()).u8(self.threshold);
        w.nested(|w| {
            for holder in &self.holders {
                w.bytes(holder.contact.as_ref())
                    .u32(holder.contact_epoch)
                    .u16(holder.suite.id())
                    .bytes(holder.key_hash.as_ref())
                    .u8(holder.index)
                    .bytes(holder.sealed_hash.as_ref())
                    .bytes(holder.commitment.as_ref());
            }
        });
        w.u32(self.epoch).time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let account = AccountId(r.array("account")?);
        let way_in = WayInId(r.array("way-in id")?);
        let threshold = r.u8("threshold")?;
        let mut nested = r.nested("holders", Self::LIMIT)?;
        let mut holders = Vec::new();
        while !nested.is_empty() {
            holders.push(ShareHolder {
                contact: AccountId(nested.array("contact")?),
                contact_epoch: nested.u32("contact epoch")?,
                suite: Suite::from_id(nested.u16("suite")?)?,
                key_hash: Hash32(nested.array("key hash")?),
                index: nested.u8("index")?,
                sealed_hash: Hash32(nested.array("sealed share's hash")?),
                commitment: Hash32(nested.array("commitment")?),
            });
        }
        let split = Self { account, way_in, threshold, holders, epoch: r.u32("epoch")?, time: r.time("time")? };
        split.is_sound()?;
        Ok(split)
    }
}

/// Why a statement, or a sealed share that it is about, doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitError {
    /// The account's key records don't vouch for it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by the account.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It is another account's.
    #[error("the statement is of another account")]
    WrongAccount,
    /// It names a key that isn't the contact's.
    #[error("the statement names another key than the contact's")]
    WrongKey,
    /// This is not the share that was signed.
    #[error("the sealed share is not that of the statement")]
    WrongShare,
    /// Too few or too many contacts, one twice, the account itself, or a threshold that they can't reach.
    #[error("a secret is not split like this: {0}")]
    Unsound(DecodeError),
}

impl Signed<RecoverySplit> {
    /// What its shares have in common.
    pub fn split_id(&self) -> SplitId {
        let mut id = SplitId::default();
        id.copy_from_slice(&self.hash().0[..SPLIT_ID_LEN]);
        id
    }

    /// Verifies that the account of this chain made it.
    ///
    /// # Errors
    /// [`SplitError::WrongAccount`], [`SplitError::Keys`], [`SplitError::Verify`].
    pub fn verify_split(&self, chain: &KeyChain) -> Result<&RecoverySplit, SplitError> {
        let claimed = self.claimed();
        if claimed.account != chain.account() {
            return Err(SplitError::WrongAccount);
        }
        Ok(self.verify_under(Defence::SplitSigned, chain.signer(claimed.epoch, claimed.time)?)?)
    }
}
