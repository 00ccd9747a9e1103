//! A report: genesis, access chain and its replay, manifests, author statements, wraps, drafts.

mod access;
mod chain;
mod chain_codec;
mod chain_error;
#[cfg(feature = "open")]
mod draft;
mod genesis;
mod manifest;
mod place;
mod replay;
mod statement;
mod team_grant;
mod wrap;

pub use access::{AccessState, Erasure, GrantState, GrantStatus, REMOVED_OWNER_RIGHT};
pub use chain::{
    AccessEntry, AccountRecipient, Change, Claim, Custody, Grant, Purpose, Recipient, Right, TeamKey, TeamRecipient,
    Versions,
};
pub use chain_error::ChainError;
#[cfg(feature = "open")]
pub use draft::{open_draft, seal_draft};
pub use genesis::{Genesis, GenesisError, Patient};
pub use manifest::{MAX_PARTS, Manifest, ManifestError, ManifestPart};
pub use place::{PartPlace, RevisionPlace, SealedFor};
pub use statement::{AuthorStatement, ContentHasher, StatementError, StatementPart};
#[cfg(feature = "open")]
pub use statement::{open_statement, seal_statement};
pub use team_grant::{TEAM_RIGHT_MAX, TeamHolders};
pub use wrap::{Wrap, WrapError, recipient_key};
#[cfg(feature = "open")]
pub use wrap::{WrapKey, open_wrap, seal_wrap};

/// What a version's parts are sealed under: 32 random bytes, fresh for each revision.
#[cfg(feature = "open")]
pub type ContentKey = crate::secret::Secret<32>;
