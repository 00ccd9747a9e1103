//! The end of an account: its holder's own word, or the organisation's about somebody who can't act any more. Clients take
//! nobody for gone without one, so that a server can't pretend it.

use thiserror::Error;

use super::{KeyChain, KeyError};
use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, InstanceId},
    sign::{PublicSigningKey, Signed, SignedObject, VerifyError},
};

/// Days between the organisation's word and its effect.
pub const REMOVAL_DELAY_DAYS: i64 = 30;

const DELAY: UnixMillis = REMOVAL_DELAY_DAYS * 24 * 60 * 60 * 1000;

/// "I close this account": every report that it owns is erased with it. Signed by its newest keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountClosing {
    /// The instance.
    pub instance: InstanceId,
    /// The account.
    pub account: AccountId,
    /// Epoch of the signing key, the newest.
    pub epoch: u32,
    /// When it was signed.
    pub time: UnixMillis,
}

impl SignedObject for AccountClosing {
    const NAME: &'static str = "account-closing";
    const LIMIT: usize = 256;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.instance.as_ref()).bytes(self.account.as_ref()).u32(self.epoch).time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            instance: InstanceId(r.array("instance")?),
            account: AccountId(r.array("account")?),
            epoch: r.u32("epoch")?,
            time: r.time("time")?,
        })
    }
}

/// "This account ends on that day", under the organisation key, said [`REMOVAL_DELAY_DAYS`] before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRemoval {
    /// The instance.
    pub instance: InstanceId,
    /// The account.
    pub account: AccountId,
    /// When it was signed.
    pub time: UnixMillis,
    /// When it takes effect; before that it says nothing.
    pub effective_at: UnixMillis,
}

impl AccountRemoval {
    /// A removal said now.
    pub fn new(instance: InstanceId, account: AccountId, time: UnixMillis) -> Self {
        Self { instance, account, time, effective_at: time.saturating_add(DELAY) }
    }
}

impl SignedObject for AccountRemoval {
    const NAME: &'static str = "account-removal";
    const LIMIT: usize = 256;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.instance.as_ref()).bytes(self.account.as_ref()).time(self.time).time(self.effective_at);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let removal = Self {
            instance: InstanceId(r.array("instance")?),
            account: AccountId(r.array("account")?),
            time: r.time("time")?,
            effective_at: r.time("effective at")?,
        };
        if removal.effective_at.saturating_sub(removal.time) < DELAY {
            return Err(DecodeError::Invalid { field: "effective at" });
        }
        Ok(removal)
    }
}

/// Why an account doesn't count as closed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClosingError {
    /// The account's key records don't vouch for it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by the account, or the organisation.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Said of another instance or account.
    #[error("the statement is about another instance or account")]
    WrongSubject,
    /// Signed by keys that aren't the account's newest.
    #[error("the statement is not signed by the account's newest keys")]
    OldKeys,
    /// Its day has not come.
    #[error("the statement has not taken effect")]
    NotYet,
}

impl Signed<AccountClosing> {
    /// Verifies that the account of this chain said it, by its newest keys: a thief of older ones can't.
    ///
    /// # Errors
    /// [`ClosingError::WrongSubject`], [`ClosingError::OldKeys`], [`ClosingError::Keys`], [`ClosingError::Verify`].
    pub fn verify_closing(&self, instance: &InstanceId, chain: &KeyChain) -> Result<&AccountClosing, ClosingError> {
        let claimed = self.claimed();
        if claimed.instance != *instance || claimed.account != chain.account() {
            return Err(ClosingError::WrongSubject);
        }
        if claimed.epoch != chain.epoch() {
            return Err(ClosingError::OldKeys);
        }
        Ok(self.verify_under(Defence::ClosingSigned, chain.signer(claimed.epoch, claimed.time)?)?)
    }
}

impl Signed<AccountRemoval> {
    /// Verifies that the organisation said it of this account. Whether its day has come is [`AccountRemoval::effective_at`]'s
    /// to say.
    ///
    /// # Errors
    /// [`ClosingError::WrongSubject`], [`ClosingError::Verify`].
    pub fn verify_removal(
        &self,
        organisation: &PublicSigningKey,
        instance: &InstanceId,
        account: &AccountId,
    ) -> Result<&AccountRemoval, ClosingError> {
        let said = self.verify_under(Defence::ClosingSigned, organisation)?;
        if said.instance == *instance && said.account == *account { Ok(said) } else { Err(ClosingError::WrongSubject) }
    }

    /// The same, once it has taken effect.
    ///
    /// # Errors
    /// [`ClosingError::NotYet`], and as [`Signed::verify_removal`].
    pub fn verify_removed(
        &self,
        organisation: &PublicSigningKey,
        instance: &InstanceId,
        account: &AccountId,
        now: UnixMillis,
    ) -> Result<&AccountRemoval, ClosingError> {
        let said = self.verify_removal(organisation, instance, account)?;
        if said.effective_at <= now { Ok(said) } else { Err(ClosingError::NotYet) }
    }
}
