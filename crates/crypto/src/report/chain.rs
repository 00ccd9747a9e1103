//! The access chain's entries.

use thiserror::Error;

use crate::{
    account::KeyError,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, GrantId, Hash32, PlaceholderId, ReportId},
    kem::{RecipientKey, Suite},
    report::GenesisError,
    sign::{PublicSigningKey, SignedObject, VerifyError},
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
    fn from_tag(tag: u8) -> Result<Self, DecodeError> {
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

impl SignedObject for AccessEntry {
    const NAME: &'static str = "access-entry";
    const LIMIT: usize = 8192;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.report.as_ref())
            .u64(self.seq)
            .bytes(self.previous.as_ref())
            .time(self.time)
            .bytes(self.author.as_ref())
            .u32(self.epoch);
        match &self.change {
            Change::Grant(grant) => w.u8(1).nested(|w| write_grant(grant, w)),
            Change::Revoke(grant) => w.u8(2).nested(|w| {
                w.bytes(grant.as_ref());
            }),
            Change::Claim(claim) => w.u8(3).nested(|w| write_claim(claim, w)),
            Change::Custody(custody) => w.u8(4).nested(|w| {
                w.bytes(custody.grant.as_ref());
                write_account(&custody.recipient, w);
            }),
        };
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let report = ReportId(r.array("report")?);
        let seq = r.u64("seq")?;
        let previous = Hash32(r.array("previous")?);
        let time = r.time("time")?;
        let author = AccountId(r.array("author")?);
        let epoch = r.u32("epoch")?;
        let kind = r.u8("kind")?;
        let mut body = r.nested("change", Self::LIMIT)?;
        let change = read_change(kind, &mut body)?;
        body.finish()?;
        Ok(Self { report, seq, previous, time, author, epoch, change })
    }
}

fn read_change(kind: u8, r: &mut Reader<'_>) -> Result<Change, DecodeError> {
    Ok(match kind {
        1 => Change::Grant(read_grant(r)?),
        2 => Change::Revoke(GrantId(r.array("grant")?)),
        3 => Change::Claim(Claim {
            grant: GrantId(r.array("grant")?),
            recipient: read_account(r)?,
            record: Hash32(r.array("record")?),
            signature: r.array("signature")?,
        }),
        4 => Change::Custody(Custody { grant: GrantId(r.array("grant")?), recipient: read_account(r)? }),
        tag => return Err(DecodeError::UnknownTag { field: "kind", tag: tag.into() }),
    })
}

fn write_claim(claim: &Claim, w: &mut Writer) {
    w.bytes(claim.grant.as_ref());
    write_account(&claim.recipient, w);
    w.bytes(claim.record.as_ref()).bytes(&claim.signature);
}

fn write_account(recipient: &AccountRecipient, w: &mut Writer) {
    w.bytes(recipient.account.as_ref())
        .u32(recipient.epoch)
        .u16(recipient.suite.id())
        .bytes(recipient.key_hash.as_ref());
}

fn read_account(r: &mut Reader<'_>) -> Result<AccountRecipient, DecodeError> {
    Ok(AccountRecipient {
        account: AccountId(r.array("account")?),
        epoch: r.u32("epoch")?,
        suite: Suite::from_id(r.u16("suite")?)?,
        key_hash: Hash32(r.array("key hash")?),
    })
}

fn write_recipient(recipient: &Recipient, w: &mut Writer) {
    match recipient {
        Recipient::Account(account) => {
            w.u8(1);
            write_account(account, w);
        }
        Recipient::Code { account, epoch, key, proof, sealed_seed } => {
            w.u8(2)
                .bytes(account.as_ref())
                .u32(*epoch)
                .bytes(key.as_bytes())
                .bytes(&proof.0)
                .bytes(sealed_seed.as_ref());
        }
        Recipient::Bearer { placeholder, key, claim } => {
            w.u8(3).bytes(placeholder.as_ref()).bytes(key.as_bytes()).bytes(&claim.0);
        }
    }
}

fn read_grant_key(r: &mut Reader<'_>) -> Result<RecipientKey, DecodeError> {
    RecipientKey::new(Suite::XWing, r.bytes("grant key", Suite::XWing.public_len())?)
}

fn read_recipient(r: &mut Reader<'_>) -> Result<Recipient, DecodeError> {
    Ok(match r.u8("recipient kind")? {
        1 => Recipient::Account(read_account(r)?),
        2 => Recipient::Code {
            account: AccountId(r.array("account")?),
            epoch: r.u32("epoch")?,
            key: read_grant_key(r)?,
            proof: PublicSigningKey(r.array("proof key")?),
            sealed_seed: Hash32(r.array("sealed seed hash")?),
        },
        3 => Recipient::Bearer {
            placeholder: PlaceholderId(r.array("placeholder")?),
            key: read_grant_key(r)?,
            claim: PublicSigningKey(r.array("claim key")?),
        },
        tag => return Err(DecodeError::UnknownTag { field: "recipient kind", tag: tag.into() }),
    })
}

fn write_grant(grant: &Grant, w: &mut Writer) {
    w.bytes(grant.id.as_ref())
        .nested(|w| write_recipient(&grant.recipient, w))
        .u8(grant.right as u8)
        .text(grant.purpose.as_str())
        .u32(grant.versions.from)
        .u32(grant.versions.to)
        .time(grant.expires_at)
        .bytes(grant.parent.as_ref().map_or(&[][..], |p| p.as_ref()));
}

fn read_grant(r: &mut Reader<'_>) -> Result<Grant, DecodeError> {
    let id = GrantId(r.array("grant")?);
    let mut inner = r.nested("recipient", 4096)?;
    let recipient = read_recipient(&mut inner)?;
    inner.finish()?;
    let right = Right::from_tag(r.u8("right")?)?;
    let purpose = Purpose::new(&r.text("purpose", 32)?)?;
    let versions = Versions { from: r.u32("versions from")?, to: r.u32("versions to")? };
    if versions.from == 0 || versions.from > versions.to {
        return Err(DecodeError::Invalid { field: "versions" });
    }
    let expires_at = r.time("expires at")?;
    let parent = r.optional("parent")?.map(GrantId);
    Ok(Grant { id, recipient, right, purpose, versions, expires_at, parent })
}

/// Why an access chain doesn't count. `seq` names the entry at fault.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainError {
    /// The genesis doesn't count.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// An entry belongs to another report.
    #[error("entry {seq} belongs to another report")]
    WrongReport {
        /// Its place.
        seq: u64,
    },
    /// An entry is missing, doubled or out of order.
    #[error("entry {found} stands where {expected} belongs")]
    WrongSeq {
        /// Number that belongs there.
        expected: u64,
        /// Number found.
        found: u64,
    },
    /// An entry doesn't name the one before.
    #[error("entry {seq} does not follow the one before")]
    WrongPrevious {
        /// Its place.
        seq: u64,
    },
    /// An entry's time lies before that of the one before.
    #[error("entry {seq} is older than the one before")]
    TimeReversed {
        /// Its place.
        seq: u64,
    },
    /// The signer's key is not known, or its epoch had ended.
    #[error("entry {seq}: {source}")]
    Keys {
        /// Its place.
        seq: u64,
        /// What is wrong with the key.
        source: KeyError,
    },
    /// Not signed by its author.
    #[error("entry {seq}: {source}")]
    Verify {
        /// Its place.
        seq: u64,
        /// What is wrong with the signature.
        source: VerifyError,
    },
    /// The author may not do this.
    #[error("the author of entry {seq} is not entitled to it")]
    NotEntitled {
        /// Its place.
        seq: u64,
    },
    /// A grant gives more than the one it was issued under: right, versions or time.
    #[error("entry {seq} grants more than its parent")]
    OutranksParent {
        /// Its place.
        seq: u64,
    },
    /// A grant's id was used before.
    #[error("entry {seq} uses a grant id again")]
    DuplicateGrant {
        /// Its place.
        seq: u64,
    },
    /// There is no such grant.
    #[error("entry {seq} names a grant that does not exist")]
    UnknownGrant {
        /// Its place.
        seq: u64,
    },
    /// The grant was revoked, had expired, or fell with its parent.
    #[error("entry {seq} names a grant that is no longer live")]
    GrantNotLive {
        /// Its place.
        seq: u64,
    },
    /// Ownership can't be granted or revoked like this.
    #[error("entry {seq} would break the report's ownership")]
    OwnershipRule {
        /// Its place.
        seq: u64,
    },
    /// A claim is not signed by the grant's claim key, or names another key than the claimant's.
    #[error("entry {seq} is not a valid claim")]
    BadClaim {
        /// Its place.
        seq: u64,
    },
    /// A grant names a key that its account's records don't hold.
    #[error("entry {seq} names a key that is not the recipient's")]
    WrongRecipientKey {
        /// Its place.
        seq: u64,
    },
    /// A grant seals to X25519 though the record offers X-Wing.
    #[error("entry {seq} names a weaker key than the recipient offers")]
    DowngradedSuite {
        /// Its place.
        seq: u64,
    },
    /// The chain ends before, or elsewhere than, the head seen before: a roll-back or a fork.
    #[error("the access chain does not contain the head seen before")]
    OlderThanSeen,
}
