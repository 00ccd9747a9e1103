//! The access chain's entries.

use crate::{
    encoding::{DecodeError, UnixMillis, Writer},
    ids::{AccountId, GrantId, Hash32, PlaceholderId, ReportId, TeamId},
    kem::{RecipientKey, Suite},
    sign::PublicSigningKey,
};

/// What a grant allows; each right includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Right {
    /// Read the granted versions.
    View = 1,
    /// Add versions.
    Contribute = 2,
    /// Pass view and contribute on.
    Reshare = 3,
    /// Everything; one account at a time.
    Own = 4,
}

impl Right {
    pub(super) fn from_tag(tag: u8) -> Result<Self, DecodeError> {
        match tag {
            1 => Ok(Self::View),
            2 => Ok(Self::Contribute),
            3 => Ok(Self::Reshare),
            4 => Ok(Self::Own),
            other => Err(DecodeError::UnknownTag { field: "right", tag: other.into() }),
        }
    }
}

/// The versions a grant covers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// First version, at least 1.
    pub from: u32,
    /// Last version; `u32::MAX` for all to come.
    pub to: u32,
}

impl Versions {
    /// All, also those to come.
    pub const ALL: Self = Self { from: 1, to: u32::MAX };

    /// Whether a version is covered.
    pub fn contains(&self, version: u32) -> bool {
        (self.from..=self.to).contains(&version)
    }

    /// Whether all of `other` is covered.
    pub fn covers(&self, other: &Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }
}

/// Why a grant was made: a short code that the server sees, so it says nothing about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose(String);

impl Purpose {
    /// 1 to 32 characters of `a`–`z`, `0`–`9` and `-`.
    ///
    /// # Errors
    /// [`DecodeError::Invalid`].
    pub fn new(code: &str) -> Result<Self, DecodeError> {
        let fine = code.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
        if fine && (1..=32).contains(&code.len()) {
            Ok(Self(code.to_owned()))
        } else {
            Err(DecodeError::Invalid { field: "purpose" })
        }
    }

    /// The purpose of the grant that passing custody makes.
    pub fn custody() -> Self {
        Self("custody".to_owned())
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account's key, as a grant names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountRecipient {
    /// The account.
    pub account: AccountId,
    /// Epoch of the key.
    pub epoch: u32,
    /// Its suite.
    pub suite: Suite,
    /// SHA-256 of the public key.
    pub key_hash: Hash32,
}

/// A team's key, as a grant names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamRecipient {
    /// The team.
    pub team: TeamId,
    /// Hash of the roster that has the key.
    pub roster: Hash32,
    /// Epoch of the key.
    pub key_epoch: u32,
    /// SHA-256 of the public key.
    pub key_hash: Hash32,
}

/// Who receives a grant, and so where its wraps go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// An account: wraps go to its key.
    Account(AccountRecipient),
    /// An account that must also give an access code: wraps go to the grant's own key.
    Code {
        /// The account.
        account: AccountId,
        /// Epoch of the account key that the seed is sealed to.
        epoch: u32,
        /// The grant's X-Wing public key.
        key: RecipientKey,
        /// Verifies that someone knows the code.
        proof: PublicSigningKey,
        /// SHA-256 of the sealed seed.
        sealed_seed: Hash32,
    },
    /// Whoever holds an invitation's secret: wraps go to the grant's own key until it is claimed.
    Bearer {
        /// Whom it stands for.
        placeholder: PlaceholderId,
        /// The grant's X-Wing public key.
        key: RecipientKey,
        /// Verifies a claim.
        claim: PublicSigningKey,
    },
    /// A team: wraps go to its newest key.
    Team(TeamRecipient),
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Names it.
    pub id: GrantId,
    /// To whom.
    pub recipient: Recipient,
    /// What it allows.
    pub right: Right,
    /// Why.
    pub purpose: Purpose,
    /// Which versions.
    pub versions: Versions,
    /// When it ends; 0 for never.
    pub expires_at: UnixMillis,
    /// The grant it was issued under, for one by a reshare holder.
    pub parent: Option<GrantId>,
}

/// Taking a bearer grant into an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The bearer grant.
    pub grant: GrantId,
    /// The claimant's key, to which the grant's wraps go from now on.
    pub recipient: AccountRecipient,
    /// SHA-256 of the claimant's key record of that epoch.
    pub record: Hash32,
    /// By the grant's claim key, over report, grant, claimant and record.
    pub signature: [u8; 64],
}

impl Claim {
    /// What the claim key signs.
    pub fn input(report: &ReportId, grant: &GrantId, account: &AccountId, record: &Hash32) -> Vec<u8> {
        let mut w = Writer::with_context("claim");
        w.bytes(report.as_ref()).bytes(grant.as_ref()).bytes(account.as_ref()).bytes(record.as_ref());
        w.finish()
    }
}

/// Passing custody to an account whose key the custodian has verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custody {
    /// Names the own grant that this makes.
    pub grant: GrantId,
    /// The new owner's key.
    pub recipient: AccountRecipient,
}

/// A team's grant goes on under a later key of the team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamKey {
    /// The grant.
    pub grant: GrantId,
    /// The key that it goes on under.
    pub recipient: TeamRecipient,
}

/// What an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Gives access.
    Grant(Grant),
    /// Ends a grant and what descends from it.
    Revoke(GrantId),
    /// Takes a bearer grant into an account.
    Claim(Claim),
    /// Passes custody on.
    Custody(Custody),
    /// Ends the report: its owner erases it. Nothing comes after it.
    Erase,
    /// Says under which key of its team a grant goes on.
    TeamKey(TeamKey),
}

/// One signed entry of a report's access chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessEntry {
    /// The report.
    pub report: ReportId,
    /// 1, 2, 3 …
    pub seq: u64,
    /// Hash of the entry before; the report id for the first.
    pub previous: Hash32,
    /// When; not before the entry before.
    pub time: UnixMillis,
    /// Who signs.
    pub author: AccountId,
    /// Epoch of the signing key.
    pub epoch: u32,
    /// What it does.
    pub change: Change,
}
