//! Escrow: an account's own decision that whoever keeps the organisation's escrow words can open it. Not strictly
//! end-to-end, and off until its holder turned it on.
//!
//! The escrow key is an X-Wing key pair whose seed is kept on paper as 24 words. Its public half is signed under the
//! organisation key. An account that turns escrow on makes a way in by 256 random bits, seals them to that key, and signs
//! that it did.

#[cfg(feature = "open")]
mod words;

use thiserror::Error;

use super::{KeyChain, KeyError};
use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, Hash32, InstanceId, WayInId},
    kem::{RecipientKey, Suite},
    sign::{PublicSigningKey, Signed, SignedObject, VerifyError},
};

#[cfg(feature = "open")]
pub use words::{EscrowWords, open_escrow, seal_escrow};

/// Days between an administrator's asking and the opening.
pub const ESCROW_DELAY_DAYS: u8 = 3;

/// "What accounts put in escrow is sealed to this key", under the organisation key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowKey {
    /// The instance.
    pub instance: InstanceId,
    /// X-Wing public half.
    pub public: RecipientKey,
    /// When it was signed.
    pub time: UnixMillis,
}

impl SignedObject for EscrowKey {
    const NAME: &'static str = "escrow-key";
    const LIMIT: usize = 2048;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.instance.as_ref()).bytes(self.public.as_bytes()).time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            instance: InstanceId(r.array("instance")?),
            public: RecipientKey::new(Suite::XWing, r.bytes("public key", Suite::XWing.public_len())?)?,
            time: r.time("time")?,
        })
    }
}

/// "That key is used no more", under the organisation key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowEnd {
    /// The instance.
    pub instance: InstanceId,
    /// SHA-256 of the key that ended.
    pub key_hash: Hash32,
    /// When it was signed.
    pub time: UnixMillis,
}

impl SignedObject for EscrowEnd {
    const NAME: &'static str = "escrow-end";
    const LIMIT: usize = 256;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.instance.as_ref()).bytes(self.key_hash.as_ref()).time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            instance: InstanceId(r.array("instance")?),
            key_hash: Hash32(r.array("key hash")?),
            time: r.time("time")?,
        })
    }
}

/// "I put this way in in escrow under that key", signed by the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEscrow {
    /// The account.
    pub account: AccountId,
    /// The way in that the sealed bytes open.
    pub way_in: WayInId,
    /// SHA-256 of the escrow key that they are sealed to.
    pub key_hash: Hash32,
    /// SHA-256 of the sealed bytes.
    pub sealed_hash: Hash32,
    /// Epoch of the account's signing key.
    pub epoch: u32,
    /// When it was signed.
    pub time: UnixMillis,
}

impl AccountEscrow {
    /// HPKE info of the sealed bytes.
    pub fn info(&self) -> Vec<u8> {
        let mut w = Writer::with_context("escrow-secret");
        w.bytes(self.account.as_ref()).bytes(self.way_in.as_ref()).bytes(self.key_hash.as_ref());
        w.finish()
    }
}

impl SignedObject for AccountEscrow {
    const NAME: &'static str = "account-escrow";
    const LIMIT: usize = 512;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.account.as_ref())
            .bytes(self.way_in.as_ref())
            .bytes(self.key_hash.as_ref())
            .bytes(self.sealed_hash.as_ref())
            .u32(self.epoch)
            .time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            account: AccountId(r.array("account")?),
            way_in: WayInId(r.array("way-in id")?),
            key_hash: Hash32(r.array("key hash")?),
            sealed_hash: Hash32(r.array("sealed secret's hash")?),
            epoch: r.u32("epoch")?,
            time: r.time("time")?,
        })
    }
}

/// Why an escrow key, or what an account put in escrow, doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EscrowError {
    /// The account's key records don't vouch for it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by the organisation, or the account.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Said of another instance.
    #[error("the statement is about another instance")]
    WrongInstance,
    /// It is another account's.
    #[error("the statement is of another account")]
    WrongAccount,
    /// It is about another escrow key.
    #[error("the statement names another escrow key")]
    WrongKey,
    /// These are not the bytes that were signed, or they open nothing.
    #[error("the sealed secret is not that of the statement")]
    WrongSecret,
}

impl Signed<EscrowKey> {
    /// Verifies that the organisation published this key.
    ///
    /// # Errors
    /// [`EscrowError::WrongInstance`], [`EscrowError::Verify`].
    pub fn verify_escrow_key(
        &self,
        organisation: &PublicSigningKey,
        instance: &InstanceId,
    ) -> Result<&EscrowKey, EscrowError> {
        let said = self.verify_under(Defence::EscrowKeySigned, organisation)?;
        if said.instance == *instance { Ok(said) } else { Err(EscrowError::WrongInstance) }
    }
}

impl Signed<EscrowEnd> {
    /// Verifies that the organisation ended this key.
    ///
    /// # Errors
    /// [`EscrowError::WrongInstance`], [`EscrowError::WrongKey`], [`EscrowError::Verify`].
    pub fn verify_escrow_end(
        &self,
        organisation: &PublicSigningKey,
        instance: &InstanceId,
        key_hash: &Hash32,
    ) -> Result<&EscrowEnd, EscrowError> {
        let said = self.verify(organisation)?;
        if said.instance != *instance {
            return Err(EscrowError::WrongInstance);
        }
        if said.key_hash == *key_hash { Ok(said) } else { Err(EscrowError::WrongKey) }
    }
}

impl Signed<AccountEscrow> {
    /// Verifies that the account of this chain made it.
    ///
    /// # Errors
    /// [`EscrowError::WrongAccount`], [`EscrowError::Keys`], [`EscrowError::Verify`].
    pub fn verify_escrow(&self, chain: &KeyChain) -> Result<&AccountEscrow, EscrowError> {
        let claimed = self.claimed();
        if claimed.account != chain.account() {
            return Err(EscrowError::WrongAccount);
        }
        Ok(self.verify_under(Defence::EscrowSigned, chain.signer(claimed.epoch, claimed.time)?)?)
    }
}
