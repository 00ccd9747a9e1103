//! Why an access chain doesn't count.

use thiserror::Error;

use super::GenesisError;
use crate::{account::KeyError, sign::VerifyError};

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
    /// The owner erased the report: nothing comes after that.
    #[error("entry {seq} comes after the report was erased")]
    Erased {
        /// Its place.
        seq: u64,
    },
    /// The rosters of the team that an entry names are not known.
    #[error("entry {seq} names a team that is not known")]
    TeamUnknown {
        /// Its place.
        seq: u64,
    },
    /// An entry names a roster or a key that isn't the team's, or one that is not later than the grant's.
    #[error("entry {seq} names a key that is not the team's, or no later one")]
    WrongTeamKey {
        /// Its place.
        seq: u64,
    },
    /// A team is granted more than to read and to add versions.
    #[error("entry {seq} grants a team more than a team may have")]
    TeamRight {
        /// Its place.
        seq: u64,
    },
    /// The chain ends before, or elsewhere than, the head seen before: a roll-back or a fork.
    #[error("the access chain does not contain the head seen before")]
    OlderThanSeen,
}
